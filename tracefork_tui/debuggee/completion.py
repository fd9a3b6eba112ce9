"""The order in which threads completed their steps, re-imposed on a replay.

Only for a tape on which threads asked and drew beside the main one. A draw of a thread, and the
end of an exchange in one, waits until the steps before it are completed. An event loop, whose own
turns keep its order, waits only as long as that goes well.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from ..tape import records
from .threads import LONGEST, Threads

if TYPE_CHECKING:
    from ..tape.reader import Tape

THREADS = "threads"


class Completion:
    """Which steps of a tape are completed; `held` is False once one had to be let out of order."""

    def __init__(self, tape: Tape | None, threads: Threads) -> None:
        self._threads = threads
        self._condition = threading.Condition()
        self._order = _order(tape) if tape is not None else []
        self._rank = {n: rank for rank, n in enumerate(self._order)}
        self._done: set[int] = set()
        self._front = 0
        self._waiting: Counter[int] = Counter()
        threads.about_to.append(lambda: any(rank <= self._front for rank in list(self._waiting)))
        self._loops = True
        self.held = True

    def __bool__(self) -> bool:
        """True while there is an order to hold."""
        return self.held and self._front < len(self._order)

    def done(self, n: int) -> None:
        """Step `n` of the tape is completed."""
        if not self:
            return
        with self._condition:
            self._done.add(n)
            while self and self._order[self._front] in self._done:
                self._done.discard(self._order[self._front])
                self._front += 1
            self._condition.notify_all()

    def wait(self, n: int, loop: bool) -> None:
        """Wait, in a thread, until the steps that were completed before `n` are."""
        rank = self._rank.get(n, 0)
        longest = 1 if loop else LONGEST

        def due() -> bool:
            return not self or self._front >= rank or (loop and not self._loops)

        with self._condition:
            self._waiting[rank] += 1
            if not self._threads.wait(self._condition, due, lambda: self._front, longest):
                self._give_up(loop)
            self._waiting -= Counter((rank,))

    def _give_up(self, loop: bool) -> None:
        if loop:
            self._loops = False
        else:
            self.held = False
            self._condition.notify_all()

    def stop(self) -> None:
        """Nothing waits any more: the run has left the tape."""
        with self._condition:
            self._front = len(self._order)
            self._condition.notify_all()


def _order(tape: Tape) -> list[int]:
    """The steps in the order in which they were completed; none where only one thread made them."""
    if not any(note.kind == THREADS for note in tape.notes):
        return []
    order: list[int] = []
    counts = iter(tape.index.counts)
    for n, kind in zip(tape.index.owners, tape.index.kinds):
        if kind == records.DRAWS:
            order.extend(range(n, n + next(counts)))
        elif kind in (records.DRAW, records.CALL, records.END):
            order.append(n)
    return order
