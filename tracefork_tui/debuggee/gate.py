"""The recorded order, re-imposed on a replay.

Every response head, chunk and end on the parent's tape is a turn, and so is the end of every
asyncio sleep and timer. What is not due yet waits until the turns before its own are over. Where
nothing moves any more (threads that raced, a stream that is read in another rhythm) the gate
lets an answer out, and remembers that the order was not held.

In a loop whose time is virtual the next turn comes when the loop has nothing else to do, so that
what the turn before has set off is done by then; unless it came at once when it was recorded.

A turn is a step's number, or below zero a timer's (timers are counted as they begin) or, further
down, that of a call (`calls`) or, still further, of what a thread did by itself (`turns`), in the
order in which that ended.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Callable

from ..tape import records
from .answers import real_sleep
from .completion import Completion
from .held import held, monotonic
from .session import SLEPT
from .threads import Threads
from .virtual import is_virtual

if TYPE_CHECKING:
    import asyncio

    from ..tape.reader import Tape

PATIENCE = 0.25
GRACE = 0.002
LONGEST = 20
LONGEST_NAP = 240
QUIET = 4
FOLLOWED, MOST_FOLLOWED = 0.02, 0.25
DELIVERED = (records.HEAD, records.CHUNK, records.END)

FIRST = 1 << 41
"""Beyond the numbers of calls' turns."""
LOOK_AHEAD = 32
RESTLESS = 200

Wake = Callable[[bool], Any]  # called with True where it is let out of order


class Gate:
    """Whose turn it is. `held` is False once an answer had to be let out of order.

    `rounds` tells how often the event loop has gone round.
    """

    def __init__(self, tape: Tape | None, rounds: Callable[[], int], threads: Threads) -> None:
        self._by_task = ByTask()
        self.completion = Completion(tape, threads)
        self._tape = tape
        turns = _read(tape, self._by_task) if tape is not None else []
        self._turns = deque(turn for turn, _, _ in turns)
        self._after = deque(after for _, after, _ in turns)
        self._places = deque(place for _, _, place in turns)
        self._place = 0
        self._mover = 0
        self._left = Counter(self._turns)
        self._early: Counter[int] = Counter()
        self._condition = threading.Condition()
        self._waiting: dict[int, list[Wake]] = {}
        self._in_threads: Counter[int] = Counter()
        threads.about_to.append(lambda: any(map(self.mine, list(self._in_threads))))
        self._stalled: list[Wake] = []
        self._rounds = rounds
        self._threads = threads
        self._since = 0
        self._rested = False
        self._patient = False
        self._open = False
        self.held = True

    def of(self, tape: Tape | None) -> Gate:
        """The gate of another tape, for a forked child."""
        return Gate(tape, self._rounds, self._threads)

    def mine(self, turn: int) -> bool:
        """True if nothing is to come before this turn.

        A timer without a turn did not go off in the recorded run: all others come before it.
        """
        if self._open or not self._turns or self._turns[0] == turn:
            return True
        return turn > 0 and not self._left[turn]

    def has(self, turn: int) -> bool:
        """True if the recorded run came to this turn, and the replay has not yet."""
        return not self._open and bool(self._left[turn])

    def ready(self, turn: int) -> bool:
        """True if it is the turn, and the loop has come as far as it had."""
        return self.mine(turn) and (not self._left[turn] or self._due())

    def _due(self, begun: int = 0) -> bool:
        """True if the loop has come as far as it had when the next turn came.

        `begun`: 1 where a round begins that is not counted yet.
        """
        if self._rested or self._open or not self._patient or not self._after:
            return True
        passed, after = self._rounds() + begun - self._since, self._after[0]
        return passed >= (RESTLESS if after is None else after)

    def passed(self, turn: int, last: bool = False) -> None:
        """The delivery whose turn it was is over. `last`: so is this round of the loop."""
        with self._condition:
            if self._left[turn]:
                self._mover = threading.get_ident()
                self._left[turn] -= 1
                self._early[turn] += 1
                self._advance(1 if last else 0)

    def over(self, turn: int) -> None:
        """Nothing is delivered any more: the turns that are left are dropped."""
        with self._condition:
            if self._left[turn]:
                self._mover = threading.get_ident()
                self._early[turn] += self._left[turn]
                self._left[turn] = 0
                self._advance()

    def open(self) -> None:
        """Stop ordering: the run has left the tape."""
        with self._condition:
            self._open = True
            self._advance()
        self.completion.stop()

    def wait(self, turn: int, longest: int = LONGEST) -> None:
        """Wait for the turn, in a thread; the one whose turn was before does what it did then."""
        if not self.mine(turn):
            self._wait(turn, longest)
        if self._mover not in (0, threading.get_ident()):
            self._follow(turn)

    def _wait(self, turn: int, longest: int) -> None:
        with self._condition:
            before, still = len(self._turns), 0
            self._in_threads[turn] += 1
            while not self.mine(turn):
                if self._condition.wait(PATIENCE) or held.now() or len(self._turns) != before:
                    before, still = len(self._turns), 0
                    continue
                still += 1
                if still == longest or (still >= QUIET and not self._threads.at_work()):
                    self._skip(turn)
                    break
            self._in_threads -= Counter((turn,))

    def _skip(self, turn: int) -> None:
        """What was to come before this turn is waited for no more."""
        self.held = False
        while self._left[turn] and self._turns[0] != turn:
            before = self._turns.popleft()
            self._after.popleft()
            self._place = self._places.popleft()
            passed = self._early if self._early[before] else self._left
            passed[before] -= 1

    def number(self, number: int, task: str) -> int:
        """The turn of what a task did, 0 for none."""
        return self._by_task.take(number, task, self.over)

    def taken(self, number: int, task: str, kinds: tuple[str, ...]) -> tuple[int, str]:
        """Wait, in a thread, for the turn that is of one of these kinds; gives it and its kind."""
        for kind in kinds:
            turn = self.number(number, f"{kind} {task}")
            if turn:
                self.wait(turn)
                return turn, kind
        return 0, kinds[0]

    def nap(self, number: int, task: str, seconds: float) -> int:
        """Sleep, in a thread, until it is time to wake up; gives the turn, 0 for none."""
        turn = self.number(number, task)
        if turn:
            self.wait(turn, LONGEST_NAP)
            self._settle(seconds)
        elif threading.active_count() > 1:
            self._rest()
        return turn

    def _settle(self, seconds: float) -> None:
        """Let the other threads do what they did meanwhile."""
        until = monotonic() + seconds
        while threading.active_count() > 1 and self._threads.at_work() and monotonic() < until:
            real_sleep(GRACE)

    def _follow(self, turn: int) -> None:
        """Let the thread whose turn was before come as far as it had, if it needs that long."""
        with self._condition:
            if self._tape is None or self._open or not self._turns or self._turns[0] != turn:
                return
            times = [self._tape.time_at(place) for place in (self._place, self._places[0])]
        gap = (times[1] - times[0]) / 1e6
        until = monotonic() + min(max(gap, FOLLOWED), MOST_FOLLOWED)
        while self._threads.works(self._mover) and monotonic() < until:
            real_sleep(GRACE)

    def _rest(self) -> None:
        """Wait, in a thread, until no other is at work."""
        with self._condition:
            before, still = len(self._turns), 0
            for _ in range(LONGEST_NAP):
                moved = self._condition.wait(PATIENCE) or held.now() or self._threads.at_work()
                still = 0 if moved or len(self._turns) != before else still + 1
                before = len(self._turns)
                if still == QUIET:
                    return

    async def wait_async(self, turn: int) -> None:
        """Wait for the turn, in a task."""
        import asyncio

        self._patient = is_virtual(asyncio.get_running_loop())
        while not self.ready(turn):
            future, wake = _waiter()
            self._park(turn, wake)
            try:
                if await self._patiently(future):
                    return
            finally:
                self._forget(turn, wake)

    def call(self, turn: int, loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
        """Call the function from the loop when it is its turn."""
        self._patient = is_virtual(loop)

        def again() -> None:
            if self.ready(turn):
                function()
            else:
                self._park(turn, wake)

        def wake(let_out: bool) -> None:
            _later(loop, function if let_out else again)

        self._park(turn, wake)

    def _park(self, turn: int, wake: Wake) -> None:
        with self._condition:
            if self.ready(turn):
                wake(False)
            else:
                self._waiting.setdefault(turn, []).append(wake)

    async def stall(self) -> None:
        """Wait until nothing else can happen."""
        future, wake = _waiter()
        self._stalled.append(wake)
        try:
            await self._patiently(future)
        finally:
            if wake in self._stalled:
                self._stalled.remove(wake)

    async def _patiently(self, future: asyncio.Future[bool]) -> bool:
        if is_virtual(future.get_loop()):
            return await future
        timer = threading.Timer(PATIENCE, self.give_up)
        timer.daemon = True
        timer.start()
        try:
            return await future
        finally:
            timer.cancel()

    def quiet(self) -> bool:
        """The loop has nothing else to do: wake the one whose turn it is. False if none waits."""
        with self._condition:
            self._rested = bool(self._turns) and self._turns[0] in self._waiting
            if self._rested:
                self._wake_next()
            return self._rested

    def turned(self) -> None:
        """The loop goes round once more."""
        with self._condition:
            if self._waiting and self._due(begun=1):
                self._wake_next()

    def give_up(self) -> bool:
        """Nothing moves: let the first waiting one out of order. False if none waits."""
        with self._condition:
            due = next((turn for turn in self._turns if turn in self._waiting), 0)
            if due:
                self._skip(due)
            if self._waiting:
                wakes = self._waiting.pop(due or min(self._waiting, key=abs))
            else:
                wakes, self._stalled = self._stalled[:1], self._stalled[1:]
        for wake in wakes:
            wake(True)
        return bool(wakes)

    def _advance(self, hasty: int = 0) -> None:
        turns, early = self._turns, self._early
        while turns and early[turns[0]]:
            early[turns.popleft()] -= 1
            self._after.popleft()
            self._place = self._places.popleft()
            self._since, self._rested = self._rounds(), False
        self._condition.notify_all()
        if self._open or not turns:
            for turn in list(self._waiting):
                self._wake(turn)
        elif not self._patient or (self._after[0] is not None and self._after[0] <= hasty):
            self._wake_next()

    def _wake_next(self) -> None:
        """Wake the one whose turn it is, and those that came in the same round."""
        afters = chain((0,), islice(self._after, 1, LOOK_AHEAD))
        woken = set()
        for turn, after in zip(islice(self._turns, LOOK_AHEAD), afters):
            if after != 0 or (turn not in self._waiting and turn not in woken):
                break
            woken.add(turn)
            self._wake(turn)

    def _wake(self, turn: int) -> None:
        for wake in self._waiting.pop(turn, ()):
            wake(False)

    def _forget(self, turn: int, wake: Wake) -> None:
        with self._condition:
            wakes = self._waiting.get(turn, [])
            if wake in wakes:
                wakes.remove(wake)
                if not wakes:
                    del self._waiting[turn]


class ByTask:
    """The turns that are known by their task and place in it, each to be taken once."""

    def __init__(self) -> None:
        self._turns: dict[str, dict[tuple[int, str], int]] = {}
        self._last = -FIRST

    def add(self, number: int, task: str) -> int:
        self._last -= 1
        self._turns.setdefault(_group(task), {})[number, task] = self._last
        return self._last

    def take(self, number: int, task: str, over: Callable[[int], None]) -> int:
        """The turn of what a task did, 0 for none; tells which turns nobody will take any more.

        What one thread of a pool did another may do now.
        """
        group = _group(task)
        waiting = self._turns.get(group, {})
        turn = waiting.pop((number, task), 0)
        if group != task:
            return turn or (waiting.pop(next(iter(waiting))) if waiting else 0)
        while waiting and next(iter(waiting))[0] < number:
            over(waiting.pop(next(iter(waiting))))
        return turn


def _group(task: str) -> str:
    """The pool that a thread belongs to by its name, else the task."""
    name = task.rstrip("0123456789")
    return name if name != task and name.endswith("_") else task


def _read(tape: Tape, by_task: ByTask) -> list[tuple[int, int | None, int]]:
    """The turns of a tape in their order, each with how often the loop went round before it (None:
    it rested) and the place of its record.
    """
    ended = iter([note.data["over"] if note.kind == SLEPT else [] for note in tape.notes])
    turns: list[tuple[int, int | None, int]] = []
    after: int | None = None
    for place, (n, kind) in enumerate(zip(tape.index.owners, tape.index.kinds)):
        numbers = [n] if kind in DELIVERED else []
        if kind == records.NOTE:
            numbers = next(ended)
        for number in numbers:
            if isinstance(number, list):
                turns.append((by_task.add(*number), after, place))
                after = None
            elif number <= 0:
                after = -number
            else:
                turns.append((number if kind in DELIVERED else -number, after, place))
                after = None
    return turns


def _waiter() -> tuple[asyncio.Future[bool], Wake]:
    """A future of the running loop, and what resolves it from anywhere."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[bool] = loop.create_future()

    def done(let_out: bool) -> None:
        if not future.done():
            future.set_result(let_out)

    return future, lambda let_out: _soon(loop, lambda: done(let_out))


def _soon(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    """At once within the loop itself, so that nothing comes in between."""
    from asyncio import _get_running_loop

    if _get_running_loop() is loop:
        function()
    else:
        _later(loop, function)


def _later(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        pass
