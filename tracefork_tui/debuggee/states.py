"""Whether a file is there, where the agent asks: it is looked up at each run, and kept in a note so
that a replay can say what came, went or was touched since. What a run wrote itself, and what
another program touched while it ran, is told by draws: a replay may not come to touch it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from types import FrameType
from typing import Any, Callable

from .inputs import ELSEWHERE, Inputs, absolute
from .session import Session
from .standin import like, stand_in

ASKING = (
    r"[/\\]python3[^/\\]*[/\\](?:genericpath\.py$|pathlib[/\\.])|^<frozen genericpath>$"
    r"|[/\\]tracefork_tui[/\\]debuggee[/\\]folders\.py$"
)
OF_LINKS = ("lexists", "islink")
DRAW = "os.stat"


def install(session: Session, inputs: Inputs) -> None:
    states = _States(session, inputs)
    for name in ("stat", "lstat", "fstat"):
        real = getattr(os, name)
        setattr(os, name, stand_in(_telling(states, real), real))
    entries: Any = os.DirEntry
    found = entries.stat

    def of_entry(entry: Any, *, follow_symlinks: bool = True) -> os.stat_result:
        frame = states.asked(sys._getframe(1))
        if frame is None:
            return found(entry, follow_symlinks=follow_symlinks)  # type: ignore[no-any-return]
        return states.of(entry.path, lambda: found(entry, follow_symlinks=follow_symlinks), frame)

    like(of_entry, found)
    entries.stat = of_entry


def _telling(states: _States, real: Callable[..., os.stat_result]) -> Callable[..., Any]:
    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        frame = states.asked(sys._getframe(1)) if kwargs.get("dir_fd") is None else None
        if frame is None:
            return real(path, *args, **kwargs)
        return states.of(path, lambda: real(path, *args, **kwargs), frame)

    return stat


class _States:
    """What is told of files. A touched one is told by how often it was asked for."""

    def __init__(self, session: Session, inputs: Inputs) -> None:
        self._session = session
        self._inputs = inputs
        self._began = getattr(time.time, "__wrapped__", time.time)()
        self._asked: dict[str, int] = {}

    def asked(self, frame: FrameType) -> FrameType | None:
        """The user's frame that asks, itself or through os.path or pathlib; else None."""
        session = self._session
        if session.inside.value or session.detached:
            return None
        return session.callers.user_behind(frame, _of_paths)

    def of(self, path: Any, real: Callable[[], os.stat_result], frame: FrameType) -> os.stat_result:
        session, inputs, place = self._session, self._inputs, absolute(path)
        if not place and not isinstance(path, int):
            return real()
        if inputs.wrote_itself(path):
            found = real()
            return self._draw(DRAW, lambda: found, frame)
        shown = session.callers.placed(place) if place else "an open file"
        number = self._asked[shown] = self._asked.get(shown, 0) + 1
        name = f"{DRAW} {shown} #{number}"
        if session.policy.holds(name):
            return self._draw(name, real, frame)
        try:
            found = real()
        except FileNotFoundError:
            inputs.looked_up(path, None, frame)
            raise
        inputs.looked_up(path, found, frame)
        steady = max(found.st_mtime, found.st_ctime) < self._began
        if session.policy.replaying or (steady and not place.startswith(ELSEWHERE)):
            return found
        return self._draw(name, lambda: found, frame)

    def _draw(
        self, name: str, real: Callable[[], os.stat_result], frame: FrameType
    ) -> os.stat_result:
        told: os.stat_result = self._session.draw(name, "machine", real, frame, _kept, _told)
        return told


def _of_paths(frame: FrameType) -> bool:
    """True for the code of os.path and pathlib."""
    code = frame.f_code
    links = code.co_name in OF_LINKS and "posixpath" in code.co_filename
    return links or re.search(ASKING, code.co_filename) is not None


def _kept(found: os.stat_result) -> list[Any]:
    reduced: Any = found.__reduce__()
    numbers, more = reduced[1]
    return [list(numbers), more]


def _told(kept: Any) -> os.stat_result:
    return os.stat_result(tuple(kept[0]), kept[1])
