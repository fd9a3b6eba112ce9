"""Work off the main thread: it reads the tape through a reader of its own, touches no widget and
answers with messages."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from textual.message import Message
from textual.worker import Worker

from ..tape.steps import Note, Outcome
from .document import Document
from .look import Reader
from .session import Session
from .totals import Totals
from .views import View, build

Post = Callable[[Message], bool]
Wanted = Callable[[Reader, int], bool]
SLICE = 0.003
AWAITED = 0.02
"""Seconds of a slice, where the user waits for what is found."""
PAUSE = 0.002
TELL = 0.15
PRICES = "genai_prices"
REST = 0.3
"""Before the price table is imported: the first views of a tape come first."""


class Sought(Message):
    """A search has come to step `n`; `done` when it has ended, `found` if it did well."""

    def __init__(self, serial: int, n: int, done: bool = False, found: bool = False) -> None:
        super().__init__()
        self.serial = serial
        self.n = n
        self.done = done
        self.found = found

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Sought) and not message.done


class Filled(Message):
    """The document of a view over a step."""

    def __init__(self, serial: int, document: Document) -> None:
        super().__init__()
        self.serial = serial
        self.document = document


class Summed(Message):
    """The sums have come further; `done` when they are where they should be."""

    def __init__(self, upto: int, done: bool) -> None:
        super().__init__()
        self.upto = upto
        self.done = done

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Summed) and not message.done


class Learned(Message):
    """What the tape tells about the whole run."""

    def __init__(self, notes: list[Note], outcome: Outcome | None) -> None:
        super().__init__()
        self.notes = notes
        self.outcome = outcome


def fill(post: Post, session: Session, view: View, n: int, serial: int) -> None:
    """Build a document that takes long."""
    with session.background() as reader:
        document = build(view, reader, n)
    post(Filled(serial, document))


def seek(
    post: Post, worker: Worker[None], session: Session, wanted: Wanted, way: int, serial: int
) -> None:
    """Look for a step, from the one after the cursor on, until it is found or we are cancelled."""
    n, told = session.cursor + way, time.perf_counter()
    while 1 <= n <= session.count and not worker.is_cancelled:
        with session.background() as reader:
            until = time.perf_counter() + AWAITED
            while 1 <= n <= reader.count and time.perf_counter() < until:
                if wanted(reader, n):
                    post(Sought(serial, n, done=True, found=True))
                    return
                n += way
        if time.perf_counter() - told > TELL:
            told = time.perf_counter()
            post(Sought(serial, n))
        time.sleep(PAUSE)
    post(Sought(serial, n, done=True))


def add_up(post: Post, worker: Worker[None], session: Session, totals: Totals, upto: int) -> None:
    """Sum tokens and cost up to a step, in slices that leave the screen its time."""
    told = time.perf_counter()
    if PRICES not in sys.modules:
        time.sleep(REST)
    with session.background():
        totals.settle()
    while not worker.is_cancelled:
        with session.background() as reader:
            until = time.perf_counter() + SLICE
            last = min(upto, reader.count)
            while totals.upto < last and time.perf_counter() < until:
                totals.extend(reader)
            done = totals.upto >= last
        if done or time.perf_counter() - told > TELL:
            told = time.perf_counter()
            post(Summed(totals.upto, done))
        if done:
            return
        time.sleep(PAUSE)
        while session.busy and not worker.is_cancelled:
            time.sleep(10 * PAUSE)


def learn(post: Post, session: Session) -> None:
    """Read what the tape holds about the run: its end, and what it could not hold."""
    from ..replay.boundary import HELD

    with session.background() as reader:
        try:
            notes = [note for note in reader.tape.notes if note.kind not in HELD]
            outcome = reader.tape.outcome
        except Exception:  # a damaged tape tells nothing
            notes, outcome = [], None
    post(Learned(notes, outcome))
