"""Where each record of a tape is: kept in arrays, so that it costs nothing to open.

`offsets`, `owners` and `kinds` run in parallel over all records of the file, in its order. As the
index holds the records' lengths, it names every byte of the file and cannot leave a record out.
"""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate
from typing import Any

from . import records

NOWHERE = 2**32 - 1
SLACK = 1 << 16
MEANING = 32


class Index:
    """Places of records: by order, by step (`first` and `last`, from step 1), by atom number.

    Places count records from 0; `offsets` turns a place into a byte.
    """

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.lengths = array("I")
        self.owners = array("I")
        self.kinds = bytearray()
        self.atoms = array("I")
        self.first = array("I")
        self.last = array("I")
        self.end = 0

    def add(self, kind: int, owner: int, length: int) -> None:
        """The next record, `length` bytes as a frame; `owner` as records.owner gives it.

        Raises ValueError for a number out of all bounds or an atom that is there already.
        """
        place = len(self.kinds)
        if not 0 <= owner <= place + SLACK or (kind in records.STEP_KINDS and not owner):
            raise ValueError(f"a record is numbered {owner}")
        if kind == records.ATOM:
            if owner < len(self.atoms) and self.atoms[owner] != NOWHERE:
                raise ValueError(f"value {owner} is there twice")
            _fill(self.atoms, owner)
            self.atoms[owner] = place
            owner = 0
        elif owner:
            _fill(self.first, owner - 1)
            _fill(self.last, owner - 1)
            if self.first[owner - 1] == NOWHERE:
                self.first[owner - 1] = place
            self.last[owner - 1] = place
        self._append(kind, owner, length)

    def lose(self, length: int) -> None:
        """`length` bytes that no record could be read from."""
        while length > 0:
            part = min(length, NOWHERE)
            self._append(records.LOST, 0, part)
            length -= part

    def _append(self, kind: int, owner: int, length: int) -> None:
        self.offsets.append(self.end)
        self.lengths.append(length)
        self.owners.append(owner)
        self.kinds.append(kind)
        self.end += length

    @property
    def steps(self) -> int:
        """How many steps there are: fewer than the last one's number where some are lost."""
        return len(self.first) - self.first.count(NOWHERE)

    def start_of(self, n: int) -> int:
        """The offset of the first record of step `n`, -1 where there is none."""
        place = self.first[n - 1] if 1 <= n <= len(self.first) else NOWHERE
        return self.offsets[place] if place < len(self.offsets) else -1

    def of_atom(self, number: int) -> int:
        """The offset of an atom's record, -1 where there is none."""
        place = self.atoms[number] if 0 <= number < len(self.atoms) else NOWHERE
        return self.offsets[place] if place < len(self.offsets) else -1

    def of_step(self, n: int, kind: int = 0) -> list[int]:
        """The offsets of the records of step `n`, of one kind or of all, in order."""
        if self.start_of(n) < 0:
            return []
        owners, offsets, kinds = self.owners, self.offsets, self.kinds
        places = range(self.first[n - 1], min(self.last[n - 1] + 1, len(offsets)))
        return [offsets[at] for at in places if owners[at] == n and kind in (0, kinds[at])]

    def of_kind(self, kind: int) -> list[int]:
        """The offsets of all records of a kind."""
        found, place = [], self.kinds.find(kind)
        while place >= 0:
            found.append(self.offsets[place])
            place = self.kinds.find(kind, place + 1)
        return found

    def gaps(self) -> list[tuple[int, int]]:
        """The bytes that no record could be read from: (offset, length)."""
        lost, place = [], self.kinds.find(records.LOST)
        while place >= 0:
            lost.append((self.offsets[place], self.lengths[place]))
            place = self.kinds.find(records.LOST, place + 1)
        return lost

    def pack(self, meanings: bytes) -> list[Any]:
        arrays = (self.atoms, self.first, self.last)
        return [
            records.INDEX,
            dump(self.lengths),
            dump(self.owners),
            bytes(self.kinds),
            *map(dump, arrays),
            meanings,
        ]

    @classmethod
    def unpack(cls, record: list[Any], end: int) -> tuple[Index, bytes]:
        """The index of the first `end` bytes of a tape, and the meanings of its steps, 32 bytes
        each. Raises ValueError for arrays that do not fit together.
        """
        index = cls()
        _, lengths, owners, kinds, atoms, first, last, meanings = record
        index.lengths = numbers(lengths)
        index.owners = numbers(owners)
        index.kinds = bytearray(kinds)
        index.atoms = numbers(atoms)
        index.first = numbers(first)
        index.last = numbers(last)
        index.offsets = array("Q", accumulate(index.lengths, initial=0))
        index.end = index.offsets.pop()
        index._fit(end, len(meanings))
        return index, meanings

    def _fit(self, end: int, meanings: int) -> None:
        count, steps = len(self.kinds), len(self.first)
        same = count == len(self.lengths) == len(self.owners)
        if not same or self.end != end or len(self.last) != steps or meanings != MEANING * steps:
            raise ValueError("the index does not fit together")


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
