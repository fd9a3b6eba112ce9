"""Long work in slices of time, so that it can be shown, cancelled, and leaves others their turn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
SLICE = 0.003
"""Seconds; a single step may take longer."""


class Slice(NamedTuple, Generic[T]):
    """The work has come to step `n`, and has found these since the slice before."""

    n: int
    found: list[T]


def sliced(work: Iterable[tuple[int, T | None]], seconds: float = SLICE) -> Iterator[Slice[T]]:
    """Group what `work` yields for each step (the step, and what was found there) by time."""
    found: list[T] = []
    n = 0
    until = time.perf_counter() + seconds
    for n, item in work:
        if item is not None:
            found.append(item)
        if time.perf_counter() >= until:
            yield Slice(n, found)
            found = []
            until = time.perf_counter() + seconds
    yield Slice(n, found)
