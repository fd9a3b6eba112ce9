"""The turns of a recorded run, in the order in which they came.

A turn is a step's number, or below zero a timer's (timers are counted as they begin) or, further
down, that of a call (`calls`) or, still further, of what a thread did by itself (`turns`), in the
order in which that ended.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..tape import records
from .session import SLEPT
from .turns import CALL

if TYPE_CHECKING:
    from ..tape.reader import Tape

FIRST = 1 << 41
"""Beyond the numbers of calls' turns."""
RESTED = -1
LOOK_AHEAD = 32
DELIVERED = (records.HEAD, records.CHUNK, records.END)


class Turn(NamedTuple):
    """A turn, how often the loop went round before it (RESTED: until it rested, or it is a
    thread's), and the place of its record.
    """

    number: int
    after: int
    place: int


class Order:
    """The turns that are still to come.

    One that came before it was due stays in its place until then. `place` is that of the last
    turn's record.
    """

    def __init__(self, tape: Tape | None) -> None:
        self.by_task = ByTask()
        turns = list(_turns(tape, self.by_task)) if tape is not None else []
        self._numbers, self._afters, self._places = (
            array("q", [turn[column] for turn in turns]) for column in range(3)
        )
        self._at = self._told = 0
        self._left = Counter(self._numbers)
        self._early: Counter[int] = Counter()
        self.place = 0

    def __bool__(self) -> bool:
        return self._at < len(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers) - self._at

    @property
    def first(self) -> Turn:
        """The next turn. Raises IndexError where none is left."""
        return Turn(self._numbers[self._at], self._afters[self._at], self._places[self._at])

    def has(self, turn: int) -> bool:
        """True if the turn is still to come."""
        return bool(self._left[turn])

    def is_first(self, turn: int) -> bool:
        """True if nothing else is to come before."""
        return not self or self._numbers[self._at] == turn

    def ahead(self, most: int) -> Iterator[tuple[int, int]]:
        """The next turns, each with how often the loop went round before it."""
        end = min(self._at + most, len(self._numbers))
        return ((self._numbers[at], self._afters[at]) for at in range(self._at, end))

    def to(self, turn: int) -> int:
        """How often the loop goes round until this turn, 0 where it rests before."""
        rounds = 0
        for number, after in self.ahead(LOOK_AHEAD):
            if after != RESTED:
                rounds += after
            elif number >= -FIRST:
                return 0
            if number == turn:
                return rounds
        return 0

    def first_of(self, turns: dict[int, Any]) -> int:
        """Which of these turns comes first, 0 for none."""
        numbers = (self._numbers[at] for at in range(self._at, len(self._numbers)))
        return next((turn for turn in numbers if turn in turns), 0)

    def came(self, turn: int, for_good: bool = False) -> None:
        """The turn came, where it was still to come; `for_good`: as often as it was to."""
        times = self._left[turn] if for_good else min(1, self._left[turn])
        self._left[turn] -= times
        self._early[turn] += times

    def advance(self) -> bool:
        """Go on to the first turn that has not come; True if that is another than before."""
        before = self._at
        while self and self._early[self._numbers[self._at]]:
            self._early[self._next()] -= 1
        return self._at != before

    def newly_passed(self) -> Iterable[int]:
        """The places of the turns that came, or were skipped, since this was asked last."""
        told, self._told = self._told, self._at
        return self._places[told : self._at]

    def skip_to(self, turn: int) -> None:
        """What was to come before this turn does not come, or came already."""
        while self._left[turn] and not self.is_first(turn):
            before = self._next()
            passed = self._early if self._early[before] else self._left
            passed[before] -= 1

    def _next(self) -> int:
        number, _, self.place = self.first
        self._at += 1
        return number


class ByTask:
    """The turns that are known by their task and place in it, each to be taken once.

    `calls`: those of calls of threads into a loop, which come where the loop makes them.
    """

    def __init__(self) -> None:
        self.calls: set[int] = set()
        self._turns: dict[str, dict[tuple[int, str], int]] = {}
        self._last = -FIRST

    def add(self, number: int, task: str) -> int:
        self._last -= 1
        if task.startswith(f"{CALL} "):
            self.calls.add(self._last)
        self._turns.setdefault(_group(task), {})[number, task] = self._last
        return self._last

    def take(self, number: int, task: str) -> tuple[int, list[int]]:
        """The turn of what a task did, 0 for none, and the turns nobody will take any more.

        What one thread of a pool did another may do now.
        """
        group = _group(task)
        waiting = self._turns.get(group, {})
        turn = waiting.pop((number, task), 0)
        if group != task:
            return turn or (waiting.pop(next(iter(waiting))) if waiting else 0), []
        missed = []
        while waiting and next(iter(waiting))[0] < number:
            missed.append(waiting.pop(next(iter(waiting))))
        return turn, missed


def _group(task: str) -> str:
    """The pool that a thread belongs to by its name, else the task."""
    name = task.rstrip("0123456789")
    return name if name != task and name.endswith("_") else task


def _turns(tape: Tape, by_task: ByTask) -> Iterator[Turn]:
    ended = iter([note.data["over"] if note.kind == SLEPT else [] for note in tape.notes])
    after = RESTED
    for place, (n, kind) in enumerate(zip(tape.index.owners, tape.index.kinds)):
        if kind in DELIVERED:
            yield Turn(n, after, place)
            after = RESTED
        elif kind == records.NOTE:
            for number in next(ended):
                if isinstance(number, list):
                    yield Turn(by_task.add(*number), after, place)
                    after = RESTED
                elif number <= 0:
                    after = -number
                else:
                    yield Turn(-number, after, place)
                    after = RESTED
