"""Sleeps of a program with threads: on replay each takes no time and ends at its turn.

A turn is the end of a sleep while other threads were there, told as [how manieth of its task,
task]. A sleep of a thread that was not over when the recorded run was never ends by itself: it
lasts while anything else is at work.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from typing import Any, Callable

from .ahead import SECOND
from .session import Session, task_name
from .standin import stand_in


def install(session: Session, travelling: Callable[[], bool]) -> None:
    """Put the seam into time.sleep; the transport's sleeps are no concern."""
    real = time.sleep
    begun: Counter[str] = Counter()

    def sleep(seconds: float) -> None:
        replaying, takes_time = session.policy.replaying, positive(seconds)
        aside = session.detached or session.quiet() or travelling() or _in_loop()
        if aside or not takes_time:
            real(0 if replaying and takes_time else seconds)
            return
        task = task_name()
        begun[task] += 1
        turn: Any = [begun[task], task]
        number = 0
        if replaying:
            until = session.ahead.now() + seconds * SECOND
            number = session.gate.nap(*turn, seconds)
            session.ahead.reach(until)
        else:
            real(seconds)
        if threading.active_count() > 1:
            session.timed(turn)
        if number:
            session.gate.passed(number)

    time.sleep = stand_in(sleep, real)


def positive(seconds: Any) -> bool:
    """False for what is no time, too: who sleeps that long is told so."""
    try:
        return bool(seconds > 0)
    except Exception:
        return False


def _in_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
