"""Threads that a call starts, itself or by a pool, belong to it: what they draw is the call's."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable

from .hooks import AfterImport
from .session import Session
from .standin import like


def install(session: Session, hooks: AfterImport) -> None:
    carried = _Carried(session)
    hooks.on("threading", carried.patch_threads)
    hooks.on("concurrent.futures.thread", carried.patch_pool)


class _Carried:
    def __init__(self, session: Session) -> None:
        self._session = session

    def patch_threads(self, module: ModuleType) -> None:
        thread: Any = module.Thread
        real = thread.start

        def start(new: Any) -> None:
            if self._among_calls() and not _of_pool(new):
                new.run = self._with_call(new.run)
            real(new)

        like(start, real)
        thread.start = start

    def patch_pool(self, module: ModuleType) -> None:
        pool: Any = module.ThreadPoolExecutor
        real = pool.submit

        def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._among_calls():
                fn = self._with_call(fn)
            return real(executor, fn, *args, **kwargs)

        like(submit, real)
        pool.submit = submit

    def _among_calls(self) -> bool:
        session = self._session
        return not session.detached and (session.within.get() is not None or session.inside.value)

    def _with_call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as a part of the call under way; also in a thread that it shares."""
        session = self._session
        call = session.within.get()
        inside: Any = session.inside.value or After(call)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            before = session.within.get(), session.inside.value
            session.within.set(call)
            session.inside.value = inside
            try:
                return function(*args, **kwargs)
            finally:
                session.within.set(before[0])
                session.inside.value = before[1]

        return run


class After:
    """True when the call is over and the tape has its value: a replay does not make it, and has no
    thread of it.
    """

    def __init__(self, call: Any) -> None:
        self._call = call

    def __bool__(self) -> bool:
        return bool(self._call.over)


def _of_pool(thread: Any) -> bool:
    """True for a thread that works for whoever hands something to its pool."""
    target = getattr(thread, "_target", None)
    return getattr(target, "__module__", "") == "concurrent.futures.thread"
