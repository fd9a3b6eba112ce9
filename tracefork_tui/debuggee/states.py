"""Whether a file is there, where the agent asks: it is looked up at each run, and kept in a note so
that a replay can say what came or went since. The times of what a run wrote itself are draws.
"""

from __future__ import annotations

import os
import re
import sys
from types import FrameType
from typing import Any

from .inputs import Inputs
from .session import Session
from .standin import stand_in

ASKING = re.compile(
    r"[/\\]python3[^/\\]*[/\\](?:genericpath\.py$|pathlib[/\\.])|^<frozen genericpath>$"
)
DRAW = "os.stat"


def install(session: Session, inputs: Inputs) -> None:
    real = os.stat

    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        frame = None
        plain = not isinstance(path, int) and kwargs.get("dir_fd") is None
        if plain and not (session.inside.value or session.detached):
            frame = _asked(session, sys._getframe(1))
        if frame is None:
            return real(path, *args, **kwargs)
        try:
            found = real(path, *args, **kwargs)
        except FileNotFoundError:
            inputs.looked_up(path, False, frame)
            raise
        inputs.looked_up(path, True, frame)
        if not inputs.wrote_itself(path):
            return found
        told: os.stat_result = session.draw(DRAW, "machine", lambda: found, frame, _kept, _told)
        return told

    setattr(os, "stat", stand_in(stat, real))  # noqa: B010


def _asked(session: Session, frame: FrameType | None) -> FrameType | None:
    """The user's frame that asks, itself or through os.path or pathlib; else None."""
    while frame is not None and ASKING.search(frame.f_code.co_filename):
        frame = frame.f_back
    return frame if session.callers.user(frame) else None


def _kept(found: os.stat_result) -> list[Any]:
    reduced: Any = found.__reduce__()
    numbers, more = reduced[1]
    return [list(numbers), more]


def _told(kept: Any) -> os.stat_result:
    return os.stat_result(tuple(kept[0]), kept[1])
