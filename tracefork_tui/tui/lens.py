"""Which steps the timeline shows: all of them, stretches of draws on one row, or those that a
filter lets through.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from ..tape.stretches import Stretches
from .scan import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..query import Query, Slice
    from ..tape.index import Index
    from ..tape.reader import Tape


class Filter(Scan[int]):
    """The steps of which an expression is true, as far as they have been looked at."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self.query = query
        self.numbers = array("I")

    def slices(self, tape: Tape, start: int) -> Iterator[Slice[int]]:
        from .. import query

        return query.filter_slices(tape, self.query, start)

    def add(self, found: list[int]) -> None:
        self.numbers.extend(found)

    def drop_from(self, n: int) -> None:
        del self.numbers[bisect_left(self.numbers, n) :]


class Lens:
    """Rows of the list, from 0, and the steps on them.

    The step under the cursor has a row even where the filter does not let it through; within a
    stretch of draws it takes the place of the first.
    """

    def __init__(self, count: Callable[[], int], index: Callable[[], Index]) -> None:
        self._count = count
        self._index = index
        self.filter: Filter | None = None
        self._stray = self._inside = 0
        self._runs = -1
        self._stretches = Stretches(index())

    @property
    def stretches(self) -> Stretches:
        """The stretches as of now: a tape that is followed grows."""
        index = self._index()
        if self._runs != len(index.counts):
            self._runs, self._stretches = len(index.counts), Stretches(index)
        return self._stretches

    def folded(self, n: int) -> int:
        """How many steps share the row of step `n`, which is shown there."""
        stretch = self.stretches.of(n) if self.filter is None else None
        return 1 if stretch is None else stretch[1] - stretch[0]

    def stand_on(self, n: int) -> bool:
        """Keep a row for step `n`; True if that changes which rows there are."""
        before = self._stray, self._inside
        self._stray = self._inside = 0
        if self.filter is not None and n and not self.lets_through(n):
            self._stray = n
        elif self.filter is None and self.stretches.of(n) is not None:
            self._inside = n
        return (self._stray, self._inside) != before

    def lets_through(self, n: int) -> bool:
        if self.filter is None:
            return True
        numbers = self.filter.numbers
        k = bisect_left(numbers, n)
        return k < len(numbers) and numbers[k] == n

    @property
    def height(self) -> int:
        if self.filter is None:
            return self._count() - self.stretches.saved
        return len(self.filter.numbers) + (self._stray > 0)

    def step(self, row: int) -> int:
        """The step on a row that there is."""
        if self.filter is None:
            inside = self._inside and self.stretches.row(self._inside) == row
            return self._inside if inside else self.stretches.step(row)
        if self._stray:
            k = bisect_left(self.filter.numbers, self._stray)
            if row >= k:
                return self._stray if row == k else self.filter.numbers[row - 1]
        return self.filter.numbers[row]

    def row(self, n: int) -> int:
        """The row of step `n`, or the one it would have."""
        if self.filter is None:
            return self.stretches.row(n)
        return bisect_left(self.filter.numbers, n) + (0 < self._stray < n)

    def moved(self, n: int, by: int) -> int:
        """The step so many shown ones after (or before) step `n`; the last there is."""
        if self.filter is None:
            return self._moved(n, by)
        numbers = self.filter.numbers
        if by > 0 and numbers and n < numbers[-1]:
            return numbers[min(bisect_right(numbers, n) - 1 + by, len(numbers) - 1)]
        if by < 0 and numbers and n > numbers[0]:
            return numbers[max(bisect_left(numbers, n) + by, 0)]
        return n

    def _moved(self, n: int, by: int) -> int:
        """From the first of a stretch on behind it; from another of its steps to the next."""
        stretches = self.stretches
        stretch = stretches.of(n)
        if stretch is not None and n != stretch[0]:
            return n + by
        row = stretches.row(n) + by
        return stretches.step(row) if row >= 0 else n + by

    @property
    def first(self) -> int:
        return 1 if self.filter is None or not self.filter.numbers else self.filter.numbers[0]

    @property
    def last(self) -> int:
        if self.filter is None or not self.filter.numbers:
            return self._count()
        return self.filter.numbers[-1]
