"""The tapes of an agent's children: closed when the agent has ended, and proven with it."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..debuggee.further import label
from ..tape.codec import unpack
from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.seal import seal

CHILD = "child"
PATIENCE = 10.0
UNRECORDED = "child not recorded"

NAMED = {"what", "site"}
TELLING = (CHILD, "divergence", "halt")

Notes = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Child:
    """A child that a tape names. `step`: the parent's step before it began; `within`: it ran
    within a draw, whose result a replay takes from the tape; `path`: of its tape, "" for none."""

    number: int
    what: str
    site: str
    step: int
    within: bool
    path: str

    @property
    def label(self) -> str:
        return f"{label(self.number)} ({self.what})"


def children(tape: Tape) -> list[Child]:
    """The children of a recorded run, by the notes on its tape and the files beside it."""
    return [_child(tape, note.data) for note in tape.notes if note.kind == CHILD]


def _child(tape: Tape, said: Mapping[str, Any]) -> Child:
    folder = os.path.dirname(os.path.abspath(tape.path))
    path = os.path.join(folder, os.path.basename(str(said.get("file", ""))))
    site = (said.get("site") or [""])[0]
    number, step = int(said.get("number", 0)), int(said.get("step", 0))
    own = path if _is_of(path, tape, number) else ""
    return Child(number, str(said.get("what", "")), site, step, bool(said.get("within")), own)


def _is_of(path: str, parent: Tape, number: int) -> bool:
    try:
        with Tape(path) as tape:
            origin = tape.header.get("child_of")
    except TapeError:
        return False
    mine = {"id": parent.header.get("id"), "number": number}
    return isinstance(origin, dict) and mine.items() <= origin.items()


def settle(out: str, secret: bytes, plan: str) -> Notes:
    """Close the tapes of the children of the run at `out`, and theirs; gives what its own tape is
    to say of those that have none.

    A tape without a step or a failure is removed, and what it names goes to its parent. `plan`:
    the path that the plans of children begin with; beside it further Pythons of the command told
    of themselves.
    """
    notes: Notes = []
    for left in sorted(glob.glob(f"{glob.escape(plan)}.*-*")):
        if left.endswith("-beside"):
            with open(left, "rb") as file:
                notes.append((CHILD, unpack(file.read())))
        os.unlink(left)
    with Tape(out) as tape:
        kin = children(tape) + [_child(tape, data) for _, data in notes]
    for child in kin:
        if not child.path:
            notes.append((UNRECORDED, {"what": child.label, "number": child.number}))
            continue
        below = settle(child.path, secret, plan)
        notes += _close(child, secret, below)
    return notes


def _close(child: Child, secret: bytes, below: Notes) -> Notes:
    with Tape(child.path) as tape:
        empty = not len(tape.steps) and not any(note.kind in TELLING for note in tape.notes)
        elapsed = int(tape.steps[-1].at * 1e6) if len(tape.steps) else 0
        named = [(note.kind, dict(note.data)) for note in tape.notes if note.data.keys() >= NAMED]
    try:
        with _closed(child.path, elapsed, secret, below):
            pass
    except TapeError:
        return [(UNRECORDED, {"what": f"{child.label} went on after the agent's end"})]
    if not empty:
        return []
    os.unlink(child.path)
    return [(kind, {**data, "what": f"{data['what']}, in {child.label}"}) for kind, data in named]


def _closed(path: str, elapsed: int, secret: bytes, notes: Notes) -> Tape:
    """The tape, sealed; a child may still be about to end."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return seal(path, None, elapsed, secret, notes)
        except TapeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
