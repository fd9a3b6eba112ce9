"""Time that costs nothing: asyncio's sleeps are skipped, and its timers fire in their order.

An event loop that would wait for its next timer has its clock moved there instead, so that
wake-ups, timeouts and answers keep the order that they had when time was real.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .held import held
from .hooks import AfterImport
from .naps import positive
from .threads import Threads
from .turns import gather, let_in

if TYPE_CHECKING:
    from .gate import Gate
    from .session import Session

GRACE = 0.001
SLICE = 0.05
PATIENCE = 5.0
OURS = "tracefork_pause"
_MARK = "_tracefork_virtual"


def watch_timers(session: Session, hooks: AfterImport, travelling: Callable[[], bool]) -> None:
    """Keep the order in which asyncio's sleeps and timers end.

    Both are numbered as they begin; those of the transport are no concern.
    """
    numbers = itertools.count(1)

    def aside() -> bool:
        return session.detached or travelling() or session.quiet()

    def patch_sleep(module: Any) -> None:
        """For loops that are not asyncio's own, whose timers are out of reach."""
        real = module.sleep

        async def sleep(delay: float, result: Any = None) -> Any:
            loop = module.events.get_running_loop
            if not positive(delay) or aside() or _has_timers(loop()):
                return await real(delay, result)
            await _asleep(session, next(numbers), delay, lambda: real(delay))
            return result

        sleep.__doc__, sleep.__qualname__, sleep.__module__ = real.__doc__, "sleep", real.__module__
        module.sleep = sleep
        package: Any = sys.modules.get("asyncio")
        if getattr(package, "sleep", None) is real:
            package.sleep = sleep

    def patch_timers(module: Any) -> None:
        real = module.BaseEventLoop.call_at

        def call_at(loop: Any, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
            if aside() or getattr(callback, "__name__", "") == OURS:
                return real(loop, when, callback, *args, context=context)
            timer = _Timer(session, loop, when, next(numbers), callback, args)
            timer.handle = real(loop, when, timer, context=context)
            return timer.handle

        call_at.__doc__, call_at.__qualname__ = real.__doc__, real.__qualname__
        module.BaseEventLoop.call_at = call_at

    def patch_selector(module: Any) -> None:
        def select(loop: Any, real: Callable[[Any], Any], timeout: float | None) -> Any:
            session.rounds += 1
            if timeout is None or timeout > 0:
                session.rested = True
            events = real(timeout)
            let_in(loop)
            return events

        _patch_select(module, select)

    hooks.on("asyncio.selector_events", patch_selector)
    hooks.on("asyncio.tasks", patch_sleep)
    hooks.on("asyncio.base_events", patch_timers)


def _has_timers(loop: Any) -> bool:
    """True if the loop is one of asyncio's own, where a sleep is a timer."""
    return isinstance(loop, sys.modules["asyncio.base_events"].BaseEventLoop)


async def _asleep(session: Session, number: int, delay: float, real: Callable[[], Any]) -> None:
    """A sleep; on replay it ends at its turn, and takes no time but the loop's own."""
    gate = session.gate
    loop = sys.modules["asyncio"].get_running_loop()
    until = loop.time() + delay
    try:
        if gate is None or not gate.has(-number):
            await real()
        if gate is not None:
            await gate.wait_async(-number)
            _reach(gate, number, loop, until)
    except BaseException:
        if gate is not None:
            gate.over(-number)
        raise
    session.timed(number)
    if gate is not None:
        gate.passed(-number)


class _Timer:
    """What a loop calls when a timer is due; on replay it goes off at its turn.

    One that did not go off in the recorded run waits until nothing else can happen.
    """

    def __init__(
        self, session: Session, loop: Any, when: float, number: int, callback: Any, args: Any
    ) -> None:
        self.handle: Any = None
        self._when = when
        self._session = session
        self._loop = loop
        self._number = number
        self._callback = callback
        self._args = args
        self._due = False
        self._over = False
        if session.gate is not None and session.gate.has(-number):
            session.gate.call(-number, loop, self._go_off)

    def __call__(self) -> None:
        self._due = True
        gate = self._session.gate
        if gate is None:
            self._go_off()
        elif not gate.has(-self._number):
            gate.call(-self._number, self._loop, self._go_off)

    def _go_off(self) -> None:
        gate, number = self._session.gate, self._number
        if gate is not None and not gate.has(-number) and not self._due:
            return
        if self._over or (self.handle is not None and self.handle.cancelled()):
            if gate is not None:
                gate.over(-number)
            return
        self._over = True
        self._session.timed(number)
        if gate is not None:
            _reach(gate, number, self._loop, self._when)
            gate.passed(-number, last=True)
        self._callback(*self._args)

    def __repr__(self) -> str:
        return repr(self._callback)


def _reach(gate: Gate, number: int, loop: Any, when: float) -> None:
    """Move the loop's clock on to `when`, for what came at its turn before it was due."""
    if is_virtual(loop) and gate.has(-number):
        setattr(loop, _MARK, getattr(loop, _MARK) + max(0.0, when - loop.time()))


def not_beyond(loop: Any, told: float) -> None:
    """Take the loop's clock back to what the agent was told: a deadline after it is to come yet."""
    if is_virtual(loop):
        setattr(loop, _MARK, getattr(loop, _MARK) - max(0.0, loop.time() - told))


class VirtualTime:
    """Skips waiting while the run is on the tape, and tells the gate when nothing moves."""

    def __init__(self, session: Session, threads: Threads) -> None:
        self._session = session
        self._threads = threads

    def install(self, hooks: AfterImport) -> None:
        hooks.on("asyncio.base_events", self._patch_clock)
        hooks.on("asyncio.selector_events", self._patch_selector)

    def _patch_clock(self, module: ModuleType) -> None:
        loop_class: Any = module.BaseEventLoop
        real = loop_class.time
        loop_class.time = lambda loop: real(loop) + getattr(loop, _MARK, 0.0) - held.lost

    def _patch_selector(self, module: ModuleType) -> None:
        _patch_select(module, self._select)
        setattr(module.BaseSelectorEventLoop, _MARK, 0.0)

    def _select(self, loop: Any, select: Callable[[Any], Any], timeout: float | None) -> Any:
        session = self._session
        if not session.policy.replaying:
            return select(timeout)
        if timeout is not None and timeout <= 0:
            session.gate.turned()
            return select(0)
        events = select(0) or self._from_threads(select, timeout)
        called = loop._ready  # by a thread, meanwhile
        if events or called or session.gate.quiet():
            return events
        if timeout is not None:
            setattr(loop, _MARK, getattr(loop, _MARK) + timeout)
            session.ahead.skip(timeout)
            return []
        return [] if session.gate.give_up() else select(None)

    def _from_threads(self, select: Callable[[Any], Any], timeout: float | None) -> Any:
        """What other threads that are at work tell the loop, in real time."""
        if threading.active_count() == 1:
            return []
        events = select(GRACE)
        until = _moved() + min(PATIENCE, PATIENCE if timeout is None else timeout)
        while not events and (held.now() or (self._threads.at_work() and _moved() < until)):
            events = select(SLICE)
        return events or select(0)


def _patch_select(module: Any, select: Callable[..., Any]) -> None:
    """Have `select(loop, real, timeout)` called where a loop waits."""
    loop_class = module.BaseSelectorEventLoop
    real_init = loop_class.__init__

    def __init__(loop: Any, selector: Any = None) -> None:
        real_init(loop, selector)
        gather(loop)
        real = loop._selector.select
        loop._selector.select = lambda timeout=None: select(loop, real, timeout)

    loop_class.__init__ = __init__


def _moved() -> float:
    """A clock that stands while the debugger's prompt is open."""
    return time.monotonic() - held.lost


def is_virtual(loop: Any) -> bool:
    """True if the loop's waiting is under our control."""
    return hasattr(loop, _MARK)
