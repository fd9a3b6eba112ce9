"""Looking for the steps of which an expression is true.

All of these read the tape while they are iterated; ending the iteration ends the work. Use them
off the main thread, with a tape that no other thread reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .facts import Facts
from .slices import SLICE, Slice, sliced

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from .expression import Query


def looked_at(
    tape: Tape, query: Query, start: int = 1, way: int = 1
) -> Iterator[tuple[int, int | None]]:
    """Each step from `start` on (way 1) or back (way -1), twice where the expression is true."""
    n, run, first = start, query.run, tape.index.first
    while 1 <= n <= len(first):
        yield n, n if run(Facts(tape, n)) else None
        n += way


def filter(tape: Tape, query: Query, start: int = 1, way: int = 1) -> Iterator[int]:
    """The numbers of the steps of which the expression is true, in order."""
    return (n for n, found in looked_at(tape, query, start, way) if found)


def find(tape: Tape, query: Query, start: int = 1, way: int = 1) -> int | None:
    """The nearest step, `start` included, of which the expression is true."""
    return next(filter(tape, query, start, way), None)


def filter_slices(
    tape: Tape, query: Query, start: int = 1, way: int = 1, seconds: float = SLICE
) -> Iterator[Slice[int]]:
    """The same in slices of time: how far it has come, and what was found since."""
    return sliced(looked_at(tape, query, start, way), seconds)
