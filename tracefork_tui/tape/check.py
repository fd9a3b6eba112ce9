"""Integrity of a tape: every record, every body, every hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from . import frames, records
from .codec import unpack
from .errors import TapeError
from .index import Index
from .indexed import FOOTER_SIZE, NOT_CLOSED, UNCHECKED
from .packed import Packed
from .reader import Tape
from .seal import content_of
from .steps import Exchange


@dataclass(frozen=True)
class Report:
    """`damage`: what is wrong, one line each; `notes`: what is worth saying though it is whole."""

    path: str
    steps: int
    size: int
    packed: bool
    fingerprint: str
    damage: list[str]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"whole": not self.damage, **asdict(self)}

    def lines(self) -> Iterator[str]:
        state = "damaged" if self.damage else "whole"
        packed = " packed" if self.packed else ""
        yield f"{self.path}: {state}, {self.steps} steps, {self.size} bytes{packed}"
        yield f"fingerprint {self.fingerprint}"
        yield from (f"damage: {line}" for line in self.damage)
        yield from (f"note: {line}" for line in self.notes)


def check(path: str) -> Report:
    """Read everything. Raises TapeError for what is no tape at all."""
    damage: list[str] = []
    notes: list[str] = []
    with Tape(path) as tape:
        for line in tape.damage:
            (notes if line in (NOT_CLOSED, UNCHECKED) else damage).append(line)
        if not tape.sealed and not damage and not notes:
            notes.append("a writer holds it: the run is not over")
        if tape.sealed:
            damage += _records(tape)
        damage += _run(tape)
        damage += _steps(tape)
        damage += _hashes(tape)
        file = tape.file
        packed = isinstance(file, Packed)
        if isinstance(file, Packed) and not file.damage:
            damage += file.check()
        steps, fingerprint = len(tape.steps), tape.fingerprint
        return Report(path, steps, file.stored, packed, fingerprint, damage, notes)


def _records(tape: Tape) -> Iterator[str]:
    """The records as they lie in the file, and whether the index names the same ones."""
    found, start = Index(), 0
    for item in frames.scan(tape.file.pread, 0, tape.index.end, tape.salt):
        start, length = item.offset, item.end - item.offset
        if isinstance(item, frames.Gap):
            yield f"{item.reason} at byte {start}"
            return
        try:
            record = records.checked(unpack(item.payload))
            found.add(record[0], records.owner(record), length, records.count(record))
        except ValueError as error:
            yield f"{error} at byte {start}"
            return
    index = tape.index
    for name in ("lengths", "owners", "kinds", "atoms", "first", "last", "counts"):
        if getattr(found, name) != getattr(index, name):
            yield "the index does not name the records of the file"
            return


def _run(tape: Tape) -> Iterator[str]:
    """What belongs to no step."""
    try:
        _ = tape.notes, tape.outcome, tape.output()
        for number in range(len(tape.index.atoms)):
            tape.atom(number, object)
    except TapeError as error:
        yield str(error).removeprefix(f"{tape.path}: ")


def _steps(tape: Tape) -> Iterator[str]:
    """Every step read, and its bodies, each against its hash."""
    steps, n = len(tape.index.first), 0
    while n < steps:
        n += 1
        if tape.index.start_of(n) < 0:
            yield f"step {n} is missing"
            continue
        run = tape.index.run_of(n)
        try:
            step = tape.step(n)
            if isinstance(step, Exchange):
                _ = step.request.body
        except TapeError as error:
            yield str(error).removeprefix(f"{tape.path}: ")
        if run is not None:
            before = bytes.fromhex(tape.fingerprint_at(n - 1))
            if tape.sealed and tape.proof(run, before) != tape.claimed_proof(run):
                yield f"the run of draws at step {n} is not the one that was closed"
            n += run[1] - 1


def _hashes(tape: Tape) -> Iterator[str]:
    """The hashes in the footer."""
    if not tape.sealed:
        return
    size = tape.file.size
    footer = frames.read(tape.file.pread, size - FOOTER_SIZE, size, tape.salt)
    _, _, _, fingerprint, order, content, _ = unpack(footer.payload)
    if content_of(tape.file.pread, footer.offset) != content:
        yield "the file is not as it was when it was closed"
    if fingerprint.hex() != tape.fingerprint:
        yield "the fingerprint is not the one that it was closed with"
    if order.hex() != tape.order:
        yield "the order of the steps is not the one that it was closed with"
