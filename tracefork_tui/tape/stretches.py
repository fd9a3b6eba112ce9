"""Runs of draws as one row each: what an agent drew thousands of times takes one line."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .index import Index

FEWEST = 8
"""The fewest draws that are worth a fold."""


class Stretches:
    """Which steps share a row, from 0: runs that follow on each other are one."""

    def __init__(self, index: Index) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, count in index.runs():
            if self._ends and self._ends[-1] == start:
                self._ends[-1] += count
            else:
                self._starts.append(start)
                self._ends.append(start + count)
        long = [k for k, end in enumerate(self._ends) if end - self._starts[k] >= FEWEST]
        self._starts = [self._starts[k] for k in long]
        self._ends = [self._ends[k] for k in long]
        self._rows: list[int] = []
        saved = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            self._rows.append(start - 1 - saved)
            saved += end - start - 1
        self.saved = saved

    def of(self, n: int) -> tuple[int, int] | None:
        """The first step of the stretch that step `n` is in, and the step behind it."""
        k = bisect_right(self._starts, n) - 1
        return (self._starts[k], self._ends[k]) if k >= 0 and n < self._ends[k] else None

    def row(self, n: int) -> int:
        k = bisect_right(self._starts, n) - 1
        if k < 0:
            return n - 1
        return self._rows[k] + (0 if n < self._ends[k] else n - self._ends[k] + 1)

    def step(self, row: int) -> int:
        """The step on a row, of a stretch the first."""
        k = bisect_right(self._rows, row) - 1
        if k < 0:
            return row + 1
        behind = row - self._rows[k]
        return self._starts[k] if not behind else self._ends[k] + behind - 1
