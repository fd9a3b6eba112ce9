"""Comparing two tapes off the main thread; it answers with messages."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from textual.message import Message
from textual.worker import Worker

from ..diff import Comparison, Totals, as_markdown, compare
from ..tape.errors import TapeError
from ..tape.reader import Tape
from .folds import Lines
from .look import Reader
from .pace import Pace, PacedTape, Stopped
from .views.changes import ChangePage, page_of

Post = Callable[[Message], bool]


class Two:
    """Two tapes, how they line up, and readers of them. `lock`: one thread at a time."""

    def __init__(self, known: Comparison) -> None:
        """On tapes of its own."""
        comparison = replace(known, a=Tape(known.a.path), b=Tape(known.b.path))
        self.lock = threading.Lock()
        self.comparison = comparison
        self.a = Reader(comparison.a)
        self.b = Reader(comparison.b)


@dataclass
class Reading(Message):
    """So many steps were read, for `what`."""

    what: str
    count: int

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Reading)


@dataclass
class Aligned(Message):
    """The rows are known. `shown` is for the main thread, `spare` for work off it."""

    shown: Two
    spare: Two
    lines: Lines


@dataclass
class Counted(Message):
    """What the two runs came to."""

    totals: tuple[Totals, Totals]


@dataclass
class Detailed(Message):
    """The page for a row."""

    serial: int
    page: ChangePage


@dataclass
class Failed(Message):
    """The tapes cannot be compared; `reason` is a line for a user."""

    reason: str


def align(post: Post, worker: Worker[None], a: str, b: str) -> None:
    """Line two tapes up, then sum them."""
    what = "comparing"

    def tell(count: int) -> None:
        post(Reading(what, count))

    pace = Pace(lambda: worker.is_cancelled, tell)
    try:
        comparison = compare(PacedTape(a, pace), PacedTape(b, pace))
        lines = Lines(comparison)
        post(Aligned(Two(comparison), Two(comparison), lines))
        what, pace.count = "adding up", 0
        post(Counted(comparison.totals))
    except Stopped:
        return
    except TapeError as error:
        post(Failed(str(error)))
    except Exception as error:  # whatever a damaged or hostile tape holds
        post(Failed(f"the tapes cannot be compared: {type(error).__name__}: {error}"))


@dataclass
class Exported(Message):
    """A report was written, or `problem` tells why not."""

    path: str
    problem: str = ""


def export(post: Post, two: Two, folder: str) -> None:
    """Write a report for a pull request to a new file."""
    names = (os.path.splitext(os.path.basename(tape.path))[0] for tape in _tapes(two))
    stem = os.path.join(folder, "..".join(names))
    try:
        with two.lock:
            text = as_markdown(two.comparison)
        path = next(path for path in _free(stem) if not os.path.lexists(path))
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except Exception as error:  # a full disk, or whatever a damaged tape holds
        post(Exported("", f"{type(error).__name__}: {error}"))
    else:
        post(Exported(path))


def _tapes(two: Two) -> tuple[Tape, Tape]:
    return two.comparison.a, two.comparison.b


def _free(stem: str) -> Iterator[str]:
    yield f"{stem}.md"
    yield from (f"{stem}-{number}.md" for number in count(2))


def detail(post: Post, two: Two, position: int, serial: int) -> None:
    """Make the page for a row."""
    with two.lock:
        page = page_of(two.comparison, two.a, two.b, position)
    post(Detailed(serial, page))
