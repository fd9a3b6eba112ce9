"""All steps of a tape looked through in the background, for what an expression or a text finds.

A scan is asked for once and keeps what it has found; where the tape grows it goes on from the
first step that was not complete.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual.message import Message

if TYPE_CHECKING:
    from textual.worker import Worker

    from ..query import Slice
    from ..tape.reader import Tape
    from .look import Reader
    from .session import Session

T = TypeVar("T")
Post = Callable[[Message], bool]
PAUSE = 0.002
TELL = 0.15
FIRST = 0.02
FEW = 500
REST = 0.3
"""Before many steps are looked through that nobody waits for: the first views come first."""


class Scan(ABC, Generic[T]):
    """`upto`: the last step that was looked at. `sure`: the last whose verdict stands; the ones
    after it may change while the tape grows. `done`: there is no further step. `grown`: the tape
    has grown while the background was at work, which may have been past what is new.

    All of it belongs to the main thread: `take` is given what the background has found.
    """

    def __init__(self) -> None:
        self.upto = self.sure = 0
        self.done = False
        self.running = self.grown = self.urgent = False
        self.serial = 0

    @abstractmethod
    def slices(self, tape: Tape, start: int) -> Iterator[Slice[T]]:
        """What is found from step `start` on. On a worker's thread."""

    @abstractmethod
    def add(self, found: list[T]) -> None:
        """Keep what was found after all that was found before."""

    @abstractmethod
    def drop_from(self, n: int) -> None:
        """Forget what was found at step `n` or after it."""

    def start(self) -> int:
        """The step to begin with, or to go on from."""
        self.drop_from(self.sure + 1)
        self.upto = self.sure
        self.running, self.done, self.grown = True, False, False
        self.serial += 1
        return self.sure + 1

    def take(self, message: Scanned) -> bool:
        """Keep what the background has found; False for what belongs to an earlier start."""
        if message.serial != self.serial:
            return False
        self.add(message.found)
        self.upto, self.sure = message.upto, message.sure
        self.done = message.done
        self.running = not message.ended
        return True


class Scanned(Message):
    """A scan has come to step `upto`, and has found these since the message before.

    `ended`: no further message comes; `done`: because all steps were looked at.
    """

    def __init__(
        self,
        scan: Scan[Any],
        serial: int,
        upto: int,
        sure: int,
        found: list[Any],
        ended: bool = False,
        done: bool = False,
    ) -> None:
        super().__init__()
        self.scan = scan
        self.serial = serial
        self.upto, self.sure = upto, sure
        self.found = found
        self.ended, self.done = ended, done


def run(
    post: Post,
    worker: Worker[None],
    session: Session,
    scan: Scan[T],
    start: int,
    serial: int,
    urgent: bool,
) -> None:
    """Follow a scan from a step to the end of the tape, in slices that leave the screen its time.

    `urgent`: the user waits for it; else it waits while the user is on the move.
    """
    found: list[T] = []
    slices: Iterator[Slice[T]] | None = None
    upto, sure, open_ = start - 1, start - 1, session.growing
    told = time.perf_counter() - TELL + FIRST
    done = False
    if not urgent and session.count - start > FEW:
        time.sleep(REST)
    while not done and not worker.is_cancelled:
        with session.background() as reader:
            if worker.is_cancelled:
                break
            if slices is None:
                slices = scan.slices(reader.tape, start)
            part = next(slices, None)
            if part is not None:
                found += part.found
                if open_:
                    sure = _sure(reader, sure, part.n)
                upto = max(upto, part.n)
            done = part is None
        sure = sure if open_ else upto
        if not done and time.perf_counter() - told > TELL:
            told = time.perf_counter()
            post(Scanned(scan, serial, upto, sure, found))
            found = []
        time.sleep(PAUSE)
        while not urgent and session.busy and not worker.is_cancelled:
            time.sleep(10 * PAUSE)
    post(Scanned(scan, serial, upto, sure, found, True, done))


def _sure(reader: Reader, sure: int, upto: int) -> int:
    """The last step up to which no exchange waits for more of its answer."""
    while sure < upto:
        if reader.kind(sure + 1) != "draw" and not getattr(reader.step(sure + 1), "ended", "?"):
            break
        sure += 1
    return sure
