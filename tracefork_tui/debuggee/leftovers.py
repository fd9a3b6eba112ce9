"""Temporary files that the recorded run left: a replay has their names from the tape, and is to be
able to make them again.

Nothing is lost: what the recorded run left is kept beside as NAME.recorded, what replays left as
NAME.replayed, NAME.replayed-2 and so on.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

from ..tape import records
from .hooks import AfterImport
from .session import Session

MAKES = ("tempfile.mkstemp", "tempfile.mkdtemp")
"""Audit events: what they are given is about to be made."""
NOTE = "kept"
ENDING, OF_REPLAY = ".recorded", ".replayed"
IDS = ("uuid", "secrets.token", "fastuuid")
SHORTEST = 8


def install(session: Session, hooks: AfterImport) -> None:
    """For a replay; `tempfile.mktemp` raises no event, but asks whether a file is there."""

    def asks(module: Any) -> None:
        real = module._exists

        def exists(path: Any) -> bool:
            session.aside(make_room, (session, path), {})
            return bool(real(path))

        module._exists = exists

    if session.policy.replaying:
        hooks.on("tempfile", asks)


def is_of(session: Session, path: str) -> bool:
    """True for a folder that the recorded run made, and whose name holds an id that it drew: no
    other run has made it, and what is in it is that run's.
    """
    tape = getattr(session.policy, "parent", None)
    if tape is None or not session.policy.replaying:
        return False
    shown = session.callers.placed(path)
    files = (note.data for note in tape.notes if note.kind == "file")
    if not any(one.get("made") == shown and one["what"] == f"makes {shown}" for one in files):
        return False
    name = os.path.basename(path)
    return any(one in name for one in _ids(tape))


def _ids(tape: Any) -> Iterator[str]:
    """The ids that a run drew, of uuids their first digits, too."""
    for n in range(1, len(tape.index.first) + 1):
        if tape.index.kind_of(n) in records.DRAW_KINDS:
            step = tape.step(n)
            if step.name.startswith(IDS) and len(str(step.value)) >= SHORTEST:
                yield str(step.value)
                yield str(step.value)[:SHORTEST]


def make_room(session: Session, path: Any) -> None:
    """Have nothing at `path`, which is about to be made."""
    name, tape = os.fsdecode(path), getattr(session.policy, "parent", None)
    if session.detached or not session.policy.replaying or not os.path.lexists(name):
        return
    if tape is None or not (tape.sealed or tape.damage):
        return  # the recorded run is under way, and may use it
    ending = next(one for one in _endings() if not os.path.lexists(name + one))
    try:
        os.rename(name, name + ending)
    except OSError:
        return
    if ending == ENDING:
        session.note(NOTE, {"what": session.callers.shown(name), "as": ending})


def _endings() -> Iterator[str]:
    yield from (ENDING, OF_REPLAY)
    yield from (f"{OF_REPLAY}-{number}" for number in itertools.count(2))
