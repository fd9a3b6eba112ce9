"""Subprocesses that the user's code runs: draws, so that a replayed tool does not fire again.

What it starts and talks to is drawn piece by piece (processes.py), by `os.popen` too.
"""

from __future__ import annotations

import os
import sys
from types import FrameType, FunctionType, ModuleType
from typing import Any

from . import async_processes, processes
from .calls import What, call
from .hooks import AfterImport
from .session import Session
from .standin import stand_in


def install(session: Session, hooks: AfterImport, rerun: bool) -> None:
    """`rerun`: a replay runs them again, and is proven where they give the same."""
    commands = _Commands(session, rerun)
    hooks.on("subprocess", commands.patch)
    hooks.on("asyncio.subprocess", commands.patch_asyncio)
    commands.system()


class _Commands:
    def __init__(self, session: Session, rerun: bool) -> None:
        self._session = session
        self._rerun = rerun

    def draw(self, name: str, run: Any, frame: FrameType, args: Any, **given: Any) -> Any:
        told = {key: value for key, value in given.items() if value is not None}
        arguments = {"args": processes.shown(self._session, args), **told}
        what = What(name, frame, arguments, covers=True, fresh=self._rerun, kind="command")
        return call(self._session, what, run)

    def asked(self, frame: FrameType | None, env: Any = None) -> FrameType | None:
        """The user's frame that runs a command, itself or through subprocess; else None.

        What is secret in the environment that anybody gives is known from then on.
        """
        session = self._session
        if session.inside.value or session.detached:
            return None
        session.redactor.learn_variables(env)
        return session.callers.user_behind(frame, _of_subprocess)

    def patch(self, module: ModuleType) -> None:
        library: Any = module
        self._run(library)
        self._call(library)
        processes.patch(module, self._session, self.asked, self._rerun)

    def patch_asyncio(self, module: ModuleType) -> None:
        async_processes.patch(module, self._session, self.asked, self._rerun)

    def _run(self, library: Any) -> None:
        real = library.run

        def run(*popenargs: Any, check: bool = False, **kwargs: Any) -> Any:
            frame = self.asked(sys._getframe(1), kwargs.get("env"))
            if frame is None:
                return real(*popenargs, check=check, **kwargs)
            args = popenargs[0] if popenargs else kwargs.get("args")

            def ran() -> Any:
                try:
                    done = real(*popenargs, **kwargs)
                except library.TimeoutExpired as late:
                    return [None, late.output, late.stderr, late.timeout]
                return [done.returncode, done.stdout, done.stderr, None]

            told = self.draw("subprocess.run", ran, frame, args, input=kwargs.get("input"))
            kwargs.pop("capture_output", None)
            return _told(real, _Ended(library, args, *told))(*popenargs, check=check, **kwargs)

        library.run = stand_in(run, real)

    def _call(self, library: Any) -> None:
        real = library.call

        def called(*popenargs: Any, **kwargs: Any) -> Any:
            frame = self.asked(sys._getframe(1), kwargs.get("env"))
            if frame is None:
                return real(*popenargs, **kwargs)
            args = popenargs[0] if popenargs else kwargs.get("args")
            ran = _later(real, popenargs, kwargs)
            return self.draw("subprocess.call", ran, frame, args)

        library.call = stand_in(called, real)

    def system(self) -> None:
        real = os.system

        def system(command: Any) -> int:
            frame = self.asked(sys._getframe(1))
            if frame is None:
                return real(command)
            return int(self.draw("os.system", lambda: real(command), frame, command))

        os.system = stand_in(system, real)


def _of_subprocess(frame: FrameType) -> bool:
    code = frame.f_code
    return code is processes.POPEN or code.co_filename.endswith("subprocess.py")


class _Ended:
    """In the place of Popen: a process that is over."""

    def __init__(self, library: Any, args: Any, code: Any, out: Any, err: Any, late: Any) -> None:
        self.args, self.returncode = args, code
        self._said = out, err
        self._late = library.TimeoutExpired(args, late, out, err) if late is not None else None

    def __call__(self, *_: Any, **__: Any) -> _Ended:
        return self

    def __enter__(self) -> _Ended:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def communicate(self, *_: Any, **__: Any) -> Any:
        if self._late is not None:
            raise self._late
        return self._said

    def poll(self) -> Any:
        return self.returncode

    def kill(self) -> None:
        return

    wait = poll


def _told(run: Any, ended: _Ended) -> Any:
    """subprocess.run as it is, lines of its traceback included, of a process that is over."""
    told = FunctionType(run.__code__, {**run.__globals__, "Popen": ended}, run.__name__)
    told.__defaults__, told.__kwdefaults__ = run.__defaults__, run.__kwdefaults__
    return told


def _later(real: Any, args: Any, kwargs: Any) -> Any:
    return lambda: real(*args, **kwargs)
