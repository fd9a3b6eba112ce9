"""Waits of threads for each other with a limit of time: on replay each ends as it had, and one
that was in vain takes no time.

Those of the user's own code count, its waits for futures among them, and a `threading.Timer`'s.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, Callable

from .ahead import SECOND
from .callers import ours
from .names import in_loop, task_name
from .session import Session
from .standin import like
from .turns import Turns

FUTURES = os.path.join("concurrent", "futures", "_base.py")
WOKEN, LATE = "woken", "late"
LONGEST = 20.0
"""Seconds for what came within the limit in the recorded run."""


def install(session: Session, turns: Turns, aside: Callable[[], bool]) -> None:
    waits = _Waits(session, turns, aside)
    waits.event()
    waits.semaphore()
    waits.join()
    waits.condition()


class _Waits:
    def __init__(self, session: Session, turns: Turns, aside: Callable[[], bool]) -> None:
        self._session = session
        self._turns = turns
        self._aside = aside
        self._timer = threading.Timer.run.__code__

    def event(self) -> None:
        real = threading.Event.wait

        def wait(event: Any, timeout: float | None = None) -> bool:
            if timeout is None or not self._counts(sys._getframe(1)):
                return real(event, timeout)
            wait = partial(real, event)
            return bool(self._wait("", timeout, wait, takes=lambda: not event.is_set()))

        _put(threading.Event, wait, real)

    def semaphore(self) -> None:
        real = threading.Semaphore.acquire

        def acquire(semaphore: Any, blocking: bool = True, timeout: float | None = None) -> bool:
            if timeout is None or not blocking or not self._counts(sys._getframe(1)):
                return real(semaphore, blocking, timeout)
            return bool(self._wait(" acquire", timeout, lambda t: real(semaphore, True, t)))

        _put(threading.Semaphore, acquire, real)

    def join(self) -> None:
        real = threading.Thread.join

        def join(thread: Any, timeout: float | None = None) -> None:
            if timeout is None or not self._counts(sys._getframe(1)):
                real(thread, timeout)
                return

            def ended(seconds: float) -> bool:
                real(thread, seconds)
                return not thread.is_alive()

            self._wait(" join", timeout, ended, takes=thread.is_alive)

        _put(threading.Thread, join, real)

    def condition(self) -> None:
        real, real_for = threading.Condition.wait, threading.Condition.wait_for

        def wait(condition: Any, timeout: float | None = None) -> bool:
            if timeout is None or not self._lets_go(condition, sys._getframe(1)):
                return real(condition, timeout)
            wait = partial(real, condition)
            return bool(self._wait(" condition", timeout, wait, condition))

        def wait_for(condition: Any, predicate: Any, timeout: float | None = None) -> Any:
            if timeout is None or not self._lets_go(condition, sys._getframe(1)):
                return real_for(condition, predicate, timeout)
            wait = partial(real_for, condition, predicate)
            return self._wait(" condition", timeout, wait, condition, vain=predicate)

        _put(threading.Condition, wait, real)
        _put(threading.Condition, wait_for, real_for)

    def _lets_go(self, condition: Any, frame: FrameType) -> bool:
        return self._counts(frame) and bool(condition._is_owned())

    def _counts(self, frame: FrameType) -> bool:
        """True where the user waits, by the frame that asks for it.

        Of what `as_completed` waits for the order is told in another way (`arrivals`).
        """
        code, callers = frame.f_code, self._session.callers
        if ours(code.co_filename) or self._aside() or in_loop():
            return False
        if code.co_filename.endswith(FUTURES):
            return code.co_name != "as_completed" and callers.waits(frame)
        return code is self._timer or callers.user(frame)

    def _wait(
        self,
        kind: str,
        seconds: float,
        real: Callable[[float], Any],
        lock: Any = None,
        takes: Callable[[], bool] = lambda: True,
        vain: Callable[[], Any] = bool,
    ) -> Any:
        """What `real(seconds)` gives, or `vain()`, false, where it was in vain.

        `lock`: a condition, of which the wait lets go. `takes()`: whether it has to be waited for.
        """
        session, task = self._session, task_name()
        woken, late = f"{WOKEN}{kind} {task}", f"{LATE}{kind} {task}"
        number, turn, in_vain = self._turns.next(f"{WOKEN}{kind}", task), 0, 0
        if session.policy.replaying:
            turn = session.gate.number(number, woken)
            if not turn:
                with _released(lock):
                    in_vain = self._nap(number, late, seconds)
            elif lock is None:
                session.gate.wait(turn)
        took = takes()
        came = vain() if in_vain else real(max(seconds, LONGEST) if turn else seconds)
        self._turns.timed([number, woken if came else late], took)
        if turn or in_vain:
            session.gate.passed(turn or in_vain)
        return came

    def _nap(self, number: int, task: str, seconds: float) -> int:
        session = self._session
        until = session.ahead.now() + seconds * SECOND
        turn = int(session.gate.nap(number, task, seconds))
        if turn:
            session.ahead.reach(until)
        return turn


@contextmanager
def _released(condition: Any) -> Iterator[None]:
    """Without the condition's lock."""
    if condition is None:
        yield
        return
    state = condition._release_save()
    try:
        yield
    finally:
        condition._acquire_restore(state)


def _put(owner: type, function: Any, real: Any) -> None:
    like(function, real)
    setattr(owner, real.__name__, function)
