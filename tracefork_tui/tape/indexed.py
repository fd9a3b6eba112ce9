"""A tape's file, and where each record of it is: opened, followed, its damage named.

The index is a claim, believed only as far as the records bear it out.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from . import frames, records
from .codec import pack, unpack
from .errors import NewerVersion, TapeError
from .files import File, locked, opened
from .index import Index
from .listing import NONE, columns
from .packed import Packed

FOOTER_SIZE = 165
LINES_KEPT = 100
BAD_END = "its index or its footer is damaged: every record was read instead"
UNCHECKED = "its newest draws come from the file beside it, which has no checksums"
NOT_CLOSED = "it was not closed: its end was found by reading every record"


class Indexed:
    """Where the records of the tape at `path` are. Raises TapeError."""

    header: dict[str, Any]

    def __init__(self, path: str | os.PathLike[str], like: Indexed | None = None) -> None:
        self.path = os.fspath(path)
        self.sealed = False
        self.content = self.mac = b""
        self.salt = 0
        self.index = Index()
        self._lost: list[str] = []
        self._torn = ""
        self._unchecked: list[str] = []
        self._held = self._closed = False
        self._meanings = self._proofs = NONE
        shared = like if like is not None and like.sealed else None
        self._file: File | Packed = shared.file.again() if shared else opened(self.path)
        try:
            self._size = self._file.size
            if shared:
                self._share(shared)
            else:
                self._open()
        except OSError as error:
            self.close()
            raise TapeError(f"{self.path}: {(error.strerror or 'unreadable').lower()}") from None
        except BaseException:
            self.close()
            raise

    @property
    def damage(self) -> list[str]:
        """What was cut, repaired or missing as of the last look at the file, one line each."""
        lost = [*self._file.damage, *self._lost]
        lines = lost[:LINES_KEPT]
        if len(lost) > LINES_KEPT:
            lines.append(f"and {len(lost) - LINES_KEPT} places more")
        if not self.sealed and not self._held:
            lines += [self._torn] if self._torn else []
            lines += self._unchecked
            lines.append(BAD_END if self._closed else NOT_CLOSED)
        return lines

    @property
    def file(self) -> File | Packed:
        """The bytes that are read."""
        return self._file

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def refresh(self) -> bool:
        """Take in what a writer has appended since; True if there was anything."""
        if self.sealed:
            return False
        self._held = locked(self._file.fd)
        self._size = self._file.size
        before = self.index.end
        if self._size < before and not self._torn:
            self._torn = "it was shortened while it was open"
            self._held = False
        if self._size <= before:
            return False
        self._scan()
        if self._closed:
            self._open_by_footer()
        return self.sealed or self.index.end > before

    # Opening

    def _share(self, other: Indexed) -> None:
        """What was learned of the same closed file."""
        self.header, self.salt, self.index = other.header, other.salt, other.index
        self.content, self.mac, self._lost = other.content, other.mac, other._lost
        self._meanings = other._meanings.of(self._file.pread)
        self._proofs = other._proofs.of(self._file.pread)
        self.sealed = True

    def _open(self) -> None:
        first = self._first_frame()
        self.header: dict[str, Any] = self._header(first)
        self.salt = first.crc
        if not self._open_by_footer():
            self.index.add(records.HEADER, 0, first.end)
            self._scan()
            self._held = locked(self._file.fd)
            if not self._held:
                self._take_in()

    def _first_frame(self) -> frames.Frame:
        if self._size == 0:
            raise TapeError(f"{self.path}: the file is empty; record a run with `record -o`")
        try:
            return frames.read(self._file.pread, 0, self._size, 0)
        except frames.BadFrame as bad:
            start = self._file.pread(64, 0)
            if records.FORMAT.encode() in start:
                what = "is cut within its header" if bad.torn else "has a damaged header"
                raise TapeError(f"{self.path}: the tape {what}; nothing can be read") from None
        raise TapeError(f"{self.path}: not a tape of tracefork-tui")

    def _header(self, frame: frames.Frame) -> dict[str, Any]:
        try:
            record = unpack(frame.payload)
            kind, name, version = record[:3]
        except (ValueError, TypeError, IndexError, KeyError):
            kind, name, version = -1, "", 0
        if kind != records.HEADER or name != records.FORMAT or type(version) is not int:
            raise TapeError(f"{self.path}: not a tape of tracefork-tui")
        if version > records.VERSION:
            raise NewerVersion(
                f"{self.path}: written by a newer tracefork-tui (tape version {version}, this one "
                f"reads up to {records.VERSION}); update tracefork-tui"
            )
        if version < 1 or len(record) < 4 or not isinstance(record[3], dict):
            raise TapeError(f"{self.path}: the tape has a damaged header; nothing can be read")
        return dict(record[3])

    def _open_by_footer(self) -> bool:
        """Take the index from the end of the file. False where it is not there or not whole."""
        try:
            frame = frames.read(self._file.pread, self._size - FOOTER_SIZE, self._size, self.salt)
            kind, where, steps, _, _, content, mac = records.checked(unpack(frame.payload))
            start = int.from_bytes(where, "little")
            first, stop = frames.place(self._file.pread, start, self._size, self.salt)
            if kind != records.FOOTER or stop + frames.CRC_SIZE != frame.offset:
                return False
            found = columns(self._file.pread, first, stop)
            index, meanings, proofs = Index.unpack(found, start)
        except (ValueError, TypeError, OverflowError, OSError):
            return False
        if frame.end != self._size or len(index.first) != int.from_bytes(steps, "little"):
            return False
        self.index, self._meanings, self._proofs = index, meanings, proofs
        self.content, self.mac = content, mac
        self.sealed = True
        self._lost = [f"{size} bytes at byte {offset} are lost" for offset, size in index.gaps()]
        return True

    def _scan(self) -> None:
        """Index the records from the end of the index on."""
        self._torn = ""
        for found in frames.scan(self._file.pread, self.index.end, self._size, self.salt):
            if isinstance(found, frames.Frame):
                self._take(found)
            elif found.torn:
                left = found.end - found.offset
                self._torn = f"it ends within a record: the last {left} bytes are cut off"
            else:
                self._lose(found.offset, found.end, found.reason)

    def _take_in(self) -> None:
        """What the dead writer was about to append: see tail.py."""
        from .tail import beside, waiting

        try:
            found = waiting(self.path, self.salt, self.index)
        except ValueError as error:
            name = os.path.basename(beside(self.path))
            self._lost.append(f"{name} beside it, where its newest draws may be, is lost: {error}")
            return
        end, more = self.index.end, b""
        crc = int.from_bytes(self._file.pread(4, end - 4), "big")
        for record in found:
            data, crc = frames.encode(pack(record), crc ^ self.salt)
            more += data
        if more and isinstance(self._file, File):
            self._file.extend(end, more)
            self._unchecked = [UNCHECKED]
            self._size = end + len(more)
            self._scan()

    def _take(self, frame: frames.Frame) -> None:
        try:
            record = records.checked(unpack(frame.payload))
            kind = record[0]
            length = frame.end - frame.offset
            self.index.add(kind, records.owner(record), length, records.count(record))
        except ValueError as error:
            self._lose(frame.offset, frame.end, str(error))
        else:
            self._closed |= kind in (records.INDEX, records.FOOTER)

    def _lose(self, start: int, end: int, reason: str) -> None:
        self.index.lose(end - start)
        self._lost.append(f"{reason} at byte {start}: {end - start} bytes are lost")
