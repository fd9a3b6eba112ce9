"""Exceptions as the tape holds them, and as the agent sees them again."""

from __future__ import annotations

import re
import sys
from typing import Any

from ..tape.answer import Error

_ERRNO = re.compile(r"\[Errno (\d+)\] (.*)", re.DOTALL)


def raised(error: BaseException) -> list[Any]:
    """An exception as the tape holds it."""
    kind = type(error)
    return Error(kind.__module__, kind.__qualname__, str(error)).packed()


def rebuild(error: Error | None, home: Any = None) -> BaseException:
    """The exception that `error` describes, of a class that is already loaded.

    `home`: the module whose class is meant where the error names none.
    """
    if error is None:
        return RuntimeError("an error without a description")
    module = sys.modules.get(error.module) if error.module else home
    found: Any = module
    for part in error.name.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        found = getattr(home, "TransportError", RuntimeError)
    built = _built(found, error)
    if error.cause is not None:
        built.__context__ = cause = rebuild(error.cause)
        if not error.implicit:
            built.__cause__ = cause
    return built


def _built(kind: type[BaseException], error: Error) -> BaseException:
    """An exception that says what `error` says, also where its class takes other arguments."""
    numbered = _ERRNO.match(error.message) if issubclass(kind, OSError) else None
    tries: list[tuple[Any, ...]] = [(error.message,), ()]
    if numbered:
        tries.insert(0, (int(numbered[1]), numbered[2]))
    for args in tries:
        try:
            built = kind(*args)
        except Exception:
            continue
        if str(built) == error.message:
            return built
    try:
        return kind.__new__(kind, error.message)
    except Exception:
        return RuntimeError(f"{error.name}: {error.message}")
