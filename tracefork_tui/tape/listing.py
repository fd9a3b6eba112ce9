"""The columns of an INDEX record, where they lie: what is long and seldom looked at is not held."""

from __future__ import annotations

from . import records
from .frames import Pread

COLUMNS = 9
BLOCK = 128  # items
_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4}


class Column:
    """`size` bytes from byte `at` of the tape on. Their frame was verified once; what is read of
    them later is held against the steps.
    """

    def __init__(self, pread: Pread, at: int, size: int) -> None:
        self._pread = pread
        self._at = at
        self._size = size
        self._block = -1
        self._held = b""

    def __len__(self) -> int:
        return self._size

    def read(self) -> bytes:
        """All of it."""
        return self._pread(self._size, self._at)

    def item(self, place: int, size: int) -> bytes:
        """Item `place`, from 0, of items of that size; the ones around it are held for the next."""
        block, within = divmod(place, BLOCK)
        if block != self._block:
            start = block * BLOCK * size
            self._held = self._pread(
                min(BLOCK * size, max(0, self._size - start)), self._at + start
            )
            self._block = block
        return self._held[within * size : (within + 1) * size]

    def of(self, pread: Pread) -> Column:
        """The same, read by another reader of the file."""
        return Column(pread, self._at, self._size)


def nothing(size: int, offset: int) -> bytes:
    return b""


NONE = Column(nothing, 0, 0)


def columns(pread: Pread, start: int, stop: int) -> list[Column]:
    """Those of the INDEX record between two bytes. Raises ValueError for any other record."""
    head = pread(2, start)
    fields = head[0] & 0x0F if len(head) == 2 and head[0] & 0xF0 == 0x90 else 0
    if fields <= COLUMNS or head[1] != records.INDEX:
        raise ValueError("not an index")
    found, at = [], start + 2
    for _ in range(COLUMNS):
        head = pread(5, at)
        width = _WIDTHS.get(head[0]) if head else None
        if width is None:
            raise ValueError("a column of the index is none")
        size = int.from_bytes(head[1 : 1 + width], "big")
        at += 1 + width
        if size > stop - at:
            raise ValueError("a column of the index is cut short")
        found.append(Column(pread, at, size))
        at += size
    if fields == COLUMNS + 1 and at != stop:
        raise ValueError("bytes left after the index")
    return found
