"""Variables of the environment that the user's code reads: draws where that was asked for; of the
others a mark is noted, so that a replay can say which of them is another one now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ..tape.credentials import secret_name
from ..tape.hashing import sha256
from .callers import past
from .session import Session

NOTE = "variable"
MARK = 4
"""Hexadecimal digits: enough to see that a value is another, and too few to find it out."""
UNSET = "unset"
MAPPING = ("/os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")


def install(session: Session, drawn: frozenset[str]) -> None:
    """`drawn`: names whose reads are draws, through the standard library too.

    Who reads all variables in turn, as to copy them, asks for none of them.
    """
    owner: Any = type(os.environ)
    real, real_iter = owner.__getitem__, owner.__iter__
    listed: list[Any] = []

    def __iter__(environ: Any) -> Iterator[Any]:
        names = list(real_iter(environ))
        listed[:] = reversed(names)
        return iter(names)

    def __getitem__(environ: Any, key: Any) -> Any:
        all_are_read = listed[-1:] == [key]
        if all_are_read:
            del listed[-1:]
        if session.inside.value or session.detached or (all_are_read and key not in drawn):
            return real(environ, key)
        frame = past(sys._getframe(1), _is_mapping)
        if key in drawn and session.callers.asked(frame) is not None:
            return session.draw(f"os.environ[{key}]", "str", lambda: real(environ, key), frame)
        if frame is None or not session.callers.user(frame):
            return real(environ, key)
        try:
            value = real(environ, key)
        except KeyError:
            _note(session, key, None, frame)
            raise
        _note(session, key, value, frame)
        return value

    owner.__getitem__, owner.__iter__ = __getitem__, __iter__


def _note(session: Session, name: Any, value: Any, frame: FrameType) -> None:
    """What a variable was at its first read; of a credential only that it was there."""
    if not isinstance(name, str):
        return
    mark = UNSET
    if value is not None:
        secret = secret_name(name) or session.redactor.text(value) != value
        spelled = f"{name}={value}".encode("utf-8", "surrogateescape")
        mark = "" if secret else sha256(spelled).hexdigest()[:MARK]
    site = session.callers.site(frame)
    session.note(NOTE, {"what": name, "mark": mark, "site": site}, once=name)


def _is_mapping(frame: FrameType) -> bool:
    return frame.f_code.co_filename.endswith(MAPPING)
