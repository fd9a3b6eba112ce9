"""Watched expressions: every change of their values over the run, kept as short texts."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .rows import value_text
from .scan import Scan
from .text import short

if TYPE_CHECKING:
    from ..query import Query, Slice
    from ..tape.reader import Tape

MOST = 400
"""Characters of a value that are kept."""


class Change(NamedTuple):
    """At step `n` the value became what `text` shows, on one harmless line."""

    n: int
    text: str
    digest: int


class Watch(Scan[Change]):
    """The changes of one expression, in order, as far as the steps have been looked at."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self.query = query
        self.changes: list[Change] = []
        self._steps = array("I")

    def slices(self, tape: Tape, start: int) -> Iterator[Slice[Change]]:
        from ..query import Slice, change_slices

        for part in change_slices(tape, self.query, start):
            yield Slice(part.n, [_told(one.n, one.after) for one in part.found])

    def add(self, found: list[Change]) -> None:
        for one in found:
            if not self.changes or one.digest != self.changes[-1].digest:
                self.changes.append(one)
                self._steps.append(one.n)

    def drop_from(self, n: int) -> None:
        k = bisect_left(self._steps, n)
        del self.changes[k:], self._steps[k:]

    def at(self, n: int) -> Change | None:
        """The change that gave the value as of step `n`; None where there is none by then."""
        k = bisect_right(self._steps, n)
        return self.changes[k - 1] if k else None

    def before(self, change: Change) -> Change | None:
        """The change before one."""
        k = bisect_left(self._steps, change.n)
        return self.changes[k - 1] if k else None

    def next(self, n: int, way: int) -> Change | None:
        """The nearest change after (way 1) or before (way -1) step `n`, of those that are known."""
        k = bisect_right(self._steps, n) if way > 0 else bisect_left(self._steps, n) - 1
        return self.changes[k] if 0 <= k < len(self.changes) else None

    def knows(self, n: int) -> bool:
        """Whether all changes up to step `n` are known."""
        return self.done or self.upto >= n


def nearest(watches: Sequence[Watch], n: int, way: int) -> Watch | tuple[Watch, Change] | None:
    """The nearest change of any watch after or before step `n`, None where there is none; the
    watch that has to be looked at further where that is not known yet."""
    best: tuple[Watch, Change] | None = None
    waiting: Watch | None = None
    for watch in watches:
        found = watch.next(n, way)
        if found and (best is None or (found.n - best[1].n) * way < 0):
            best = watch, found
    for watch in watches:
        end = n - 1 if way < 0 else best[1].n - 1 if best else 1 << 40
        if watch.running and not watch.knows(end):
            waiting = watch
    return waiting or best


def _told(n: int, value: object) -> Change:
    text = value_text(value)
    return Change(n, short(text, MOST), hash(text))
