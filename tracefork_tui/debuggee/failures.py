"""Errors that nobody caught: they go on the tape, and a divergence ends with its one line."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

from ..tape.errors import Divergence
from .raising import text_of
from .tracebacks import grouped, without_us

if TYPE_CHECKING:
    from .session import Session


def watch(session: Session) -> None:
    real, real_thread = sys.excepthook, threading.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        session.note("exception", {"what": _line(kind, error)})
        if not _told(error):
            real(kind, error, without_us(error))

    def thread_excepthook(args: Any) -> None:
        session.note("thread exception", {"what": _line(args.exc_type, args.exc_value)})
        if not _told(args.exc_value):
            real_thread(args)

    sys.excepthook = excepthook
    threading.excepthook = thread_excepthook


def in_one_line(run: Callable[[], Any]) -> Callable[[], Any]:
    """What a process of multiprocessing runs, which tells of its errors itself."""

    def once() -> Any:
        try:
            return run()
        except BaseException as error:
            if not _told(error):
                raise
            sys.exit(1)

    return once


def say(message: str) -> None:
    """One line for the user, if there is still somewhere to say it."""
    try:
        sys.stderr.write(f"tracefork-tui: {message}\n")
    except Exception:
        pass


def _told(error: Any) -> bool:
    """Say the divergence that an error is, or that a group of errors holds; False for another."""
    failure = _divergence(error)
    if failure is not None:
        say(str(failure))
    return failure is not None


def _divergence(error: Any) -> Divergence | None:
    if isinstance(error, Divergence):
        return error
    found = map(_divergence, grouped(error))
    return next((one for one in found if one is not None), None)


def _line(kind: type[BaseException], error: BaseException | None) -> str:
    text = text_of(error) if error is not None else ""
    return f"{kind.__qualname__}: {text}" if text else kind.__qualname__
