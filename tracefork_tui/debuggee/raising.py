"""Exceptions as the tape holds them, and as the agent sees them again."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from . import forms

if TYPE_CHECKING:
    from ..tape.answer import Error

_ERRNO = r"(?s)\[Errno (\d+)\] (.*)"


def text_of(error: BaseException) -> str:
    """What an exception says, as a traceback tells it where its class fails to."""
    try:
        return str(error)
    except Exception:
        return "<exception str() failed>"


def raised(error: BaseException) -> list[Any]:
    """An exception as the tape holds it."""
    from ..tape.answer import Error

    kind = type(error)
    return Error(kind.__module__, kind.__qualname__, text_of(error)).packed()


def raised_whole(error: BaseException) -> list[Any]:
    """An exception as the tape holds it, with its arguments and attributes where it can."""
    packed = raised(error)
    try:
        return [*packed, forms.kept(_arguments(error)), forms.kept(dict(vars(error)))]
    except (forms.Unkept, TypeError):
        return packed


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


def revived(packed: Any) -> BaseException:
    """The exception that was raised, of a class that is loaded; its constructor is not called."""
    from ..tape.answer import Error

    plain = Error.unpacked(packed[:5])
    if plain is None or len(packed) < 7:
        return rebuild(plain)
    kind: Any = forms.found(f"{plain.module}:{plain.name}")
    try:
        args = forms.restore(packed[5])
        error = kind.__new__(kind, *args)
        if isinstance(error, BaseException):
            if not isinstance(error, OSError):
                error.args = tuple(args)
            vars(error).update(forms.restore(packed[6]))
            if text_of(error) == plain.message:
                return error
    except Exception:
        pass
    return rebuild(plain)


def _arguments(error: BaseException) -> list[Any]:
    """What its constructor was given; an OSError keeps the file's name apart."""
    if isinstance(error, OSError) and error.filename is not None and len(error.args) == 2:
        return [*error.args, error.filename]
    return list(error.args)


def _built(kind: type[BaseException], error: Error) -> BaseException:
    """An exception that says what `error` says, also where its class takes other arguments."""
    numbered = re.match(_ERRNO, error.message) if issubclass(kind, OSError) else None
    tries: list[tuple[Any, ...]] = [(error.message,), ()]
    if numbered:
        tries.insert(0, (int(numbered[1]), numbered[2]))
    for args in tries:
        try:
            built = kind(*args)
        except Exception:
            continue
        if text_of(built) == error.message:
            return built
    try:
        return kind.__new__(kind, error.message)
    except Exception:
        return RuntimeError(f"{error.name}: {error.message}")
