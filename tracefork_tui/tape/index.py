"""Where each record of a tape is: kept in arrays, so that it costs nothing to open.

`lengths`, `owners` and `kinds` run in parallel over all records of the file, in its order. As the
index holds the records' lengths, it names every byte of the file and cannot leave a record out.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from . import records
from .listing import Column

NOWHERE = 2**32 - 1
SLACK = 1 << 16
MEANING = 32
PROOF = 64
PAGE = 128
"""Records whose first offset is kept; those of the others are sums."""


class Index:
    """Places of records: by order, by step (`first` and `last`, from step 1), by atom number.

    Places count records from 0; `offset` turns a place into a byte. `counts`: how many steps
    each DRAWS record stands for; all of them have its place.
    """

    def __init__(self) -> None:
        self._pages = array("Q")
        self.lengths = array("I")
        self.owners = array("I")
        self.kinds = bytearray()
        self.atoms = array("I")
        self.first = array("I")
        self.last = array("I")
        self.counts = array("I")
        self.end = 0
        self._drawn = 0
        self._runs: list[tuple[int, int, int]] = []
        self._starts: list[int] = []

    def add(self, kind: int, owner: int, length: int, count: int = 1) -> None:
        """The next record, `length` bytes as a frame; `owner` and `count` as records gives them.

        Raises ValueError for a number out of all bounds or one that is there already.
        """
        place = len(self.kinds)
        most = place + self._drawn + SLACK
        if not 0 <= owner <= most or (kind in records.STEP_KINDS and not owner):
            raise ValueError(f"a record is numbered {owner}")
        if kind == records.ATOM:
            if owner < len(self.atoms) and self.atoms[owner] != NOWHERE:
                raise ValueError(f"value {owner} is there twice")
            _fill(self.atoms, owner)
            self.atoms[owner] = place
            owner = 0
        elif kind == records.DRAWS:
            self._add_run(place, owner, count)
        elif owner:
            if self.run_of(owner) is not None:
                raise ValueError(f"step {owner} is there twice")
            _fill(self.first, owner - 1)
            _fill(self.last, owner - 1)
            if self.first[owner - 1] == NOWHERE:
                self.first[owner - 1] = place
            self.last[owner - 1] = place
        self._append(kind, owner, length)

    def _add_run(self, place: int, start: int, count: int) -> None:
        before, end = start - 1, start - 1 + count
        if self.first[before:end].count(NOWHERE) != len(self.first[before:end]):
            raise ValueError(f"a step of {start} to {end} is there twice")
        self._drawn += count
        self.counts.append(count)
        for places in (self.first, self.last):
            _fill(places, end - 1)
            places[before:end] = array("I", [place]) * count

    def lose(self, length: int) -> None:
        """`length` bytes that no record could be read from."""
        while length > 0:
            part = min(length, NOWHERE)
            self._append(records.LOST, 0, part)
            length -= part

    def _append(self, kind: int, owner: int, length: int) -> None:
        if len(self.lengths) % PAGE == 0:
            self._pages.append(self.end)
        self.lengths.append(length)
        self.owners.append(owner)
        self.kinds.append(kind)
        self.end += length

    def offset(self, place: int) -> int:
        """Where the record at a place begins."""
        page = place // PAGE
        return self._pages[page] + sum(self.lengths[page * PAGE : place])

    @property
    def steps(self) -> int:
        """How many steps there are: fewer than the last one's number where some are lost."""
        return len(self.first) - self.first.count(NOWHERE)

    def start_of(self, n: int) -> int:
        """The offset of the first record of step `n`, -1 where there is none."""
        place = self.first[n - 1] if 1 <= n <= len(self.first) else NOWHERE
        return self.offset(place) if place < len(self.kinds) else -1

    def kind_of(self, n: int) -> int:
        """The kind of the first record of step `n`, -1 where there is none."""
        place = self.first[n - 1] if 1 <= n <= len(self.first) else NOWHERE
        return self.kinds[place] if place < len(self.kinds) else -1

    def kinds_of(self, last: int) -> Iterator[int]:
        """The same for each of the steps up to `last`."""
        kinds, most = self.kinds, len(self.kinds)
        known = (kinds[place] if place < most else -1 for place in self.first[:last])
        return chain(known, repeat(-1, last - len(self.first)))

    def run_of(self, n: int) -> tuple[int, int, int] | None:
        """The run of draws that step `n` is one of: its first step, how many it has, and which of
        the DRAWS records it is, from 0.
        """
        place = self.first[n - 1] if 1 <= n <= len(self.first) else NOWHERE
        if place >= len(self.kinds) or self.kinds[place] != records.DRAWS:
            return None
        which = self.kinds.count(records.DRAWS, 0, place)
        return self.owners[place], self.counts[which], which

    def alone_in(self, run: tuple[int, int, int]) -> bool:
        """True if no other record claims a step of the run."""
        start, count, _ = run
        steps = self.first[start - 1 : start - 1 + count]
        return len(steps) == count == steps.count(steps[0])

    def runs(self) -> list[tuple[int, int]]:
        """The runs of draws, each its first step and how many it has, in the order of steps."""
        return sorted(zip(self.owners_of(records.DRAWS), self.counts))

    def entry(self, n: int) -> int:
        """The place of step `n` in an order in which a run of draws counts as one; from 0."""
        before = self._before(n)
        if not before:
            return n - 1
        start, count, saved = self._runs[before - 1]
        return n - 1 - saved - min(n - start, count - 1)

    def single(self, n: int) -> int:
        """The place of step `n`, which is in no run, among all such steps; from 0."""
        return self.entry(n) - self._before(n)

    def _before(self, n: int) -> int:
        """How many runs begin at step `n` or before."""
        if not self.counts:
            return 0
        if len(self._starts) != len(self.counts):
            runs, saved = [], 0
            for start, count in self.runs():
                runs.append((start, count, saved))
                saved += count - 1
            self._runs = runs  # the starts last: another thread may share this index
            self._starts = [run[0] for run in runs]
        return bisect_right(self._starts, n)

    def owners_of(self, kind: int) -> list[int]:
        """The steps of all records of a kind, in the order of the file."""
        found, place = [], self.kinds.find(kind)
        while place >= 0:
            found.append(self.owners[place])
            place = self.kinds.find(kind, place + 1)
        return found

    def of_atom(self, number: int) -> int:
        """The offset of an atom's record, -1 where there is none."""
        place = self.atoms[number] if 0 <= number < len(self.atoms) else NOWHERE
        return self.offset(place) if place < len(self.kinds) else -1

    def of_step(self, n: int, kind: int = 0) -> list[int]:
        """The offsets of the records of step `n`, of one kind or of all, in order."""
        if self.start_of(n) < 0:
            return []
        first, owners, kinds = self.first[n - 1], self.owners, self.kinds
        if kinds[first] == records.DRAWS:
            return [self.offset(first)] if not kind else []
        places = range(first, min(self.last[n - 1] + 1, len(kinds)))
        return [self.offset(at) for at in places if owners[at] == n and kind in (0, kinds[at])]

    def of_kind(self, kind: int) -> list[int]:
        """The offsets of all records of a kind."""
        found, place = [], self.kinds.find(kind)
        while place >= 0:
            found.append(self.offset(place))
            place = self.kinds.find(kind, place + 1)
        return found

    def gaps(self) -> list[tuple[int, int]]:
        """The bytes that no record could be read from: (offset, length)."""
        lost, place = [], self.kinds.find(records.LOST)
        while place >= 0:
            lost.append((self.offset(place), self.lengths[place]))
            place = self.kinds.find(records.LOST, place + 1)
        return lost

    def pack(self, meanings: bytes, proofs: bytes) -> list[Any]:
        """The INDEX record; `meanings`: of the steps in no run, `proofs`: of the runs."""
        single = [kind != records.DRAWS for kind in self.kinds]
        first, last = self.first, self.last
        if self.counts:
            steps = [n for n, at in enumerate(first) if at >= len(single) or single[at]]
            first, last = (array("I", map(of.__getitem__, steps)) for of in (first, last))
        return [
            records.INDEX,
            dump(self.lengths),
            dump(self.owners),
            bytes(self.kinds),
            *map(dump, (self.atoms, first, last)),
            meanings,
            dump(self.counts),
            proofs,
        ]

    @classmethod
    def unpack(cls, columns: list[Column], end: int) -> tuple[Index, Column, Column]:
        """The index of the first `end` bytes of a tape, the meanings of its steps, 32 bytes each,
        and the proofs of its runs, 64 bytes each. Raises ValueError for arrays that do not fit
        together.
        """
        index = cls()
        lengths, owners, kinds, atoms, first, last, meanings, counts, proofs = columns
        index.lengths = numbers(lengths.read())
        index.owners = numbers(owners.read())
        index.kinds = bytearray(kinds.read())
        index.atoms = numbers(atoms.read())
        index.counts = numbers(counts.read())
        for start in range(0, len(index.lengths), PAGE):
            index._pages.append(index.end)
            index.end += sum(index.lengths[start : start + PAGE])
        sizes = len(meanings), len(proofs)
        index._fit(end, numbers(first.read()), numbers(last.read()), *sizes)
        return index, meanings, proofs

    def _fit(
        self, end: int, first: array[int], last: array[int], meanings: int, proofs: int
    ) -> None:
        count, runs = len(self.kinds), len(self.counts)
        same = count == len(self.lengths) == len(self.owners)
        known = meanings == MEANING * len(first) and proofs == PROOF * runs
        if not same or self.end != end or len(last) != len(first) or not known:
            raise ValueError("the index does not fit together")
        if runs != self.kinds.count(records.DRAWS):
            raise ValueError("the index does not count its runs of draws")
        self.first, self.last = (
            (self._spread(of) for of in (first, last)) if runs else (first, last)
        )

    def _spread(self, single: array[int]) -> array[int]:
        """Places of all steps, from those of the steps in no run."""
        found, taken = array("I"), 0
        places = [at for at, kind in enumerate(self.kinds) if kind == records.DRAWS]
        runs = sorted(zip((self.owners[at] for at in places), self.counts, places))
        for start, count, place in runs:
            missing = start - 1 - len(found)
            if missing < 0 or missing > len(single) - taken or count > self.lengths[place]:
                raise ValueError("the index does not fit its runs of draws")
            found += single[taken : taken + missing] + array("I", [place]) * count
            taken += missing
        return found + single[taken:]


def _fill(values: array[int], place: int) -> None:
    missing = place + 1 - len(values)
    if missing > 0:
        values.extend([NOWHERE] * missing)


def dump(values: array[int]) -> bytes:
    """The bytes of integers, little-endian."""
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def numbers(data: bytes) -> array[int]:
    """Little-endian unsigned 32-bit integers. Raises ValueError for bytes left over."""
    values = array("I")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
