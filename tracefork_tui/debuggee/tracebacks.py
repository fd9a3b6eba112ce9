"""Tracebacks as they would be without us: agents hand them to their model, and to their users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import wraps
from types import FrameType, ModuleType, TracebackType
from typing import Any

from .callers import ours
from .hooks import AfterImport

WALKS = ("walk_tb", "_walk_tb_with_full_positions")


def install(hooks: AfterImport) -> None:
    hooks.on("traceback", _patch)


def without_us(error: BaseException) -> TracebackType | None:
    """The error's traceback, for whom prints it himself; those of its causes and of the errors
    that it is a group of are set.
    """
    seen: set[int] = set()
    todo: list[Any] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = _cleaned(one.__traceback__)
            todo += [one.__cause__, one.__context__, *grouped(one)]
    return error.__traceback__


def grouped(error: Any) -> Sequence[Any]:
    """The errors that an error is a group of; anything else may have an attribute of that name."""
    try:
        errors = error.exceptions
    except Exception:
        return ()
    return errors if isinstance(errors, (list, tuple)) else ()


def _cleaned(trace: TracebackType | None) -> TracebackType | None:
    users = []
    while trace is not None:
        if not _our(trace.tb_frame):
            users.append(trace)
        trace = trace.tb_next
    found = None
    for one in reversed(users):
        found = TracebackType(found, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return found


def _patch(module: ModuleType) -> None:
    for name in WALKS:
        if hasattr(module, name):
            setattr(module, name, _passing_over(getattr(module, name)))


def _passing_over(real: Any) -> Any:
    @wraps(real)
    def walk(trace: TracebackType | None) -> Iterator[Any]:
        return (pair for pair in real(trace) if not _our(pair[0]))

    return walk


def _our(frame: FrameType) -> bool:
    return ours(frame.f_code.co_filename)
