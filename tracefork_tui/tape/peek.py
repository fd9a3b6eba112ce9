"""A glance at a tape: what its first and its last record tell, whatever its size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from . import frames, records
from .codec import unpack
from .errors import TapeError
from .files import File, opened
from .indexed import FOOTER_SIZE
from .packed import Packed

START = 256
HEADER_MOST = 1 << 20


@dataclass(frozen=True)
class Peek:
    """A file that begins as a tape. `fingerprint` is "" and `steps` 0 where it was not closed.

    `place` tells files from each other, whatever their names; `size` and `changed` (ns) tell
    whether one has been written to since.
    """

    path: str
    header: dict[str, Any]
    fingerprint: str
    steps: int
    place: tuple[int, int]
    size: int
    changed: int

    @property
    def closed(self) -> bool:
        return bool(self.fingerprint)


def peek(path: str) -> Peek | None:
    """What is at `path`; None for all that is no tape, or none that this release reads."""
    try:
        file = opened(path, search=False)
    except TapeError:
        return None
    try:
        return _peek(file, path)
    except (OSError, ValueError, TypeError, IndexError, KeyError, RecursionError):
        return None
    finally:
        file.close()


def _peek(file: File | Packed, path: str) -> Peek | None:
    found = os.fstat(file.fd)
    if records.FORMAT.encode() not in file.pread(START, 0):
        return None
    first = frames.read(file.pread, 0, min(file.size, HEADER_MOST), 0)
    kind, name, version, header = unpack(first.payload)[:4]
    known = kind == records.HEADER and name == records.FORMAT and isinstance(header, dict)
    if not known or version > records.VERSION:
        return None
    fingerprint, steps = _footer(file, first.crc)
    place = found.st_dev, found.st_ino
    return Peek(path, header, fingerprint, steps, place, found.st_size, found.st_mtime_ns)


def _footer(file: File | Packed, salt: int) -> tuple[str, int]:
    size = file.size
    try:
        frame = frames.read(file.pread, size - FOOTER_SIZE, size, salt)
        kind, _, steps, fingerprint, *_ = unpack(frame.payload)
        if kind != records.FOOTER or frame.end != size:
            return "", 0
        return fingerprint.hex(), int.from_bytes(steps, "little")
    except (frames.BadFrame, ValueError, TypeError, AttributeError, OSError):
        return "", 0
