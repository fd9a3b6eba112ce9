"""The reader: a tape opened at the cost of its index, its bodies read when they are looked at.

What is read is proven as it is read: a record by its checksum, a step by its meaning in the
index, a body by its hash. The index itself is believed only as far as its records bear it out;
`check` reads everything.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from types import TracebackType
from typing import Any, overload

from . import decode, records
from .answer import Answer
from .bodies import Source, cut, join, range_of, size_of
from .errors import TapeError
from .index import NOWHERE
from .proven import Proven
from .recorded import keep
from .steps import Draw, Note, Outcome, Step

STEPS_KEPT = 64
BODIES_KEPT = 2
HEAVY = 1 << 20
STARTS_KEPT = 4
HOPS = 32  # from a body to the ones that it starts with


class Tape(Proven):
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
    twice, the second time `like` the first, whose index it then shares where the tape was closed.
    A context manager; `close` lets go of the file.

    Raises TapeError, one line that names the file and the place: on opening for what is no tape,
    and on looking at what is damaged (NewerVersion, a TapeError, for a format that is to come).
    IndexError for a place that `steps` does not have.
    """

    def __init__(self, path: str | os.PathLike[str], like: Tape | None = None) -> None:
        self._steps: OrderedDict[int, Step] = OrderedDict()
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._starts: list[tuple[set[int], bytes]] = []
        super().__init__(path, like)

    @property
    def steps(self) -> Steps:
        first = self.index.first
        numbers: Sequence[int] = range(1, len(first) + 1)
        if NOWHERE in first:
            numbers = [n for n in numbers if first[n - 1] != NOWHERE]
        return Steps(self, numbers)

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
                keep(self._steps, n, step, STEPS_KEPT)
        return step

    def answer(self, n: int, asked: decode.Asked) -> tuple[Answer, str]:
        """What exchange `n` received, to be served again, and how it ended: as its step says, at
        the cost of these alone. `asked`: the request, which was read before; it is proven by what
        the step means.
        """
        found = self._received(n)
        try:
            answer = decode.answer(self, found)
            self._prove(n, found, asked)
        except ValueError as error:
            raise TapeError(f"{self.path}: step {n} is damaged: {error}") from None
        return answer

    def request_body(self, n: int) -> bytes:
        """The exact bytes that exchange `n` sent, proven by their hash."""
        body = self._bodies.get(n)
        if body is None:
            record = self.head_of(n)
            try:
                body = join(self._own(n), record[10], self._source, self._file.stored)
            except ValueError as error:
                raise TapeError(f"{self.path}: step {n} is damaged: {error}") from None
            if sha256(body).digest() != record[11]:
                raise TapeError(f"{self.path}: step {n} is damaged: its body is not as recorded")
            keep(self._bodies, n, body, BODIES_KEPT if len(body) < HEAVY else 1)
        return body

    def request_part(self, n: int, start: int, size: int) -> bytes:
        """`size` bytes from `start` on of what exchange `n` sent: no more than that is put
        together, and it is proven by nothing but the checksums of its records.
        """
        try:
            pieces, offset = self._request_source(n)
            own = Source(cut(pieces, start, size), offset)
            return join(own, size, self._source, self._file.stored)
        except ValueError as error:
            raise TapeError(f"{self.path}: step {n} is damaged: {error}") from None

    def request_start(self, n: int, size: int) -> bytes:
        """The first `size` bytes of what exchange `n` sent, or all there are: as `request_part`,
        at little cost where one of the last that were asked for starts like it.
        """
        passed = {n}
        step, length = self._starts_like(n)
        known = self._known_start(n, size)
        while known is None and 0 < step < min(passed) and length >= size:
            passed.add(step)
            known = self._known_start(step, size)
            step, length = self._starts_like(step)
        if known is None:
            last = min(passed)
            start = self.request_part(last, 0, min(size, self.head_of(last)[10]))
            if len(start) < size:
                return start
            known = set(), start
            self._starts = [known, *self._starts[: STARTS_KEPT - 1]]
        known[0].update(passed)
        return known[1]

    def _known_start(self, n: int, size: int) -> tuple[set[int], bytes] | None:
        for known in self._starts:
            if n in known[0] and len(known[1]) == size:
                return known
        return None

    def __enter__(self) -> Tape:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Tape({self.path!r}, {len(self.steps)} steps)"

    def _own(self, n: int) -> Source:
        """The pieces of a request, its start in one where that is at hand."""
        pieces, offset = self._request_source(n)
        start, size = self._at_hand(n), sum(map(size_of, pieces))
        if not 0 < len(start) < size:
            return Source([start] if start else pieces, offset)
        return Source([start, *cut(pieces, len(start), size - len(start))], offset)

    def _at_hand(self, n: int) -> bytes | memoryview:
        """What the body of step `n` starts with, from a later one that starts like it and was
        looked at: stepping back does not put the whole conversation together again.
        """
        for step, body in reversed(self._bodies.items()):
            known = len(body)
            for _ in range(HOPS):
                step, length = self._starts_like(step)
                known = min(known, length)
                if step <= n:
                    break
            if step == n:
                return range_of(body, 0, known)
        return b""

    def _starts_like(self, n: int) -> tuple[int, int]:
        """The step whose body that of step `n` starts with, and how many bytes of it; 0, 0 where
        it starts with bytes of its own.
        """
        try:
            record = self.head_of(n)
            first = record[9][0] if record[0] == records.SEND and record[9] else None
            if isinstance(first, list) and first[1:3] == [records.REQUEST, 0] and size_of(first):
                return first[0], first[3]
        except (ValueError, TapeError):
            pass
        return 0, 0

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
    """The steps of a tape of these numbers, read when they are looked at."""

    def __init__(self, tape: Tape, numbers: Sequence[int]) -> None:
        self._tape = tape
        self._numbers = numbers

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


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
