"""The value of an expression over time.

A step that gives the expression no value (null) leaves the value as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .facts import Facts
from .slices import SLICE, Slice, sliced
from .values import same

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from .expression import Query


class Change(NamedTuple):
    """At step `n` the value became `after`; `before` is None for the first value."""

    n: int
    before: Any
    after: Any


def changes(tape: Tape, query: Query, start: int = 1) -> Iterator[Change]:
    """Every change of the expression's value from step `start` on."""
    return (change for _, change in _followed(tape, query, start) if change)


def change_slices(
    tape: Tape, query: Query, start: int = 1, seconds: float = SLICE
) -> Iterator[Slice[Change]]:
    """The same in slices of time: how far it has come, and what was found since."""
    return sliced(_followed(tape, query, start), seconds)


def standing(tape: Tape, query: Query, n: int, back: int | None = None) -> tuple[int, Any] | None:
    """The value as of step `n`, and the step that gave it; None where there is none yet.

    `back`: look at so many steps at most.
    """
    last = 0 if back is None else max(0, n - back)
    for k in range(min(n, len(tape.index.first)), last, -1):
        value = query.run(Facts(tape, k))
        if value is not None:
            return k, value
    return None


def _followed(tape: Tape, query: Query, start: int) -> Iterator[tuple[int, Change | None]]:
    before: Any = None
    run, first = query.run, tape.index.first
    n = start
    while n <= len(first):
        after = run(Facts(tape, n))
        change = None
        if after is not None and (before is None or not same(before, after)):
            change = Change(n, before, after)
            before = after
        yield n, change
        n += 1
