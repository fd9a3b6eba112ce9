"""Where a fork leaves its tape: at the same place of the run as when it was recorded.

Threads come to their steps in an order of chance. The fork's step waits until every step before it
was asked for, and what comes after it waits until it was asked for itself; unless nothing moves any
more, as where one that waits has a lock that another needs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from .session import Session
    from .threads import Threads


class ForkPoint:
    """Holds the threads that are ahead of the fork's step; `held` is False once one was let go."""

    held = True

    def __init__(self, session: Session, threads: Threads) -> None:
        self._session = session
        self._threads = threads
        self._condition = threading.Condition(session.lock)
        self._count = 0
        self._waiting: dict[int, int] = {}
        threads.about_to.append(self._any_about_to)

    def wait(self, early: Callable[[], bool]) -> None:
        """Wait, with the session's lock held, while it is `early` and something else moves."""
        if threading.active_count() == 1 or not early():
            return
        me = threading.get_ident()

        def due() -> bool:
            self._waiting[me] = self._count
            return self._session.failed or not early()

        try:
            if not self._threads.wait(self._condition, due, lambda: self._count):
                self.held = False
                self._session.policy.ahead = True
        finally:
            self._waiting.pop(me, None)

    def asked(self) -> None:
        """A step was asked for; the session's lock is held."""
        self._count += 1
        self._condition.notify_all()

    def _any_about_to(self) -> bool:
        """True if one that waits does not know yet that it may not have to."""
        return any(seen != self._count for seen in list(self._waiting.values()))
