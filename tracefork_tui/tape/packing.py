"""Packing a tape for rest, and the way back: the same bytes, in a file of their own."""

from __future__ import annotations

import os
import stat
import zlib
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from tempfile import mkstemp
from typing import Any

from . import codec, frames, packed
from .errors import FullDisk, TapeError
from .files import File, locked, opened
from .index import dump
from .packed import BLOCK, Packed
from .reader import Tape
from .writer import write_all

LEVEL = 9
SEED = 4  # bytes before the index: the checksum that its own is made from


@dataclass(frozen=True)
class Written:
    """The file that was written, its bytes and those of the one it was made from."""

    path: str
    size: int
    before: int


def pack(path: str, out: str, force: bool = False) -> Written:
    """Pack the tape at `path` into the file `out`; with `force` one that is there is replaced,
    even `path` itself.

    The new file appears whole or not at all, and was read back before. Raises TapeError for what
    is no tape, is packed already or is being written, and where `out` cannot be written.
    """
    with Tape(path) as tape:
        source = tape.file
        if isinstance(source, Packed):
            raise TapeError(f"{path}: it is packed already")
        if locked(source.fd):
            raise TapeError(f"{path}: it is being written; pack it when the run is over")
        tail = tape.index.end - SEED if tape.sealed else source.size
        return _write(source, _packed(source, tail), path, out, force)


def unpack(path: str, out: str, force: bool = False) -> Written:
    """Write the bytes of the packed tape at `path` as they were to the file `out`: see pack."""
    source = opened(path)
    try:
        if not isinstance(source, Packed):
            raise TapeError(f"{path}: it is not packed")
        return _write(source, _blocks(source), path, out, force)
    finally:
        source.close()


def _blocks(source: File | Packed) -> Iterator[bytes]:
    for start in range(0, source.size, BLOCK):
        yield source.pread(BLOCK, start)


def _packed(source: File, tail: int) -> Iterator[bytes]:
    """The frames of a packed file; what lies from `tail` on is not compressed."""
    frames_ = _Frames()
    size, lengths = source.size, array("I")
    yield frames_.of([packed.HEADER, packed.FORMAT, packed.VERSION])
    for number, start in enumerate(range(0, tail, BLOCK)):
        data = zlib.compress(source.pread(min(BLOCK, tail - start), start), LEVEL)
        part = frames_.of([packed.PART, number, data])
        lengths.append(len(part))
        yield part
    yield frames_.of([packed.TAIL, _eight(tail), source.pread(size - tail, tail)])
    where = frames_.end
    yield frames_.of([packed.TABLE, _eight(size), _eight(tail), dump(lengths)])
    yield frames_.of([packed.END, _eight(where)])


class _Frames:
    """Frames that follow on each other; `end`: the bytes so far."""

    def __init__(self) -> None:
        self.end = self._crc = self._salt = 0

    def of(self, record: list[Any]) -> bytes:
        data, self._crc = frames.encode(codec.pack(record), self._crc ^ self._salt)
        self._salt = self._salt if self.end else self._crc
        self.end += len(data)
        return data


def _eight(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _write(
    source: File | Packed, parts: Iterator[bytes], path: str, out: str, force: bool
) -> Written:
    if os.path.lexists(out) and not force:
        raise TapeError(f"{out}: exists already; name another file or pass --force")
    folder, name = os.path.split(os.path.realpath(out))
    temporary = ""
    try:
        fd, temporary = mkstemp(prefix=f".{name}.", dir=folder)
        try:
            for part in parts:
                write_all(fd, part)
            with suppress(FileNotFoundError):
                os.fchmod(fd, stat.S_IMODE(os.stat(out).st_mode))
            os.fsync(fd)
        finally:
            os.close(fd)
        _hold_against(source, temporary, path)
        size = os.path.getsize(temporary)
        os.replace(temporary, os.path.realpath(out))
    except FullDisk as error:
        raise TapeError(f"{out}: {error}") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TapeError(f"{out}: cannot be written: {reason}") from None
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return Written(out, size, source.stored)


def _hold_against(source: File | Packed, written: str, path: str) -> None:
    """Raises TapeError unless the file `written` gives the bytes of `source`, and all of them."""
    if isinstance(source, Packed):
        for line in (*source.damage, *source.check()):
            raise TapeError(f"{path}: {line}")
    copy = opened(written)
    try:
        same = copy.size == source.size and all(
            ours == theirs for ours, theirs in zip(_blocks(copy), _blocks(source))
        )
        if not same or (isinstance(copy, Packed) and [*copy.check()]):
            raise TapeError(f"{path}: it was changed meanwhile; try again")
    finally:
        copy.close()
