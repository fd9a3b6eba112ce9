"""What the debugger has open: the tape, the step it stands on, where it was, its marks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..tape.reader import Tape
from .beside import Beside
from .lens import Lens
from .look import Kind, Reader, Seen, agent_of
from .text import plain
from .totals import Totals

if TYPE_CHECKING:
    from ..query import Query
    from .drafts import Draft
    from .finding import Finder

HISTORY = 200
REST = 0.1


class Session:
    """State without a screen. `cursor` is the number of the step shown, 0 on an empty tape.

    `proof`: what was shown of the tape by replaying it since it was opened. `trusted`: the user
    let its command be run; `where`, if that was asked: "here" or in a "copy" of its folder.
    `drafts`: answers that were edited, by step. `lens`: which steps the list shows.
    `needle` and `sought`: the text, or the expression, that was last searched for; `finder`: what
    the search for a text has learned, for the thread that searches. `beside`: what
    is kept beside the tape. `receipt`: of its last replay here, in lines. `typed`: the lines that
    were typed, by what they were for, the newest last.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.place = identity(tape.path)
        self.totals = Totals()
        self.reader = Reader(tape)
        self.reader.totals = self.totals
        self.cursor = min(1, self.reader.count)
        self.lens = Lens(lambda: self.reader.count, lambda: self.reader.tape.index)
        self.beside = Beside(tape)
        self.needle = ""
        self.sought: Query | None = None
        self.finder: Finder | None = None
        self.imported = bool(tape.header.get("imported"))
        self.proof = "imported" if self.imported else "not replayed"
        self.receipt: list[str] = []
        self.trusted = False
        self.where = ""
        self.drafts: dict[int, Draft] = {}
        self.places = Places()
        self.typed: dict[str, list[str]] = {}
        self._moved = 0.0
        self._background: Reader | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return plain(self.tape.path.rpartition("/")[2])

    @property
    def agent(self) -> str:
        return plain(agent_of(self.tape.header))

    @property
    def is_fork(self) -> bool:
        return bool(self.tape.header.get("parent"))

    @property
    def count(self) -> int:
        return self.reader.count

    @property
    def step(self) -> Seen | None:
        """The step under the cursor."""
        return self.reader.step(self.cursor) if self.cursor else None

    @property
    def kind(self) -> Kind | None:
        return self.reader.kind(self.cursor) if self.cursor else None

    @property
    def growing(self) -> bool:
        """True while a writer appends to the tape."""
        return not self.reader.ended and not self.reader.abandoned

    def move(self, n: int) -> None:
        """Stand on step `n`."""
        self.cursor = n
        self._moved = time.monotonic()

    @property
    def busy(self) -> bool:
        """True while the user is on the move: work that nobody waits for had better wait."""
        return time.monotonic() - self._moved < REST

    @contextmanager
    def background(self) -> Iterator[Reader]:
        """A reader for work off the main thread; one thread at a time has it."""
        with self._lock:
            if self._background is None:
                self._background = Reader(Tape(self.tape.path, self.tape))
                self._background.totals = self.totals
            self._background.refresh()
            yield self._background


def identity(path: str) -> tuple[int, int] | None:
    """What stays the same of a file while it is moved: None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Places:
    """Position history: where jumps started, to go back to and forward again."""

    def __init__(self) -> None:
        self._back: list[int] = []
        self._forward: list[int] = []

    def leave(self, n: int) -> None:
        """Remember step `n` before a jump away from it."""
        if n and self._back[-1:] != [n]:
            self._back.append(n)
            del self._back[:-HISTORY]
        self._forward.clear()

    def back(self, now: int) -> int | None:
        return self._move(self._back, self._forward, now)

    def forward(self, now: int) -> int | None:
        return self._move(self._forward, self._back, now)

    @property
    def last(self) -> int | None:
        """Where the last jump started."""
        return self._back[-1] if self._back else None

    @staticmethod
    def _move(source: list[int], target: list[int], now: int) -> int | None:
        while source:
            n = source.pop()
            if n != now:
                target.append(now)
                return n
        return None
