"""The draws of a tape, to be fed back: by name, oldest first, read as they are needed. And the
answers that its exchanges received.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import compress, takewhile
from typing import TYPE_CHECKING, Any

from ..tape import records
from ..tape.errors import TapeError

if TYPE_CHECKING:
    from ..tape.answer import Answer
    from ..tape.reader import Tape

Key = tuple[str, str, bytes]  # method, canonical URL, SHA-256 of the body
AHEAD = 16
MOST = 64
LARGEST = 1 << 18  # bytes of answers that are read ahead


class Stretch:
    """Draws of one name and task that one record of the tape holds, `n` being the next of them.

    `values` and `numbers` are those of all of them; the first `fit` can be fed one after the
    other without asking what the rest of the tape holds. `given`: of a call, what its arguments
    hash to.
    """

    def __init__(self, tape: Tape, task: str, numbers: Sequence[int], given: bytes = b"") -> None:
        self.task = task
        self.given = given
        self.numbers = numbers
        self.next = self.fit = 0
        self.values: Sequence[Any] = ()
        self._tape = tape

    @property
    def n(self) -> int:
        return self.numbers[self.next]

    @property
    def over(self) -> bool:
        return self.next >= len(self.numbers)

    def take(self, until: int) -> tuple[Any, str]:
        """The next one's value and type; those after it fit where their steps are below `until`."""
        record = self._tape.head_of(self.n)
        if len(self.numbers) > 1 and not self.values:
            run = self._tape.run(self.n)
            self.values = [run.values[n - run.n] for n in self.numbers]
            kinds = {run.sources[run.which[n - run.n]][4] for n in self.numbers}
            self.fit = len(self.numbers) if len(kinds) == 1 and self.numbers[-1] < until else 0
        self.next += 1
        return record[-1], self._tape.atom(record[7])


class Draws:
    """What a tape holds of each name."""

    def __init__(self, tape: Tape) -> None:
        self._waiting: dict[str, deque[Stretch]] = {}
        self.count = 0
        n, steps = 1, len(tape.index.first)
        while n <= steps:
            kind = tape.index.kind_of(n)
            if kind in (records.DRAW, records.CALL):
                self._single(tape, n)
            elif kind == records.DRAWS:
                n = self._run(tape, n)
            n += 1

    def first(self, name: str, task: str, asked: bytes = b"") -> Stretch | None:
        """The oldest draw of this task, else the oldest; of calls, given what is `asked`."""
        waiting = self._waiting.get(name)
        while waiting and waiting[0].over:
            waiting.popleft()
        found: Stretch | None = None
        for stretch in waiting or ():
            if stretch.over or (asked and stretch.given not in (b"", asked)):
                continue
            if stretch.task == task:
                return stretch
            found = found or stretch
        return found

    @property
    def left(self) -> bool:
        return any(self.has(name) for name in self._waiting)

    def has(self, name: str) -> bool:
        return any(not stretch.over for stretch in self._waiting.get(name, ()))

    def before(self, n: int) -> bool:
        """True if a draw before step `n` is left."""
        for waiting in self._waiting.values():
            while waiting and waiting[0].over:
                waiting.popleft()
            early = takewhile(lambda stretch: stretch.numbers[0] < n, waiting)
            if any(not stretch.over and stretch.n < n for stretch in early):
                return True
        return False

    def _single(self, tape: Tape, n: int) -> None:
        record = tape.head_of(n)
        name, task = tape.atom(record[6]), tape.atom(record[3])
        self.count += 1
        given = record[8] if record[0] == records.CALL else b""
        self._waiting.setdefault(name, deque()).append(Stretch(tape, task, (n,), given))

    def _run(self, tape: Tape, n: int) -> int:
        """The stretches of a run of draws; gives its last step."""
        sources, which = tape.sources(n)
        self.count += len(which)
        said = [(tape.atom(source[3]), tape.atom(source[0])) for source in sources]
        for name, task in dict.fromkeys(said):
            numbers: Sequence[int] = range(n, n + len(which))
            if len(set(said)) > 1:
                mine = bytes(place == (name, task) for place in said).ljust(256, b"\0")
                numbers = list(compress(numbers, which.translate(mine)))
            self._waiting.setdefault(name, deque()).append(Stretch(tape, task, numbers))
        return n + len(which) - 1


class Replies:
    """What exchanges of a tape received, by step: `asked` says what each was asked.

    Those of the next steps are read along, while our code is in the processor's caches: between
    two answers the agent's work drives it out.
    """

    def __init__(self, tape: Tape, asked: dict[int, Key]) -> None:
        self._tape = tape
        self._asked = asked
        self._read: dict[int, tuple[Answer, str]] = {}

    def take(self, n: int) -> tuple[Answer, str]:
        """The answer of exchange `n`, and how it ended. Raises TapeError."""
        found = self._read.pop(n, None)
        if found is None:
            found = self._tape.answer(n, self._asked[n])
            self._read_along(n, LARGEST - _size(found))
        return found

    def _read_along(self, n: int, room: int) -> None:
        if len(self._read) > MOST:
            self._read.clear()
        for later in range(n + 1, n + AHEAD):
            if room < 0 or later in self._read or later not in self._asked:
                continue
            try:
                found = self._read[later] = self._tape.answer(later, self._asked[later])
            except TapeError:
                continue
            room -= _size(found)


def _size(read: tuple[Answer, str]) -> int:
    return sum(map(len, read[0].chunks))
