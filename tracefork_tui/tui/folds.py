"""The rows of a comparison as lines of a screen: runs of equal rows are folded, and unfold."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ..diff import Comparison, Row, Rows

FEWEST = 3
"""The fewest rows that are worth a fold."""

AROUND = 1
"""How many equal rows stay in sight on either side of a difference."""


@dataclass(frozen=True)
class Fold:
    """A run of equal rows, from position `start` to before `end`, on one line."""

    start: int
    end: int


class Lines:
    """Line by line: a row, a fold, and below them all one line for how the runs ended (None).

    Positions count rows of the comparison, lines those of the screen; both from 0.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.rows: Rows = comparison.rows
        self.changes = _changes(comparison)
        self._starts = array("q")
        self._foldable = bytearray()
        self._cut()
        self._folded = bytearray(self._foldable)
        self._tops = array("q")
        self._measure()

    @property
    def height(self) -> int:
        return self._tops[-1] + 1

    @property
    def end(self) -> int:
        """The line that tells how the runs ended."""
        return self.height - 1

    def at(self, line: int) -> Row | Fold | None:
        position = self.position(line)
        if position >= len(self.rows):
            return None
        run = self._run(position)
        return Fold(*self._span(run)) if self._folded[run] else self.rows[position]

    def position(self, line: int) -> int:
        """The row on that line, the first one of a fold; the number of rows for the last line."""
        if line >= self.end:
            return len(self.rows)
        run = bisect_right(self._tops, line) - 1
        return self._starts[run] + (0 if self._folded[run] else line - self._tops[run])

    def line(self, position: int) -> int:
        """The line that shows a row, folded or not."""
        if position >= len(self.rows):
            return self.end
        run = self._run(position)
        return self._tops[run] + (0 if self._folded[run] else position - self._starts[run])

    def toggle(self, line: int) -> bool:
        """Unfold the fold, or fold the run, on that line; False where there is neither."""
        position = self.position(line)
        if position >= len(self.rows):
            return False
        run = self._run(position)
        if not self._foldable[run]:
            return False
        self._folded[run] ^= 1
        self._measure()
        return True

    def toggle_all(self) -> bool:
        """Unfold everything; fold it all again where nothing is folded. Tells if it is folded."""
        folded = not any(self._folded)
        self._folded = bytearray(self._foldable) if folded else bytearray(len(self._foldable))
        self._measure()
        return folded

    def next_change(self, position: int, way: int) -> int | None:
        """The nearest row after (way 1) or before (way -1) a position that is not equal."""
        if way > 0:
            k = bisect_right(self.changes, position)
            return self.changes[k] if k < len(self.changes) else None
        k = bisect_left(self.changes, position)
        return self.changes[k - 1] if k else None

    def next_run(self, position: int, way: int) -> int | None:
        """The first row of the next, or of the previous, run of rows that are not equal."""
        found = self.next_change(position, way)
        if way > 0:
            while found is not None and found == position + 1 and self._differs(position):
                position = found
                found = self.next_change(position, way)
        else:
            while found is not None and found and self._differs(found - 1):
                found -= 1
        return found

    def count_to(self, position: int) -> int:
        """How many rows up to and with a position are not equal."""
        return bisect_right(self.changes, position)

    def _differs(self, position: int) -> bool:
        k = bisect_left(self.changes, position)
        return k < len(self.changes) and self.changes[k] == position

    def _cut(self) -> None:
        """Runs of rows, each to be folded as a whole or not at all."""
        edges: Sequence[int] = [-1, *self.changes, len(self.rows)]
        for before, after in pairwise(edges):
            first = before + 1 + (AROUND if before >= 0 else 0)
            last = after - (AROUND if after < len(self.rows) else 0)
            if last - first >= FEWEST:
                self._add(before + 1, first, False)
                self._add(first, last, True)
                self._add(last, after, False)
            else:
                self._add(before + 1, after, False)
            self._add(after, after + 1 if after < len(self.rows) else after, False)

    def _add(self, start: int, end: int, foldable: bool) -> None:
        if start >= end:
            return
        if not foldable and self._foldable and not self._foldable[-1]:
            return
        self._starts.append(start)
        self._foldable.append(foldable)

    def _measure(self) -> None:
        ends = [*self._starts[1:], len(self.rows)]
        heights = (
            1 if folded else end - start
            for start, end, folded in zip(self._starts, ends, self._folded, strict=False)
        )
        self._tops = array("q", accumulate(heights, initial=0))

    def _run(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1

    def _span(self, run: int) -> tuple[int, int]:
        last = run + 1 == len(self._starts)
        return self._starts[run], len(self.rows) if last else self._starts[run + 1]


def _changes(comparison: Comparison) -> array[int]:
    """The positions of the rows that are not equal. The shared prefix is not looked at."""
    shared, rows = comparison.shared_prefix, comparison.rows
    rest = (position for position in range(shared, len(rows)) if rows[position].kind != "same")
    return array("q", rest)
