"""Long readings of a tape off the main thread: at a pace that leaves the screen its time, telling
how far they are, ended when nobody wants them any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ..tape.reader import Tape
from ..tape.steps import Step

SLICE = 0.004
PAUSE = 0.002
TELL = 0.1


class Stopped(Exception):
    """The reading was cancelled."""


class Pace:
    """Counts steps as they are read. `tell` is called with the count, ten times a second."""

    def __init__(self, stop: Callable[[], bool], tell: Callable[[int], object]) -> None:
        self._stop = stop
        self._tell = tell
        self.count = 0
        self._until = time.perf_counter() + SLICE
        self._told = 0.0

    def tick(self) -> None:
        """One step more. Raises Stopped."""
        self.count += 1
        now = time.perf_counter()
        if now < self._until:
            return
        if self._stop():
            raise Stopped
        if now - self._told > TELL:
            self._told = now
            self._tell(self.count)
        time.sleep(PAUSE)
        self._until = time.perf_counter() + SLICE


class PacedTape(Tape):
    """A tape of which every step that is read ticks."""

    def __init__(self, path: str | os.PathLike[str], pace: Pace) -> None:
        self._pace = pace
        super().__init__(path)

    def step(self, n: int) -> Step:
        self._pace.tick()
        return super().step(n)

    def meaning(self, n: int) -> bytes:
        self._pace.tick()
        return super().meaning(n)
