"""Processes that the user's code starts from asyncio: drawn as those of subprocess are."""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .processes import Asked, Seam, shown
from .session import Session
from .standin import like

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

PIPE = -1
CODE = "returncode"


def patch(module: ModuleType, session: Session, asked: Asked, rerun: bool) -> None:
    """Have the user's `create_subprocess_exec` and `_shell` give processes that are drawn."""
    library: Any = module
    ours = _process_class(library.Process)
    for name in ("create_subprocess_exec", "create_subprocess_shell"):
        real = getattr(library, name)
        made = _creating(real, ours, session, asked, rerun)
        setattr(library, name, made)
        package: Any = sys.modules.get("asyncio")
        if getattr(package, name, None) is real:
            setattr(package, name, made)


def _creating(real: Any, ours: Any, session: Session, asked: Asked, rerun: bool) -> Any:
    def create(*words: Any, **kwargs: Any) -> Any:
        frame = asked(sys._getframe(1), kwargs.get("env"))
        if frame is None:
            return real(*words, **kwargs)
        return start(frame, words, kwargs)

    async def start(frame: FrameType, words: Any, kwargs: Any) -> Any:
        seam = Seam(session, frame, rerun, "asyncio.subprocess")
        made: list[Any] = []

        async def begin() -> None:
            made.append(await real(*words, **kwargs))

        await seam.draw_async("", frame, begin, {"args": shown(session, list(words))})
        seam.frame, seam.created, seam.started = None, True, bool(made)
        return ours(seam, made[0] if made else None, kwargs)

    like(create, real)
    return create


def _process_class(base: Any) -> Any:
    class Process(base):  # type: ignore[misc]
        """A process whose output, end and number are drawn. `real` None: there is none."""

        def __init__(self, seam: Seam, real: Any, given: dict[str, Any]) -> None:
            self._seam = seam
            self._real = real
            self._code: Any = None
            self.stdin = _Sink(seam, "stdin", real) if given.get("stdin") == PIPE else None
            self.stdout = _Pipe(seam, "stdout", real) if given.get("stdout") == PIPE else None
            self.stderr = _Pipe(seam, "stderr", real) if given.get("stderr") == PIPE else None

        @property
        def pid(self) -> Any:
            return self._seam.draw(".pid", sys._getframe(1), lambda: self._real.pid)

        @property
        def returncode(self) -> Any:
            if self._code is None:
                name, frame = f".{CODE}", sys._getframe(1)
                self._code = self._seam.draw(name, frame, lambda: self._real.returncode)
            return self._code

        def wait(self) -> Any:
            return self._ended(sys._getframe(1))

        async def _ended(self, frame: FrameType) -> Any:
            if self._code is None:
                wait = self._seam.draw_async(".wait", frame, lambda: self._real.wait())
                self._code = await wait
            return self._code

        def communicate(self, input: Any = None) -> Any:
            return self._communicated(input, sys._getframe(1))

        async def _communicated(self, input: Any, frame: FrameType) -> Any:
            async def ran() -> Any:
                out, err = await self._real.communicate(input)
                return [out, err, self._real.returncode]

            given = None if input is None else {"input": bytes(input)}
            said = await self._seam.draw_async(".communicate", frame, ran, given)
            out, err, self._code = said
            return out, err

        def send_signal(self, signal: int) -> None:
            self._tell("send_signal", signal)

        def terminate(self) -> None:
            self._tell("terminate")

        def kill(self) -> None:
            self._tell("kill")

        def _tell(self, name: str, *args: Any) -> None:
            if self._real is not None:
                self._seam.session.aside(getattr(self._real, name), args, {})

        def __repr__(self) -> str:
            return "<Process>"

    Process.__name__ = Process.__qualname__ = base.__name__
    Process.__module__ = base.__module__
    return Process


class _Stream:
    def __init__(self, seam: Seam, which: str, process: Any) -> None:
        self._seam = seam
        self._which = which
        self._real: Any = getattr(process, which) if process is not None else None

    def _call(self, name: str, args: Any, frame: FrameType) -> Coroutine[Any, Any, Any]:
        which = f".{self._which}"
        return self._seam.draw_async(which, frame, lambda: getattr(self._real, name)(*args))

    def _draw(self, frame: FrameType, real: Callable[[], Any], given: Any = None) -> Any:
        return self._seam.draw(f".{self._which}", frame, real, given)


class _Pipe(_Stream):
    """What a process says."""

    def read(self, n: int = -1) -> Any:
        return self._call("read", (n,), sys._getframe(1))

    def readline(self) -> Any:
        return self._call("readline", (), sys._getframe(1))

    def readexactly(self, n: int) -> Any:
        return self._call("readexactly", (n,), sys._getframe(1))

    def readuntil(self, separator: Any = b"\n") -> Any:
        return self._call("readuntil", (separator,), sys._getframe(1))

    def at_eof(self) -> Any:
        return self._draw(sys._getframe(1), lambda: self._real.at_eof())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._lines(sys._getframe(1))

    async def _lines(self, frame: FrameType) -> AsyncIterator[bytes]:
        while line := await self._call("readline", (), frame):
            yield line


class _Sink(_Stream):
    """What a process is told: a replay must tell it the same."""

    def write(self, data: Any) -> None:
        self._draw(sys._getframe(1), lambda: self._real.write(data), {"data": bytes(data)})

    def writelines(self, data: Any) -> None:
        self.write(b"".join(data))

    def drain(self) -> Any:
        return self._call("drain", (), sys._getframe(1))

    def wait_closed(self) -> Any:
        return self._call("wait_closed", (), sys._getframe(1))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._tell("write_eof")

    def close(self) -> None:
        self._tell("close")

    def is_closing(self) -> Any:
        return self._draw(sys._getframe(1), lambda: self._real.is_closing())

    def _tell(self, name: str) -> None:
        if self._real is not None:
            self._seam.session.aside(getattr(self._real, name), (), {})
