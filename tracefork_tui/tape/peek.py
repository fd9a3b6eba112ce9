"""A glance at a tape: what its first and its last record tell, whatever its size."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

from . import frames, records
from .codec import unpack
from .reader import FOOTER_SIZE

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
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        return _peek(fd, path)
    except (OSError, ValueError, TypeError, IndexError, KeyError, RecursionError):
        return None
    finally:
        os.close(fd)


def _peek(fd: int, path: str) -> Peek | None:
    found = os.fstat(fd)
    start = os.pread(fd, START, 0)
    if not stat.S_ISREG(found.st_mode) or records.FORMAT.encode() not in start:
        return None
    end = min(found.st_size, HEADER_MOST)
    first = frames.read(fd, 0, end, 0)
    kind, name, version, header = unpack(first.payload)[:4]
    known = kind == records.HEADER and name == records.FORMAT and isinstance(header, dict)
    if not known or version > records.VERSION:
        return None
    fingerprint, steps = _footer(fd, found.st_size, first.crc)
    place = found.st_dev, found.st_ino
    return Peek(path, header, fingerprint, steps, place, found.st_size, found.st_mtime_ns)


def _footer(fd: int, size: int, salt: int) -> tuple[str, int]:
    try:
        frame = frames.read(fd, size - FOOTER_SIZE, size, salt)
        kind, _, steps, fingerprint, *_ = unpack(frame.payload)
        if kind != records.FOOTER or frame.end != size:
            return "", 0
        return fingerprint.hex(), int.from_bytes(steps, "little")
    except (frames.BadFrame, ValueError, TypeError, AttributeError, OSError):
        return "", 0
