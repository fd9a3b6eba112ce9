"""A run's tape taken in as it grows, and what the agent prints."""

from __future__ import annotations

import time
from collections import Counter

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .document import Document, Kind
from .jobs import Job
from .look import Damaged
from .session import Session

SLICE = 0.004
LINES_KEPT = 5000


class Followed:
    """`session`: the tape that the job writes, None until it is there. `counts`: provenances of
    its steps from the job's own step on. `output`: what was printed so far."""

    def __init__(self, job: Job) -> None:
        self.session: Session | None = None
        self.counts: Counter[str] = Counter()
        self.output = Document()
        self._job = job
        self._counted = max(0, job.order.at - 1)
        self._lines: list[str] = []
        self._pieces = 0
        self._printed = 0

    @property
    def count(self) -> int:
        return self.session.count if self.session else 0

    def take_in(self, last: bool = False) -> bool:
        """Read what was added; True if there may have been something. `last`: all there is."""
        fresh = self.session is None
        if self.session is None:
            self.session = self._opened()
        session = self.session
        news = session is not None and (session.reader.refresh() or fresh)
        if session is not None and (news or last or self._counted < session.count):
            self._add_up(session, last)
            self._print(session)
            news = True
        if last:
            self._print_all()
        return news or last

    def _opened(self) -> Session | None:
        try:
            return Session(Tape(self._job.out)) if self._job.out else None
        except TapeError:
            return None

    def _add_up(self, session: Session, last: bool) -> None:
        until = time.perf_counter() + SLICE
        while self._counted < session.count and (last or time.perf_counter() < until):
            self._counted += 1
            step = session.reader.step(self._counted)
            self.counts["damaged" if isinstance(step, Damaged) else step.provenance] += 1

    def _print(self, session: Session) -> None:
        """What the agent has written, as its tape has it: at once, its own buffers aside."""
        try:
            pieces = session.tape.output()
        except TapeError:
            return
        self._write("".join(text for _, _, text in pieces[self._pieces :]))
        self._pieces = len(pieces)

    def _print_all(self) -> None:
        """What really came out at the end, where that is more than the tape has."""
        text = self._job.printed()
        if len(text.strip()) > self._printed:
            self._lines = []
            self._write(text)

    def _write(self, text: str) -> None:
        if not text:
            return
        self._printed += len(text.strip())
        first, *others = text.split("\n")
        self._lines = [*self._lines[:-1], "".join(self._lines[-1:]) + first, *others]
        page = Document()
        if len(self._lines) > LINES_KEPT:
            page.line("… what was printed before is on the tape", Kind.DIM)
            del self._lines[:-LINES_KEPT]
        page.add("\n".join(self._lines), Kind.TEXT)
        self.output = page
