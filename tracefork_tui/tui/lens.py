"""Which steps the timeline shows: all of them, or those that a filter lets through."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from .scan import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..query import Query, Slice
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

    The step under the cursor has a row even where the filter does not let it through.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self.filter: Filter | None = None
        self._stray = 0

    def stand_on(self, n: int) -> bool:
        """Keep a row for step `n`; True if that changes which rows there are."""
        before, self._stray = self._stray, 0
        if self.filter is not None and n and not self.lets_through(n):
            self._stray = n
        return self._stray != before

    def lets_through(self, n: int) -> bool:
        if self.filter is None:
            return True
        numbers = self.filter.numbers
        k = bisect_left(numbers, n)
        return k < len(numbers) and numbers[k] == n

    @property
    def height(self) -> int:
        if self.filter is None:
            return self._count()
        return len(self.filter.numbers) + (self._stray > 0)

    def step(self, row: int) -> int:
        """The step on a row that there is."""
        if self.filter is None:
            return row + 1
        if self._stray:
            k = bisect_left(self.filter.numbers, self._stray)
            if row >= k:
                return self._stray if row == k else self.filter.numbers[row - 1]
        return self.filter.numbers[row]

    def row(self, n: int) -> int:
        """The row of step `n`, or the one it would have."""
        if self.filter is None:
            return n - 1
        return bisect_left(self.filter.numbers, n) + (0 < self._stray < n)

    def moved(self, n: int, by: int) -> int:
        """The step so many shown ones after (or before) step `n`; the last there is."""
        if self.filter is None:
            return n + by
        numbers = self.filter.numbers
        if by > 0 and numbers and n < numbers[-1]:
            return numbers[min(bisect_right(numbers, n) - 1 + by, len(numbers) - 1)]
        if by < 0 and numbers and n > numbers[0]:
            return numbers[max(bisect_left(numbers, n) + by, 0)]
        return n

    @property
    def first(self) -> int:
        return 1 if self.filter is None or not self.filter.numbers else self.filter.numbers[0]

    @property
    def last(self) -> int:
        if self.filter is None or not self.filter.numbers:
            return self._count()
        return self.filter.numbers[-1]
