"""How the run ended, and what the agent printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from ...tape.reader import Tape
from ..diff_words import ended_so
from ..document import Document, Kind
from ..widgets.header import Header
from ..widgets.lineview import LineView
from .help import HelpScreen

if TYPE_CHECKING:
    from ..session import Session

LINES_KEPT = 20_000
AGAIN = 1.0
"""Seconds between two looks at a run that goes on."""


class Printed(Message):
    """What was printed, as a document."""

    def __init__(self, page: Document) -> None:
        super().__init__()
        self.page = page


class OutputScreen(HelpScreen):
    """The end of the run and the agent's output, its last lines first in view."""

    def __init__(self, session: Session) -> None:
        super().__init__("", Document())
        self._session = session

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Header).show((f"output · {self._session.name}",), ("reading …",))
        self._start()
        self._again = self.set_interval(AGAIN, self._start) if self._session.growing else None

    def _start(self) -> None:
        self.run_worker(self._read, thread=True, exclusive=True, exit_on_error=False)

    def _read(self) -> None:
        with self._session.background() as reader:
            try:
                page = output(reader.tape, going=not reader.ended and not reader.abandoned)
            except Exception as error:  # whatever a damaged tape holds
                page = Document()
                page.line(f"✗ It cannot be read: {error}", Kind.ERROR)
        self.post_message(Printed(page))

    def on_printed(self, message: Printed) -> None:
        if self._again and not self._session.growing:
            self._again.stop()
        lines = len(message.page.lines)
        self.query_one(Header).show((f"output · {self._session.name}",), (f"{lines:,} lines",))
        self.query_one(LineView).show(message.page, keep_place=True)


def output(tape: Tape, going: bool = False) -> Document:
    """What was printed, to both streams as it came; below it what the file lost, and how the run
    ended."""
    page = Document()
    outcome = tape.outcome
    text = "".join(text for _, _, text in tape.output()) or (outcome.output if outcome else "")
    lines = text.rstrip().split("\n") if text.strip() else []
    if len(lines) > LINES_KEPT:
        page.line(f"… {len(lines) - LINES_KEPT:,} lines before these are on the tape", Kind.DIM)
    page.add("\n".join(lines[-LINES_KEPT:]) or "The agent printed nothing.", Kind.TEXT)
    page.line("")
    if not going:
        for line in tape.damage:
            page.line(f"✗ {line}", Kind.ERROR)
    words = "… still running" if going and outcome is None else ended_so(outcome)
    if tape.header.get("imported") and outcome is None:
        words = "How it ended is not known to an imported tape."
    page.line(words, Kind.ERROR if words.startswith("✗") else Kind.HEADING)
    return page
