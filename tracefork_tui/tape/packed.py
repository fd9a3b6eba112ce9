"""A packed tape: its bytes in blocks that are compressed one by one, its index as it is.

Nothing is believed for having been unpacked: the frames within have checksums of their own. So
the bytes of a block that is damaged or lost are given as zeros, and no record is made of them.
"""

from __future__ import annotations

import zlib
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from copy import copy
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from . import frames
from .codec import unpack
from .errors import NewerVersion, TapeError
from .index import numbers

if TYPE_CHECKING:
    from .files import File

FORMAT = "tracefork-pack"
VERSION = 1
BLOCK = 1 << 16  # bytes of the tape in a block; the last one may have fewer

HEADER = 0  # [0, format, version]
PART = 1  # [1, number, compressed bytes]                    number counts from 0
TAIL = 2  # [2, offset (8 bytes), bytes]                     index and footer, not compressed
TABLE = 3  # [3, size (8 bytes), the TAIL's offset (8 bytes), lengths of the PARTs' frames]
END = 4  # [4, offset of the TABLE's frame (8 bytes)]

END_SIZE = 19
SMALLEST = 17  # bytes of a PART's frame
MOST = 1 << 30  # bytes of a tape, besides 64 times the packed file's
BLOCKS_KEPT = 64
LOST = 2**64 - 1  # where a block would be
_SHAPES = {PART: (int, bytes), TAIL: (bytes, bytes), TABLE: (bytes, bytes, bytes), END: (bytes,)}


def is_packed(pread: frames.Pread) -> bool:
    """True for the bytes of a packed tape, damaged ones too."""
    return FORMAT.encode() in pread(24, 0)


class Packed:
    """The bytes of the tape that lies packed in `file`: `size` of them, `stored` on the disk.

    Where its table is lost, its blocks are found by reading all of it; without `search`, only the
    first one is. Raises TapeError for a file of which nothing can be read.
    """

    def __init__(self, file: File, path: str, search: bool = True) -> None:
        self._file = file
        self.stored = file.size
        self.size = 0
        self._searched = False
        self._bad: set[int] = set()
        self._starts = array("Q")
        self._tail = self._at = 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._header(path)
        try:
            self._open()
        except (ValueError, OverflowError, OSError):
            self._search(search)
        if self.size > MOST + 64 * self.stored:
            raise TapeError(f"{path}: the packed tape claims {self.size} bytes; it is damaged")

    @property
    def fd(self) -> int:
        return self._file.fd

    @property
    def damage(self) -> list[str]:
        """What is known to be lost, one line each."""
        cut = "the packed file is cut or its table is damaged: its blocks were searched"
        lines = [f"block {number} of the packed file is damaged" for number in sorted(self._bad)]
        return [cut, *lines] if self._searched else lines

    def again(self) -> Packed:
        """The same bytes, for another thread; to be closed for itself. Raises TapeError."""
        other = copy(self)
        other._file, other._bad, other._kept = self._file.again(), set(), OrderedDict()
        return other

    def close(self) -> None:
        self._file.close()

    def pread(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes of the tape from `offset` on. Raises OSError."""
        end = min(offset + size, self.size)
        found = []
        while offset < min(end, self._tail):
            number, skip = divmod(offset, BLOCK)
            found.append(self._block(number)[skip : skip + end - offset])
            offset += len(found[-1])
        if offset < end:
            found.append(self._file.pread(end - offset, self._at + offset - self._tail))
        return found[0] if len(found) == 1 else b"".join(found)

    def check(self) -> Iterator[str]:
        """What is not as it was packed, one line each; reads the whole file."""
        starts, kinds = array("Q"), bytearray()
        for found in self._frames():
            if isinstance(found, frames.Gap):
                yield f"{found.reason} at byte {found.offset} of the packed file"
                return
            frame, record = found
            kinds.append(record[0])
            if record[0] == PART:
                starts.append(frame.offset)
        if starts != self._starts or kinds != bytes((*[PART] * len(starts), TAIL, TABLE, END)):
            yield "its blocks are not those of its table"

    # Opening

    def _header(self, path: str) -> None:
        try:
            first = frames.read(self._file.pread, 0, self.stored, 0)
            kind, name, version = unpack(first.payload)[:3]
            if (kind, name) != (HEADER, FORMAT) or type(version) is not int or version < 1:
                raise ValueError("not a header")
        except (ValueError, TypeError, IndexError, KeyError):
            raise TapeError(
                f"{path}: the packed tape has a damaged header; nothing can be read"
            ) from None
        if version > VERSION:
            raise NewerVersion(
                f"{path}: packed by a newer tracefork-tui (version {version}, this one reads up "
                f"to {VERSION}); update tracefork-tui"
            )
        self._salt, self._from = first.crc, first.end

    def _open(self) -> None:
        """Take the table from the end of the file. Raises ValueError where it is not whole."""
        pread, stored, salt = self._file.pread, self.stored, self._salt
        last = frames.read(pread, stored - END_SIZE, stored, salt)
        kind, where = _checked(last)
        frame = frames.read(pread, _number(where), stored, salt)
        table, *fields = _checked(frame)
        if (kind, table, frame.end) != (END, TABLE, last.offset):
            raise ValueError("no table")
        size, tail, lengths = _number(fields[0]), _number(fields[1]), numbers(fields[2])
        starts = array("Q", accumulate(lengths, initial=self._from))
        at = frame.offset - frames.CRC_SIZE - (size - tail)
        if size < tail or -(-tail // BLOCK) != len(lengths) or at <= starts.pop():
            raise ValueError("the table does not fit together")
        self._starts, self._tail, self._at, self.size = starts, tail, at, size

    def _search(self, all_of_it: bool) -> None:
        """Find the blocks and the tail where the table is lost."""
        self._searched = True
        starts, lost, at, rest = array("Q"), 0, 0, 0
        tail: int | None = None
        for found in self._frames():
            if isinstance(found, frames.Gap):
                lost += (found.end - found.offset) // SMALLEST
                continue
            frame, record = found
            if record[0] == PART and 0 <= record[1] - len(starts) <= lost:
                starts.extend([LOST] * (record[1] - len(starts)))
                starts.append(frame.offset)
                if not all_of_it:
                    break
            elif record[0] == TAIL and 0 <= -(-_number(record[1]) // BLOCK) - len(starts) <= lost:
                tail, rest = _number(record[1]), len(record[2])
                at = frame.end - frames.CRC_SIZE - rest
        if tail is None:
            tail = (len(starts) - 1) * BLOCK + self._length(starts[-1]) if starts else 0
        starts.extend([LOST] * (-(-tail // BLOCK) - len(starts)))
        self._starts, self._tail, self._at, self.size = starts, tail, at, tail + rest

    # Blocks

    def _frames(self) -> Iterator[Any]:
        """(frame, record) behind the header, and Gaps."""
        for found in frames.scan(self._file.pread, self._from, self.stored, self._salt):
            if isinstance(found, frames.Gap):
                yield found
                continue
            try:
                yield found, _checked(found)
            except ValueError as error:
                yield frames.Gap(found.offset, found.end, str(error), False)

    def _block(self, number: int) -> bytes:
        block = self._kept.get(number)
        if block is None:
            block = self._kept[number] = self._read(number)
            if len(self._kept) > BLOCKS_KEPT:
                self._kept.popitem(last=False)
        return block

    def _read(self, number: int) -> bytes:
        size = min(BLOCK, self._tail - number * BLOCK)
        try:
            kind, which, data = self._record(self._starts[number])
            block = inflated(data)
        except ValueError:
            kind, which, block = LOST, number, b""
        if (kind, which, len(block)) != (PART, number, size):
            self._bad.add(number)
            return bytes(size)
        return block

    def _length(self, offset: int) -> int:
        try:
            return len(inflated(self._record(offset)[2]))
        except ValueError:
            return BLOCK

    def _record(self, offset: int) -> list[Any]:
        if offset == LOST:
            raise ValueError("it is lost")
        return _checked(frames.read(self._file.pread, offset, self.stored, self._salt))


def inflated(data: bytes) -> bytes:
    """The bytes of a block. Raises ValueError for what gives none, or more than one holds."""
    stream = zlib.decompressobj()
    try:
        block = stream.decompress(data, BLOCK + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.eof or stream.unused_data or not 0 < len(block) <= BLOCK:
        raise ValueError("it is no block")
    return block


def _checked(frame: frames.Frame) -> list[Any]:
    """The record in a frame. Raises ValueError for what is none."""
    record: list[Any] = unpack(frame.payload)
    kind = record[0] if isinstance(record, list) and record else None
    shape = _SHAPES.get(kind) if type(kind) is int else None
    if shape is None or tuple(map(type, record[1:])) != shape:
        raise ValueError("not a record of a packed tape")
    return record


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
