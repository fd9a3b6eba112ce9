"""How far the time of a replay is ahead of the machine's: libraries that reckon with it (when to
give up, how often to ask) are told what had passed in the recorded run, with the waits that a
replay skips.
"""

from __future__ import annotations

import re
from threading import RLock
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from .callers import TRANSPORT
from .held import held

if TYPE_CHECKING:
    from .session import Session

SECOND = 1_000_000_000
RECKONING = r"[/\\](?:site|dist)-packages[/\\]|[/\\]concurrent[/\\]futures[/\\]_base\.py$"
OF_DAY = ("time", "time_ns")
CLOCKS = (*OF_DAY, "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


class Ahead:
    """Time goes on as it does here, and by what the recorded run waited for each turn.

    The time of day is the machine's where nothing is skipped: a server may look at it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._gate: Any = None
        self._most = self._waited = 0
        self._lock = RLock()
        self._known: dict[str, bool] = {}

    def now(self) -> int:
        """Nanoseconds since the run began."""
        return perf_counter_ns() - self._session.start + self._more()

    def reach(self, now: float) -> None:
        """It is as late as this, or later."""
        with self._lock:
            self._most += max(0, int(now) - self.now())

    def skip(self, seconds: float) -> None:
        """So much is not waited for."""
        self.reach(self.now() + seconds * SECOND)

    def of(self, name: str, value: Any, file: str) -> Any:
        """What a clock of the `time` module tells code of this file."""
        more = self._told(file, name in OF_DAY) if name in CLOCKS else 0
        return value + (more if name.endswith("_ns") else more / SECOND) if more else value

    def seconds(self, file: str) -> float:
        """What is added to the time of day for code of this file."""
        return self._told(file, True) / SECOND

    def _told(self, file: str, of_day: bool) -> int:
        known = self._known.get(file)
        if known is None:
            known = bool(re.search(RECKONING, file)) and not re.search(TRANSPORT, file)
            self._known[file] = known
        if not known or (of_day and not self._session.policy.replaying):
            return 0
        return self._more()

    def _more(self) -> int:
        gate = self._session.gate
        waited = gate.waited() if gate is not None else 0
        with self._lock:
            if gate is not self._gate:
                self._gate, self._waited = gate, 0
            self._most += max(0, waited - self._waited) * 1000
            self._waited = max(waited, self._waited)
            return self._most - int(held.lost * SECOND)
