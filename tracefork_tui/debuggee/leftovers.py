"""Temporary files that the recorded run left: a replay has their names from the tape, and is to be
able to make them again.

What the recorded run left is kept beside, as NAME.recorded; what a replay left gives way.
"""

from __future__ import annotations

import os
from typing import Any

from .hooks import AfterImport
from .session import Session

MAKES = ("tempfile.mkstemp", "tempfile.mkdtemp")
"""Audit events: what they are given is about to be made."""
NOTE = "kept"
ENDING = ".recorded"


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


def make_room(session: Session, path: Any) -> None:
    """Have nothing at `path`, which is about to be made."""
    name, tape = os.fsdecode(path), getattr(session.policy, "parent", None)
    if session.detached or not session.policy.replaying or not os.path.lexists(name):
        return
    if tape is None or not (tape.sealed or tape.damage):
        return  # the recorded run is under way, and may use it
    try:
        if not os.path.lexists(name + ENDING):
            os.rename(name, name + ENDING)
            session.note(NOTE, {"what": session.callers.shown(name), "as": ENDING})
        elif os.path.isdir(name) and not os.path.islink(name):
            import shutil

            shutil.rmtree(name)
        else:
            os.unlink(name)
    except OSError:
        return
