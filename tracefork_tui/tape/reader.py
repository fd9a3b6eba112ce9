"""The reader: a tape opened at the cost of its index, its bodies read when they are looked at.

What is read is proven as it is read: a record by its checksum, a step by its meaning in the
index, a body by its hash. The index itself is believed only as far as its records bear it out;
`check` reads everything.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from types import TracebackType
from typing import Any, overload

from . import chain, decode, frames, records
from .bodies import Source, join
from .codec import pack, unpack
from .columns import Run, read_run
from .errors import NewerVersion, TapeError
from .files import File, opened
from .index import MEANING, NOWHERE, PROOF, Index
from .packed import Packed
from .steps import Draw, Note, Outcome, Step
from .tail import beside, waiting
from .writer import locked

FOOTER_SIZE = 165
STEPS_KEPT = 64
RECORDS_KEPT = 1024
SMALL_RECORD = 4096
BODIES_KEPT = 2
LINES_KEPT = 100
RUNS_KEPT = 4
COMPLETED = (records.DRAW, records.DRAWS, records.END)
BAD_END = "its index or its footer is damaged: every record was read instead"
UNCHECKED = "its newest draws come from the file beside it, which has no checksums"
NOT_CLOSED = "it was not closed: its end was found by reading every record"


class Tape:
    """A read-only tape: one recorded run, packed or not.

    Opening costs the index; a step and its bodies are read, and proven, when they are looked at.

        >>> tape = tracefork_tui.open("tapes/refund.msgpack")
        >>> tape.damage, len(tape.fingerprint), tape.outcome.exit_code
        ([], 64, 1)
        >>> step = next(step for step in tape.steps if step.kind == "exchange")
        >>> step.request.method, type(step.request.body), step.response.status
        ('POST', <class 'bytes'>, 200)
        >>> tape.step(step.n) == step, tape.steps[step.n - 1] == step
        (True, True)
        >>> tape.close()

    path         str
    header       dict: "command" (list of str), "cwd", "name", "started" (seconds since 1970), ...
                 as FORMAT.md has them; any may be missing
    steps        a sequence of Exchange and Draw in the order of their numbers, which count from 1;
                 longer after `refresh` where the tape is still being written
    fingerprint  str, 64 hex digits: the chain over all steps; `order`: over their completion
    damage       list of str: what was cut, repaired or missing, one line each; empty for a whole
                 tape, and for one that is being written
    notes        list of Note: what was not captured, limits, divergences
    outcome      Outcome, or None while the run has not ended and where nobody saw it end
    sealed       bool: it was closed; `mac` and `content` are then the hashes in its footer

    Times are seconds from the start of the run (float, resolved to a microsecond), sizes bytes,
    text `str`, bodies `bytes` as they went over the wire. Not for two threads at once: open it
    twice. A context manager; `close` lets go of the file.

    Raises TapeError, one line that names the file and the place: on opening for what is no tape,
    and on looking at what is damaged (NewerVersion, a TapeError, for a format that is to come).
    IndexError for a place that `steps` does not have.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.sealed = False
        self.content = self.mac = b""
        self.salt = 0
        self.index = Index()
        self._lost: list[str] = []
        self._torn = ""
        self._unchecked: list[str] = []
        self._held = self._closed = False
        self._meanings = self._proofs = b""
        self._chain = bytearray(chain.START)
        self._linked = 0
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._proven: set[int] = set()
        self._records: OrderedDict[int, list[Any]] = OrderedDict()
        self._atoms: dict[int, Any] = {}
        self._steps: OrderedDict[int, Step] = OrderedDict()
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._file = opened(self.path)
        try:
            self._size = self._file.size
            self._open()
        except OSError as error:
            self.close()
            raise TapeError(f"{self.path}: {(error.strerror or 'unreadable').lower()}") from None
        except BaseException:
            self.close()
            raise

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

    @property
    def fingerprint(self) -> str:
        """The chain over all steps, hex."""
        return self.fingerprint_at(len(self.index.first))

    @property
    def order(self) -> str:
        """The hash of the order in which the steps were completed, hex."""
        value, first, last = chain.START, 0, 0
        counts = iter(self.index.counts)
        for n, kind in zip(self.index.owners, self.index.kinds):
            if kind not in COMPLETED:
                continue
            count = next(counts) if kind == records.DRAWS else 1
            if not first or n != last + 1:
                value = chain.order_link(value, first, last) if first else value
                first = n
            last = n + count - 1
        return (chain.order_link(value, first, last) if first else value).hex()

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
    def steps(self) -> Steps:
        return Steps(self)

    @property
    def notes(self) -> list[Note]:
        found = self._of_kind(records.NOTE)
        return [Note(t / decode.SECOND, kind, data) for _, t, kind, data in found]

    @property
    def outcome(self) -> Outcome | None:
        found = self._of_kind(records.OUTCOME)
        if not found:
            return None
        _, t, data = found[-1]
        return Outcome(
            at=t / decode.SECOND,
            exit_code=_number(data.get("exit_code")),
            signal=_number(data.get("signal")),
            exception=str(data.get("exception", "")),
            output=str(data.get("output", "")),
        )

    def output(self) -> list[tuple[float, int, str]]:
        """What the agent printed: (seconds, 1 for stdout or 2 for stderr, text)."""
        found = self._of_kind(records.OUTPUT)
        return [(t / decode.SECOND, stream, text) for _, t, stream, text in found]

    def step(self, n: int) -> Step:
        """Step `n`, from 1. Raises TapeError where the tape has none or is damaged there."""
        step = self._steps.get(n)
        if step is None:
            found = self._found(n)
            try:
                step = decode.step(self, n, found)
                self._prove(n, found)
            except ValueError as error:
                raise TapeError(f"{self.path}: step {n} is damaged: {error}") from None
            if isinstance(step, Draw) or step.ended:
                _keep(self._steps, n, step, STEPS_KEPT)
        return step

    def head_of(self, n: int) -> list[Any]:
        """The first record of step `n`: its SEND or DRAW."""
        offset = self.index.start_of(n)
        if offset < 0:
            raise TapeError(f"{self.path}: there is no step {n} (it has {len(self.steps)})")
        if self.index.run_of(n) is not None:
            run = self._run(offset)
            if not run.n <= n < run.n + len(run.times):
                raise TapeError(f"{self.path}: step {n} is damaged: its draw is missing")
            return run.record(n)
        record = self._record(offset)
        if record[0] not in (records.SEND, records.DRAW) or record[1] != n:
            raise TapeError(f"{self.path}: step {n} is damaged: its first record is missing")
        return record

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

    def request_body(self, n: int) -> bytes:
        """The exact bytes that exchange `n` sent, proven by their hash."""
        body = self._bodies.get(n)
        if body is None:
            record = self.head_of(n)
            try:
                own = self._request_source(n)
                body = join(own, record[10], self._source, self._file.stored)
            except ValueError as error:
                raise TapeError(f"{self.path}: step {n} is damaged: {error}") from None
            if sha256(body).digest() != record[11]:
                raise TapeError(f"{self.path}: step {n} is damaged: its body is not as recorded")
            _keep(self._bodies, n, body, BODIES_KEPT)
        return body

    def fingerprint_at(self, n: int) -> str:
        """The chain up to step `n` (0: the start), hex."""
        if n < 1:
            return chain.START.hex()
        run = self.index.run_of(n)
        whole = run is None or n == run[0] + run[1] - 1
        entries = self.index.entry(n) + whole
        self._link(entries)
        value = _item(self._chain, entries)
        if run is not None and not whole:
            value = chain.chain(map(self.computed_meaning, range(run[0], n + 1)), value)
        return value.hex()

    def _link(self, entries: int) -> None:
        """Have the chain over so many single steps and runs."""
        value = bytes(self._chain[-MEANING:])
        plain = self.sealed and not self.index.counts
        while len(self._chain) <= entries * MEANING:
            n = self._linked + 1
            run = None if plain else self.index.run_of(n)
            if plain:
                value = chain.link(value, _item(self._meanings, n - 1))
            elif run is None:
                value = chain.link(value, self.meaning(n))
            elif self.sealed:
                value = self.claimed_proof(run)[MEANING:]
            else:
                value = self.proof(run, value)[MEANING:]
            self._linked = n if run is None else n + run[1] - 1
            self._chain += value

    def claimed_proof(self, run: tuple[int, int, int]) -> bytes:
        """What the index says of a run of draws: see FORMAT.md."""
        return _item(self._proofs, run[2], PROOF)

    def proof(self, run: tuple[int, int, int], before: bytes) -> bytes:
        """The same, made from its record; `before`: the chain before its first step."""
        start, count, _ = run
        meanings = [self.computed_meaning(n) for n in range(start, start + count)]
        return sha256(b"".join(meanings)).digest() + chain.chain(meanings, before)

    def meaning(self, n: int) -> bytes:
        """The hash of what step `n` means; zeros where it is missing or cannot be read."""
        if self.sealed and 1 <= n <= len(self.index.first) and self.index.run_of(n) is None:
            return _item(self._meanings, self.index.single(n))
        return self.computed_meaning(n)

    def computed_meaning(self, n: int) -> bytes:
        """The same, made from the records whatever the index says."""
        try:
            return decode.meaning(self, self._found(n))
        except (ValueError, TapeError):
            return bytes(MEANING)

    def canonical_url(self, url: str) -> str:
        """The URL as it enters the fingerprint. Raises ValueError for what is none."""
        origins = self.header.get("origins")
        return chain.canonical_url(url, origins if isinstance(origins, dict) else {})

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
        place = len(self.index.owners)
        self._scan()
        self._unlink(min(set(self.index.owners[place:]) - {0}, default=0))
        if self._closed:
            self._open_by_footer()
        return self.sealed or self.index.end > before

    def _unlink(self, n: int) -> None:
        """Forget the chain from step `n` on."""
        if 0 < n <= self._linked:
            del self._chain[(self.index.entry(n) + 1) * MEANING :]
            self._linked = n - 1

    @property
    def file(self) -> File | Packed:
        """The bytes that are read."""
        return self._file

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Tape:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def __repr__(self) -> str:
        return f"Tape({self.path!r}, {len(self.steps)} steps)"

    # Opening

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
            at_end = frames.read(self._file.pread, start, self._size, self.salt)
            record = records.checked(unpack(at_end.payload))
            if kind != records.FOOTER or record[0] != records.INDEX or at_end.end != frame.offset:
                return False
            index, meanings, proofs = Index.unpack(record, start)
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

    # Records

    def _found(self, n: int) -> list[list[Any]]:
        first = self.head_of(n)
        if self.index.run_of(n) is not None:
            return [first]
        found = [self._record(offset) for offset in self.index.of_step(n)]
        own = all(record[0] in records.STEP_KINDS and record[1] == n for record in found)
        if found[:1] != [first] or not own:
            raise TapeError(f"{self.path}: step {n} is damaged: a record of it is another's")
        return found

    def _of_kind(self, kind: int) -> list[list[Any]]:
        found = [self._record(offset) for offset in self.index.of_kind(kind)]
        if any(record[0] != kind for record in found):
            raise TapeError(f"{self.path}: damaged: the index does not name its records")
        return found

    def _prove(self, n: int, found: list[list[Any]]) -> None:
        """Raises ValueError where a step is not the one that was closed."""
        run = self.index.run_of(n) if self.sealed else None
        if run is not None and run[0] not in self._proven:
            if self.proof(run, b"")[:MEANING] != self.claimed_proof(run)[:MEANING]:
                raise ValueError("its run of draws is not the one that was closed")
            self._proven.add(run[0])
        if self.sealed and run is None and decode.meaning(self, found) != self.meaning(n):
            raise ValueError("it is not the one that the fingerprint was made from")
        if found[-1][0] == records.END:
            digest = sha256()
            for record in found:
                if record[0] == records.CHUNK:
                    digest.update(record[3])
            if digest.digest() != found[-1][5]:
                raise ValueError("its response is not as recorded")

    def _record(self, offset: int) -> list[Any]:
        record = self._records.get(offset)
        if record is None:
            try:
                payload = frames.read(self._file.pread, offset, self._size, self.salt).payload
                record = records.checked(unpack(payload))
            except (ValueError, OSError) as error:
                raise TapeError(f"{self.path}: damaged at byte {offset}: {error}") from None
            if len(payload) < SMALL_RECORD:
                _keep(self._records, offset, record, RECORDS_KEPT)
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
            _keep(self._runs, offset, run, RUNS_KEPT)
        return run

    def _read_atom(self, number: Any) -> Any:
        offset = self.index.of_atom(number) if type(number) is int else -1
        record = self._record(offset) if offset >= 0 else []
        if record[:2] != [records.ATOM, number]:
            raise TapeError(f"{self.path}: damaged: value {number} is not on the tape")
        if len(self._atoms) >= RECORDS_KEPT:
            self._atoms.clear()
        self._atoms[number] = record[2]
        return record[2]

    def _source(self, step: int, side: int) -> Source:
        return self._request_source(step) if side == records.REQUEST else self._reply_source(step)

    def _request_source(self, n: int) -> Source:
        record = self.head_of(n)
        if record[0] != records.SEND:
            raise ValueError(f"step {n} has no body")
        body = self._bodies.get(n)
        return Source(record[9] if body is None else [body], self.index.start_of(n))

    def _reply_source(self, n: int) -> Source:
        found = map(self._record, self.index.of_step(n, records.CHUNK))
        return Source([record[3] for record in found if record[:2] == [records.CHUNK, n]], 0)


class Steps(Sequence[Step]):
    """The steps of a tape, in order of their numbers, read when they are looked at."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        first = tape.index.first
        self._numbers: Sequence[int] = range(1, len(first) + 1)
        if NOWHERE in first:
            self._numbers = [n for n in self._numbers if first[n - 1] != NOWHERE]

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, position: int) -> Step: ...
    @overload
    def __getitem__(self, position: slice) -> list[Step]: ...
    def __getitem__(self, position: int | slice) -> Step | list[Step]:
        if isinstance(position, slice):
            return [self._tape.step(n) for n in self._numbers[position]]
        return self._tape.step(self._numbers[position])

    def __iter__(self) -> Iterator[Step]:
        for n in self._numbers:
            yield self._tape.step(n)


def _item(items: bytes | bytearray, place: int, size: int = MEANING) -> bytes:
    return bytes(items[place * size : (place + 1) * size])


def _keep(kept: OrderedDict[int, Any], key: int, value: Any, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
