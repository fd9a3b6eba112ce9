"""The newest draws of a run that goes on: a small file beside the tape, mapped into memory, so
that a draw costs no system call and yet outlives the death of the process.

They stand in it until they are appended to the tape as one record. What it holds counts only
while the tape has no whole record but atoms from `at` on: it is what was being appended there.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from .codec import pack, unpack_all
from .columns import FLOATS, MOST, OBJECTS, pack_run
from .index import Index
from .records import ATOM, DRAW

SUFFIX = ".draws"
MAGIC = int.from_bytes(b"tfdraws1", "little")
SALT, AT, N, COUNT, SOURCES, SAID, HELD, START = range(1, 9)  # places in the head, after MAGIC
TIMES = 128
VALUES = TIMES + 8 * MOST
WHICH = VALUES + 8 * MOST
SAYS = WHICH + MOST
HOLDS = SAYS + (1 << 15)
SIZE = HOLDS + (1 << 16)
LENGTH = 20
"""Bits of a value's length, beside its place, where it stands among the objects."""


def beside(path: str) -> str:
    """Where the newest draws of the tape at `path` stand."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}{SUFFIX}")


class Tail:
    """Draws that are not on the tape yet, by column; `count` of them, from step `n` on."""

    def __init__(self, memory: Any) -> None:
        view = self._view = memoryview(memory)
        self.head = view[:TIMES].cast("Q")
        self.times = view[TIMES:VALUES].cast("q")
        self.integers = view[VALUES:WHICH].cast("q")
        self.floats = view[VALUES:WHICH].cast("d")
        self.which = view[WHICH:SAYS]

    @classmethod
    def create(cls, path: str, salt: int, start: int) -> Tail:
        """The one beside the tape at `path`; `start`: nanoseconds, where its time begins.

        Raises OSError. The room on the disk is taken now: a full disk must not be met later,
        where it would end the agent.
        """
        fd = os.open(beside(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _allocate(fd)
            tail = cls(mmap.mmap(fd, SIZE))
        finally:
            os.close(fd)
        tail.head[SALT], tail.head[START] = salt, start
        tail.head[0] = MAGIC
        return tail

    @classmethod
    def left(cls, path: str, salt: int) -> Tail | None:
        """What a dead writer of the tape at `path` left behind. Raises ValueError for a file that
        is not of this tape, or damaged.
        """
        try:
            fd = os.open(beside(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        with open(fd, "rb") as file:
            data = file.read(SIZE) or b""
        tail = cls(data) if len(data) == SIZE else None
        ours = tail is not None and (tail.head[0], tail.head[SALT]) == (MAGIC, salt)
        if tail is None or not ours or tail.count > MOST:
            raise ValueError("it is damaged, or another tape's")
        return tail if tail.count else None

    @property
    def at(self) -> int:
        return self.head[AT]

    @property
    def n(self) -> int:
        return self.head[N]

    @property
    def count(self) -> int:
        return self.head[COUNT]

    def begin(self, at: int, n: int) -> None:
        """Empty from now on: `at` is the tape's end, `n` the next step."""
        self.head[COUNT] = self.head[SOURCES] = self.head[SAID] = self.head[HELD] = 0
        self.head[AT], self.head[N] = at, n

    def source(self, kind: int, said: list[Any]) -> int:
        """The number of a source: the kind of its column, and [task, site, provenance, name,
        type] as texts. -1 where there is no room for it.
        """
        place, start, data = self.head[SOURCES], self.head[SAID], pack([kind, *said])
        if place == 256 or SAYS + start + len(data) > HOLDS:
            return -1
        self._view[SAYS + start : SAYS + start + len(data)] = data
        self.head[SAID] = start + len(data)
        self.head[SOURCES] = place + 1
        return place

    def hold(self, data: bytes) -> int:
        """Keep a packed object; gives what stands for it among the values, -1 without room."""
        start = self.head[HELD]
        if HOLDS + start + len(data) > SIZE:
            return -1
        self._view[HOLDS + start : HOLDS + start + len(data)] = data
        self.head[HELD] = start + len(data)
        return start << LENGTH | len(data)

    def keep(self, place: int, kind: int, time: int, value: Any) -> None:
        """One draw more: its source, the kind of its column, the clock (ns), and the value."""
        at = self.count
        self.times[at], self.which[at] = time, place
        (self.floats if kind == FLOATS else self.integers)[at] = value
        self.head[COUNT] = at + 1

    def sources(self) -> list[list[Any]]:
        """[kind, task, site, provenance, name, type] of each."""
        said = bytes(self._view[SAYS : SAYS + self.head[SAID]])
        return unpack_all(said, self.head[SOURCES]) if said else []

    def record(self, sources: list[list[Any]]) -> list[Any]:
        """What is to be appended; `sources` as above, with atoms for the texts.

        A DRAWS record, or a DRAW where there is but one. Raises ValueError.
        """
        count, start = self.count, self.head[START]
        which = bytes(self.which[:count])
        kinds = [source[0] for source in sources]
        values = self._values(kinds, which)
        times = [(time - start) // 1000 for time in self.times[:count].tolist()]
        said = [(source[0], source[1:]) for source in sources]
        if count == 1 and kinds[which[0]] != OBJECTS:
            column = self.floats if kinds[which[0]] == FLOATS else self.integers
            return [DRAW, self.n, times[0], *said[which[0]][1], column[0]]
        return pack_run(self.n, said, which, times, values)

    def _values(self, kinds: list[int], which: bytes) -> list[Any]:
        values = self.integers[: len(which)].tolist()
        if OBJECTS not in kinds:
            return values
        return [
            self._held(value) if kinds[place] == OBJECTS else value
            for value, place in zip(values, which)
        ]

    def _held(self, place: int) -> bytes:
        start = HOLDS + (place >> LENGTH)
        return bytes(self._view[start : start + (place & (1 << LENGTH) - 1)])


def waiting(path: str, salt: int, index: Index) -> list[list[Any]]:
    """The records that a dead writer was about to append to the tape at `path`; most often none.

    `index`: what is on the tape. Raises ValueError for what cannot be read.
    """
    try:
        tail = Tail.left(path, salt)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    if tail is None or any(
        start >= tail.at and kind != ATOM
        for start, kind in zip(accumulate(index.lengths, initial=0), index.kinds)
    ):
        return []
    try:
        return list(_records(tail, len(index.atoms)))
    except (ValueError, TypeError, LookupError, OverflowError):
        raise ValueError("it is damaged") from None


def _records(tail: Tail, atoms: int) -> Iterator[list[Any]]:
    """What a tail holds, for a tape of so many atoms."""
    known: dict[Any, int] = {}
    sources = tail.sources()
    for source in sources:
        for field in (1, 2, 4, 5):
            text = source[field]
            key = tuple(text) if isinstance(text, list) else text
            if key not in known:
                known[key] = atoms + len(known)
                yield [ATOM, known[key], text]
            source[field] = known[key]
    yield tail.record(sources)


def remove(path: str) -> None:
    """What stood in the file is on the tape."""
    try:
        os.unlink(beside(path))
    except OSError:
        pass


def _allocate(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, SIZE)
    else:
        os.write(fd, bytes(SIZE))


__all__ = ["SUFFIX", "Tail", "beside", "remove", "waiting"]
