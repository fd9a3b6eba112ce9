"""The records of a tape, each proven by its checksum as it is read, the last ones kept."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any, TypeVar

from . import frames, records
from .codec import unpack
from .columns import Run, read_run
from .errors import TapeError
from .indexed import Indexed

FIRST = (records.SEND, records.DRAW, records.CALL)
TIMED = frozenset((records.HEAD, records.CHUNK, records.END, *FIRST, *records.BESIDE))
RECORDS_KEPT = 256
ATOMS_KEPT = 1024
SMALL_RECORD = 1024
RUNS_KEPT = 4
AHEAD, BEHIND = 1 << 16, 1 << 13
T = TypeVar("T")


class Recorded(Indexed):
    """The records of a tape by step, by kind and by number."""

    def __init__(self, path: str | os.PathLike[str], like: Indexed | None = None) -> None:
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._records: OrderedDict[int, list[Any]] = OrderedDict()
        self._atoms: dict[int, Any] = {}
        super().__init__(path, like)

    def head_of(self, n: int) -> list[Any]:
        """The first record of step `n`: its SEND, DRAW or CALL."""
        offset = self.index.start_of(n)
        if offset < 0:
            if 1 <= n <= len(self.index.first):
                raise TapeError(f"{self.path}: the record that began step {n} is lost")
            raise TapeError(f"{self.path}: there is no step {n}; it has {self.index.steps}")
        if self.index.run_of(n) is not None:
            run = self._run(offset)
            if not run.n <= n < run.n + len(run.times):
                raise TapeError(f"{self.path}: step {n} is damaged: its draw is missing")
            return run.record(n)
        return self._begun(n, self._record(offset))

    def run(self, n: int) -> Run:
        """The run of draws that step `n` is one of. Raises TapeError."""
        return self._run(self.index.start_of(n))

    def sources(self, n: int) -> tuple[list[list[Any]], bytes]:
        """What the run of draws that step `n` is one of says of its sources, and which of them
        each draw has; its values are not looked at. Raises TapeError.
        """
        record = self._record(self.index.start_of(n))
        if record[0] != records.DRAWS or record[1] != n:
            raise TapeError(f"{self.path}: step {n} is damaged: its draw is missing")
        which = record[4] or bytes(record[2])
        return record[3], which

    def atom(self, number: int, kind: type = str) -> Any:
        """An interned value by its number; `kind` str, or list for a list of texts."""
        value = self._atoms.get(number) if type(number) is int else None
        if value is None:
            value = self._read_atom(number)
        if not isinstance(value, kind):
            raise TapeError(f"{self.path}: damaged: value {number} is not what it is used for")
        return value

    def time_at(self, place: int) -> int:
        """When the record at a place of the index was written: microseconds from the start."""
        record = self._record(self.index.offset(place))
        return int(record[1] if record[0] in records.BESIDE else record[2])

    def time_since(self, place: int) -> int:
        """Microseconds between the record before this place and the one at it."""
        before = place - 1
        while before > 0 and self.index.kinds[before] not in TIMED:
            before -= 1
        return max(0, self.time_at(place) - self.time_at(before)) if before > 0 else 0

    def _found(self, n: int) -> list[list[Any]]:
        offsets = self.index.of_step(n)
        if len(offsets) < 2:
            return [self.head_of(n)]
        found = self._records_at(n, offsets)
        self._begun(n, found[0])
        return found

    def _received(self, n: int) -> list[list[Any]]:
        """The records of exchange `n`, of its request no more than that there is one."""
        if self.index.kind_of(n) != records.SEND:
            return self._found(n)
        return [[records.SEND, n], *self._records_at(n, self.index.of_step(n)[1:])]

    def _records_at(self, n: int, offsets: list[int]) -> list[list[Any]]:
        """Step `n`'s records."""
        read = self._ahead(offsets[0], offsets[-1]) if offsets else None
        found = [self._record(offset, read) for offset in offsets]
        for record in found:
            if record[0] not in records.STEP_KINDS or record[1] != n:
                raise TapeError(f"{self.path}: step {n} is damaged: a record of it is another's")
        return found

    def _begun(self, n: int, record: list[Any]) -> list[Any]:
        if record[0] not in FIRST or record[1] != n:
            raise TapeError(f"{self.path}: step {n} is damaged: its first record is missing")
        return record

    def _ahead(self, first: int, last: int) -> frames.Pread:
        """Reads records from one offset to another: those that lie together in one go."""
        start, read = first - frames.CRC_SIZE, self._file.pread
        if last - first > AHEAD:
            return read
        try:
            data = read(last - first + BEHIND, start)
        except OSError:
            return read

        def pread(size: int, offset: int) -> bytes:
            at = offset - start
            return data[at : at + size] if 0 <= at <= len(data) - size else read(size, offset)

        return pread

    def _of_kind(self, kind: int) -> list[list[Any]]:
        found = [self._record(offset) for offset in self.index.of_kind(kind)]
        if any(record[0] != kind for record in found):
            raise TapeError(f"{self.path}: damaged: the index does not name its records")
        return found

    def _record(self, offset: int, read: frames.Pread | None = None) -> list[Any]:
        record = self._records.get(offset)
        if record is None:
            try:
                payload = frames.read(
                    read or self._file.pread, offset, self._size, self.salt
                ).payload
                record = records.checked(unpack(payload))
            except (ValueError, OSError) as error:
                raise TapeError(f"{self.path}: damaged at byte {offset}: {error}") from None
            if len(payload) < SMALL_RECORD:
                keep(self._records, offset, record, RECORDS_KEPT)
        return record

    def _run(self, offset: int) -> Run:
        """The run of draws whose record is there. Raises TapeError for one that is damaged."""
        run = self._runs.get(offset)
        if run is None:
            try:
                record = self._record(offset)
                if record[0] != records.DRAWS:
                    raise ValueError("it is no run of draws")
                run = read_run(record)
            except ValueError as error:
                raise TapeError(f"{self.path}: damaged at byte {offset}: {error}") from None
            keep(self._runs, offset, run, RUNS_KEPT)
        return run

    def _read_atom(self, number: Any) -> Any:
        offset = self.index.of_atom(number) if type(number) is int else -1
        record = self._record(offset) if offset >= 0 else []
        if record[:2] != [records.ATOM, number]:
            raise TapeError(f"{self.path}: damaged: value {number} is not on the tape")
        if len(self._atoms) >= ATOMS_KEPT:
            self._atoms.clear()
        self._atoms[number] = record[2]
        return record[2]


def keep(kept: OrderedDict[int, T], key: int, value: T, most: int) -> None:
    """Cache `value`; what came first goes where there are more than `most`."""
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
