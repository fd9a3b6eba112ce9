"""Runs of draws: what many draws in a row have in common is said once, and the rest stands in
columns.

Numbers are kept as the differences between neighbours, in as few bytes as the largest one takes;
floats by the bits of their 64-bit form, so that clocks are small and every value is exact.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub
from typing import Any, NamedTuple

from . import records
from .codec import unpack_all

MOST = records.RUN_MOST
INTEGERS, FLOATS, OBJECTS = b"ifm"
WHOLE = 8
"""The width at which the numbers themselves are kept."""

_CODES = {1: "b", 2: "h", 4: "i", WHOLE: "q"}


class Run(NamedTuple):
    """The draws of a DRAWS record, from step `n` on: which of `sources` each of them has, its
    time in microseconds, and its value.
    """

    n: int
    sources: list[list[Any]]
    which: bytes
    times: Sequence[int]
    values: Sequence[Any]

    def record(self, n: int) -> list[Any]:
        """Draw `n` as a DRAW record."""
        at = n - self.n
        task, site, provenance, name, kind = self.sources[self.which[at]]
        value = self.values[at]
        return [records.DRAW, n, self.times[at], task, site, provenance, name, kind, value]


def pack_run(
    n: int,
    sources: Sequence[tuple[int, list[Any]]],
    which: bytes,
    times: Sequence[int],
    values: Sequence[Any],
) -> list[Any]:
    """A DRAWS record. `sources`: the kind of its column (INTEGERS, ...) and what the record says
    of each; `values`: integers, the bits of floats as integers, or objects packed as msgpack, by
    the kind of the column.
    """
    columns: list[list[Any]] = [[] for _ in sources]
    if len(columns) == 1:
        columns[0] = list(values)
    else:
        for place, value in zip(which, values):
            columns[place].append(value)
    packed = [_column(kind, found) for (kind, _), found in zip(sources, columns)]
    said = [source for _, source in sources]
    which = which if len(said) > 1 else b""
    return [records.DRAWS, n, len(times), said, which, pack_numbers(times), packed]


def read_run(record: list[Any]) -> Run:
    """The draws of a DRAWS record that `records.checked` let pass. Raises ValueError."""
    _, n, count, sources, which, times, columns = record
    which = which or bytes(count)
    if len(which) != count or max(which) >= len(sources):
        raise ValueError("a run of draws does not fit together")
    found = [_values(data, which.count(place)) for place, data in enumerate(columns)]
    values = found[0]
    if len(found) > 1:
        waiting = [iter(part) for part in found]
        values = [next(waiting[place]) for place in which]
    return Run(n, sources, which, numbers(times, count), values)


def pack_numbers(values: Sequence[int]) -> bytes:
    """At least one integer of 64 bits: the width, the first one, the differences."""
    differences = list(map(sub, values[1:], values))
    first = _dump(array("q", values[:1]))
    for width, code in _CODES.items():
        try:
            rest = array(code, differences if width < WHOLE else values[1:])
        except OverflowError:
            continue
        return bytes((width,)) + first + _dump(rest)
    raise ValueError("a number of more than 64 bits")


def numbers(data: bytes, count: int) -> array[int]:
    """The `count` integers that were packed. Raises ValueError."""
    width = data[0] if data else 0
    if width not in _CODES or len(data) != 9 + (count - 1) * width:
        raise ValueError("a column of numbers does not fit")
    if width == WHOLE:
        return _load("q", data[1:])
    try:
        return array("q", accumulate(chain(_load("q", data[1:9]), _load(_CODES[width], data[9:]))))
    except OverflowError:
        raise ValueError("a column of numbers is out of bounds") from None


def _column(kind: int, values: list[Any]) -> bytes:
    if kind == OBJECTS:
        return b"m" + b"".join(values)
    return bytes((kind,)) + pack_numbers(values)


def _values(data: bytes, count: int) -> Sequence[Any]:
    kind = data[0] if data else 0
    if not count or kind not in (INTEGERS, FLOATS, OBJECTS):
        raise ValueError("a column of a run of draws is none")
    if kind == OBJECTS:
        return unpack_all(data[1:], count)
    found = numbers(data[1:], count)
    return found if kind == INTEGERS else array("d", found.tobytes())


def _dump(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _load(code: str, data: bytes) -> array[int]:
    values: array[int] = array(code, data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
