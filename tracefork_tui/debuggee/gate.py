"""The recorded order, re-imposed on a replay.

Every response head, chunk and end on the parent's tape is a turn, and so is the end of every
asyncio sleep and timer. What is not due yet waits until the turns before its own are over. Where
nothing moves any more (threads that raced, a stream that is read in another rhythm) the gate
lets an answer out, and remembers that the order was not held.

In a loop whose time is virtual the next turn comes when the loop has nothing else to do, so that
what the turn before has set off is done by then; unless it came at once when it was recorded.
"""

from __future__ import annotations

import threading
from _thread import get_ident  # the real one: an agent's threading.get_ident() is looked at
from collections import Counter
from collections.abc import Iterable
from itertools import dropwhile
from typing import TYPE_CHECKING, Any, Callable

from . import trios
from .completion import Completion
from .held import held, monotonic, real_sleep
from .names import in_loop
from .order import FIRST, LOOK_AHEAD, RESTED, Order
from .threads import LONGEST, PATIENCE, QUIET, Threads
from .virtual import is_virtual

if TYPE_CHECKING:
    import asyncio

    from ..tape.reader import Tape

GRACE = 0.002
LONGEST_NAP = 240
LONGEST_HOLD = 2.0
FOLLOWED, MOST_FOLLOWED = 0.02, 0.25
MOST_AT_ONCE = 4096
MOST_CANCELS = 1000
RESTLESS = 200

Wake = Callable[[bool], Any]  # called with True where it is let out of order


class Gate:
    """Whose turn it is. `held` is False once an answer had to be let out of order.

    `rounds` tells how often the event loop has gone round.
    """

    def __init__(self, tape: Tape | None, rounds: Callable[[], int], threads: Threads) -> None:
        self.completion = Completion(tape, threads)
        self._tape = tape
        self._order = Order(tape)
        self._mover = 0
        self._condition = threading.Condition()
        self._waiting: dict[int, list[Wake]] = {}
        self._in_threads: Counter[int] = Counter()
        threads.about_to.append(lambda: any(map(self.mine, list(self._in_threads))))
        self._woken: set[int] = set()
        self._stalled: list[Wake] = []
        self._rounds = rounds
        self._threads = threads
        self._since = 0
        self._by_threads: set[int] = set()
        self._taken: set[int] = set()
        self._holds = True
        self._rested = False
        self._patient = False
        self._open = False
        self.opened: list[Callable[[], None]] = []
        self._waited = 0
        self.held = True

    def of(self, tape: Tape | None) -> Gate:
        """The gate of another tape, for a forked child."""
        return Gate(tape, self._rounds, self._threads)

    def mine(self, turn: int) -> bool:
        """True if nothing is to come before this turn.

        A timer without a turn did not go off in the recorded run: all others come before it.
        """
        if self._open or self._order.is_first(turn):
            return True
        return turn > 0 and not self._order.has(turn)

    def waited(self) -> int:
        """Microseconds that the recorded run waited for the turns that have come."""
        with self._condition:
            for place in self._order.newly_passed():
                if self._tape is not None:
                    self._waited += self._tape.time_since(place)
            return self._waited

    def has(self, turn: int) -> bool:
        """True if the recorded run came to this turn, and the replay has not yet."""
        return not self._open and self._order.has(turn)

    def ready(self, turn: int) -> bool:
        """True if it is the turn, and the loop has come as far as it had."""
        return self.mine(turn) and (not self._order.has(turn) or self._due())

    def _due(self, begun: int = 0) -> bool:
        """True if the loop has come as far as it had when the next turn came.

        `begun`: 1 where a round begins that is not counted yet.
        """
        if self._rested or self._open or not self._patient or not self._order:
            return True
        passed, after = self._rounds() + begun - self._since, self._order.first.after
        return passed >= (RESTLESS if after == RESTED else after)

    def passed(self, turn: int, last: bool = False) -> None:
        """The delivery whose turn it was is over. `last`: so is this round of the loop."""
        with self._condition:
            if self._order.has(turn):
                self._mover = get_ident()
                self._order.came(turn)
                self._woken.discard(turn)
                if self._patient and not in_loop():
                    self._by_threads.add(turn)
                self._advance(1 if last else 0)

    def over(self, turn: int) -> None:
        """Nothing is delivered any more: the turns that are left are dropped."""
        with self._condition:
            if self._order.has(turn):
                self._mover = get_ident()
                self._order.came(turn, for_good=True)
                self._woken.discard(turn)
                self._advance()

    def open(self) -> None:
        """Stop ordering: the run has left the tape."""
        with self._condition:
            self._open = True
            self._advance()
        self.completion.stop()
        for opened in self.opened:
            opened()

    def wait(self, turn: int, longest: int = LONGEST) -> None:
        """Wait for the turn, in a thread; the one whose turn was before does what it did then."""
        self._by_threads.add(turn)
        if not self.mine(turn):
            self._wait(turn, longest)
        if self._mover not in (0, get_ident()):
            self._follow(turn)

    def _wait(self, turn: int, longest: int) -> None:
        with self._condition:
            self._in_threads[turn] += 1
            due = self._threads.wait(
                self._condition, lambda: self.mine(turn), lambda: len(self._order), longest
            )
            if not due:
                self._skip(turn)
            self._in_threads -= Counter((turn,))

    def _skip(self, turn: int) -> None:
        """What was to come before this turn is waited for no more."""
        self.held = False
        self._order.skip_to(turn)

    def number(self, number: int, task: str) -> int:
        """The turn of what a task did, 0 for none."""
        with self._condition:
            turn, missed = self._order.by_task.take(number, task)
            for one in missed:
                self.over(one)
            self._taken.add(turn)
            return turn

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
            order = self._order
            if self._tape is None or self._open or not order or order.first.number != turn:
                return
            times = [self._tape.time_at(place) for place in (order.place, order.first.place)]
        gap = (times[1] - times[0]) / 1e6
        until = monotonic() + min(max(gap, FOLLOWED), MOST_FOLLOWED)
        while self._threads.works(self._mover) and monotonic() < until:
            real_sleep(GRACE)

    def _rest(self) -> None:
        """Wait, in a thread, until no other is at work."""
        with self._condition:
            before, still = len(self._order), 0
            for _ in range(LONGEST_NAP):
                moved = self._condition.wait(PATIENCE) or held.now() or self._threads.at_work()
                still = 0 if moved or len(self._order) != before else still + 1
                before = len(self._order)
                if still == QUIET:
                    return

    async def wait_async(self, turn: int, cancelled: bool = False) -> None:
        """Wait for the turn, in a task. One that was `cancelled` waits for nobody: it is there
        after so many rounds of the loop as it took to let go.
        """
        trio = trios.running()
        if trio is not None:
            if not cancelled and not await trios.wait(
                trio, lambda: self.mine(turn), lambda: len(self._order)
            ):
                with self._condition:
                    self._skip(turn)
            return
        import asyncio

        self._patient = is_virtual(asyncio.get_running_loop())
        self._hold(lambda: self._only_threads_before(turn))
        for _ in range(MOST_CANCELS if cancelled else 0):
            try:
                while not self.ready(turn) and self._soon(turn):
                    await asyncio.sleep(0)
                await self._wait_async(turn)
                return
            except asyncio.CancelledError:
                continue  # again: a transport that lets go is shielded
        await self._wait_async(turn)

    def _soon(self, turn: int) -> bool:
        """True if the loop comes to this turn without a rest."""
        return self._patient and self._rounds() - self._since < self._order.to(turn)

    async def _wait_async(self, turn: int) -> None:
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
                self._woken.add(turn)
                wake(False)
            else:
                self._woken.discard(turn)
                self._waiting.setdefault(turn, []).append(wake)

    async def stall(self) -> None:
        """Wait until nothing else can happen."""
        trio = trios.running()
        if trio is not None:
            await trio.sleep(trios.FOR_EVER)
            return
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
            self._rested = bool(self._order) and self._order.first.number in self._waiting
            if self._rested:
                self._wake_next()
            return self._rested

    def turned(self) -> None:
        """The loop goes round once more."""
        with self._condition:
            self._hold(self._behind)
            if self._waiting and self._due(begun=1):
                self._wake_next()

    def let_in(self) -> None:
        """What threads called came in this round of the loop."""
        with self._condition:
            if self._waiting and self._due():
                self._wake_next()

    def _hold(self, behind: Callable[[], bool]) -> None:
        """Let threads come as far as they had when the loop went on, while they are behind."""
        if not self._patient or self._open or not behind():
            return
        until = monotonic() + LONGEST_HOLD
        with self._condition:
            while self._holds and behind() and self._threads.at_work():
                self._condition.wait(GRACE)
                self._holds = monotonic() < until

    def _behind(self) -> bool:
        """True if threads have turns before what comes in this round of the loop, or in it."""
        passed, threads, due = self._rounds() + 1 - self._since, False, False
        for turn, after in self._order.ahead(LOOK_AHEAD):
            if not due and after == RESTED and self._of_thread(turn):
                threads = True
                continue
            due = after == 0 if due else RESTED < after <= passed
            if not due:
                break
            if threads or (turn < -FIRST and turn not in self._taken):
                return True
        return False

    def _only_threads_before(self, turn: int) -> bool:
        """True if threads have turns before this one, and nothing else has, in this round."""
        threads = False
        for number, after in self._order.ahead(LOOK_AHEAD):
            if number == turn:
                return threads and RESTED < after <= self._rounds() - self._since
            if after != RESTED or not self._of_thread(number):
                return False
            threads = True
        return False

    def _of_thread(self, turn: int) -> bool:
        """True for what a thread does by itself."""
        own = turn < -FIRST and turn not in self._order.by_task.calls
        return own or turn in self._by_threads

    def give_up(self) -> bool:
        """Nothing moves: let the first waiting one out of order. False if none waits."""
        with self._condition:
            due = self._order.first_of(self._waiting)
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
        if self._order.advance():
            self._rested = False
            if in_loop():
                self._since = self._rounds()
        self._condition.notify_all()
        if not self._waiting:
            return
        if self._open or not self._order:
            for turn in list(self._waiting):
                self._wake(turn)
        elif hasty or not self._patient or self._order.first.after == 0:
            self._wake_next(bool(hasty))

    def _wake_next(self, timers: bool = False) -> None:
        """Wake the one whose turn it is, and those that came in the same round.

        `timers`: timers go off, the last that a round does. An answer that comes in the next round
        was set off before the first of them, and is woken then.
        """
        turns: Iterable[tuple[int, int]] = self._order.ahead(MOST_AT_ONCE)
        if timers:
            turns = dropwhile(self._goes_off, turns)
        first = True
        for turn, after in turns:
            if timers and (turn < 0 or (first and not RESTED < after <= 1)):
                break
            if (not first and after != 0) or (
                turn not in self._waiting and turn not in self._woken
            ):
                break
            first = False
            self._wake(turn)

    def _goes_off(self, turn: tuple[int, int]) -> bool:
        """True if this is a timer that was woken for the round of the loop that is going on, or
        what a thread does meanwhile.
        """
        number, after = turn
        if number < -FIRST:
            return after == RESTED
        return after == 0 and number < 0 and number not in self._waiting

    def _wake(self, turn: int) -> None:
        self._woken.add(turn)
        for wake in self._waiting.pop(turn, ()):
            wake(False)

    def _forget(self, turn: int, wake: Wake) -> None:
        with self._condition:
            self._woken.discard(turn)
            wakes = self._waiting.get(turn, [])
            if wake in wakes:
                wakes.remove(wake)
                if not wakes:
                    del self._waiting[turn]


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
