"""Frames: the guard around every record of a tape.

A frame is two msgpack objects, `bin payload` and `uint32 crc`, so that any msgpack library can
iterate the file. The checksum is CRC-32 of the frame's head and payload, seeded with the
previous frame's checksum XOR the tape's salt, which is the checksum of its first frame (whose
own seed is zero). So a flipped bit, a swapped, dropped or doubled frame breaks the chain where
it happened, a tape that lies within another's body is never taken for its host, and, as the four
bytes before a frame give its seed, any frame can be verified alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Callable, NamedTuple
from zlib import crc32

Pread = Callable[[int, int], bytes]  # (size, offset): fewer bytes only where the file ends

CRC_SIZE = 5
MAX_PAYLOAD = 1 << 31

_BLOCK = 4096
_PIECE = 1 << 16
_WINDOW = 1 << 20
_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_BORDER = rb"(?s)\xce(?=.{4}[\xc4-\xc6])"


class Frame(NamedTuple):
    """A whole, verified frame: where it starts, its payload, where the next one starts."""

    offset: int
    payload: bytes
    end: int
    crc: int


class Gap(NamedTuple):
    """Bytes that are no frame. `torn` where the file just ends inside of one."""

    offset: int
    end: int
    reason: str
    torn: bool


class BadFrame(ValueError):
    """A frame that is not whole. `torn` when the file just ends inside of it."""

    def __init__(self, offset: int, reason: str, torn: bool = False) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        self.torn = torn


def encode(payload: bytes, seed: int) -> tuple[bytes, int]:
    """The frame's bytes and its checksum. Raises ValueError for a payload of 2 GiB or more."""
    size = len(payload)
    if size < 0x100:
        head = b"\xc4" + bytes((size,))
    elif size < 0x10000:
        head = b"\xc5" + size.to_bytes(2, "big")
    elif size < MAX_PAYLOAD:
        head = b"\xc6" + size.to_bytes(4, "big")
    else:
        raise ValueError("a record of 2 GiB or more does not fit on a tape")
    crc = crc32(payload, crc32(head, seed))
    return b"".join((head, payload, b"\xce", crc.to_bytes(4, "big"))), crc


def read(pread: Pread, offset: int, size: int, salt: int) -> Frame:
    """The frame at `offset` of a file of `size` bytes. Raises BadFrame."""
    block, seed, start, end = _begin(pread, offset, size, salt)
    if end - offset > len(block):
        block = pread(end - offset, offset)
    stop = end - offset - CRC_SIZE
    if len(block) < stop + CRC_SIZE:
        raise BadFrame(offset, "the record is cut short", torn=True)
    payload = block[start:stop]
    mark, stored = struct.unpack_from(">BI", block, stop)
    if mark != 0xCE or crc32(payload, crc32(block[:start], seed)) != stored:
        raise BadFrame(offset, "the record does not match its checksum")
    return Frame(offset, payload, end, stored)


def place(pread: Pread, offset: int, size: int, salt: int) -> tuple[int, int]:
    """Where the payload of the frame at `offset` begins and ends: the frame is verified, and no
    more than a piece of it is held at a time. Raises BadFrame.
    """
    _, crc, start, end = _begin(pread, offset, size, salt)
    at, stop = offset, end - CRC_SIZE
    while at < stop:
        block = pread(min(_PIECE, stop - at), at)
        if not block:
            raise BadFrame(offset, "the record is cut short", torn=True)
        crc = crc32(block, crc)
        at += len(block)
    if pread(CRC_SIZE, stop) != b"\xce" + crc.to_bytes(4, "big"):
        raise BadFrame(offset, "the record does not match its checksum")
    return offset + start, stop


def _begin(pread: Pread, offset: int, size: int, salt: int) -> tuple[bytes, int, int, int]:
    """The first bytes of a frame, the seed of its checksum, how long its head is, and where it
    ends. Raises BadFrame.
    """
    if offset < 4:
        seed, block = 0, pread(_BLOCK, offset)
    else:
        block = pread(_BLOCK, offset - 4)
        seed, block = int.from_bytes(block[:4], "big") ^ salt, block[4:]
    if not block:
        raise BadFrame(offset, "the file ends here", torn=True)
    width = _WIDTHS.get(block[0])
    if width is None:
        raise BadFrame(offset, f"no record starts here (byte 0x{block[0]:02x})")
    start = 1 + width
    length = int.from_bytes(block[1:start], "big")
    end = offset + start + length + CRC_SIZE
    if len(block) < start or end > size:
        raise BadFrame(offset, "the record is cut short", torn=True)
    if length >= MAX_PAYLOAD:
        raise BadFrame(offset, "the record is larger than any can be")
    return block, seed, start, end


def scan(pread: Pread, offset: int, size: int, salt: int) -> Iterator[Frame | Gap]:
    """Frames from `offset` to `size`, and what lies between them where bytes are damaged.

    The work of finding the way again is bounded by the size of the file.
    """
    search = _Search(pread, size, salt)
    while offset < size:
        try:
            frame = read(pread, offset, size, salt)
        except BadFrame as bad:
            after = search.next_frame(offset)
            yield Gap(offset, after or size, bad.reason, bad.torn and after is None)
            offset = after or size
        else:
            yield frame
            offset = frame.end


class _Search:
    """Finds where reading can go on behind a damaged frame."""

    def __init__(self, pread: Pread, size: int, salt: int) -> None:
        self._pread = pread
        self._size = size
        self._salt = salt
        self._budget = 4 * size + 16 * _WINDOW

    def next_frame(self, offset: int) -> int | None:
        """The offset of the next whole frame behind the bad one at `offset`, or None.

        The bad frame's own length is tried first, then every place where one frame could end
        and the next begin.
        """
        head = self._pread(5, offset)
        width = _WIDTHS.get(head[0]) if head else None
        if width is not None:
            length = int.from_bytes(head[1 : 1 + width], "big")
            behind = offset + 1 + width + length + CRC_SIZE
            if self._starts(behind):
                return behind
        position = offset + 1
        while position < self._size and self._budget > 0:
            window = self._pread(_WINDOW + CRC_SIZE, position)
            self._budget -= len(window)
            for match in re.finditer(_BORDER, window):
                if self._starts(position + match.start() + CRC_SIZE):
                    return position + match.start() + CRC_SIZE
            position += _WINDOW
        return None

    def _starts(self, offset: int) -> bool:
        if offset >= self._size or self._budget <= 0:
            return False
        try:
            frame = read(self._pread, offset, self._size, self._salt)
        except BadFrame as bad:
            cost = _BLOCK if bad.torn else _claimed(self._pread, offset)
            self._budget -= min(cost, self._size)
            return False
        self._budget -= frame.end - frame.offset
        return True


def _claimed(pread: Pread, offset: int) -> int:
    head = pread(5, offset)
    return _BLOCK + int.from_bytes(head[1 : 1 + _WIDTHS.get(head[0], 0)], "big")
