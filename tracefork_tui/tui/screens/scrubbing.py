"""Keeps the line over the run up to date: read in the background, told anew where it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from ..scan import Scanned
from ..survey import Scale, Survey, scale

if TYPE_CHECKING:
    from ..widgets.scrubber import Scrubber
    from .main import MainScreen


class Scaled(Message):
    """Where each moment of the run lies on a line."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.scale = scale


class Scrubbing:
    """Nothing is read while the line is not on screen."""

    def __init__(self, screen: MainScreen, line: Scrubber) -> None:
        self._screen = screen
        self._line = line
        self.survey = Survey(priced=False)
        self._scale: Scale | None = None
        self._forks: Sequence[int] = ()
        self._wanted = (0, 0)

    def update(self) -> None:
        """Take in the size of the screen, and that the tape may have grown."""
        screen, line = self._screen, self._line
        if not line.display or not line.size.width:
            return
        wanted = line.cells, screen.session.count
        if wanted != self._wanted:
            self._wanted = wanted
            self._measure(line.cells)
        priced = screen.context.display
        if priced and not self.survey.priced:
            screen.scans.stop(self.survey)
            self.survey = Survey(priced=True)
        if not self.survey.running and self.survey.upto < screen.session.count:
            screen.scans.start(self.survey, urgent=False)

    def resume(self) -> None:
        """Go on where the tape has grown."""
        if self._line.display:
            self._screen.scans.resume(self.survey)
            self.update()

    def _measure(self, cells: int) -> None:
        screen, session = self._screen, self._screen.session

        def run() -> None:
            with session.background() as reader:
                found = scale(reader.tape, cells)
            screen.post_message(Scaled(found))

        screen.run_worker(run, group="scale", thread=True, exclusive=True, exit_on_error=False)

    def take(self, message: Scanned) -> None:
        if message.scan is self.survey:
            self.show()

    def scaled(self, message: Scaled) -> None:
        self._scale = message.scale
        self.show()

    def forked(self, steps: Sequence[int]) -> None:
        """The steps that the tape's forks were made at."""
        self._forks = steps
        self.show()

    def show(self) -> None:
        """Show what is known now."""
        if self._line.display:
            beside = self._screen.session.beside
            signs = {"note": beside.notes, "break": beside.break_steps, "fork": self._forks}
            cursor = self._screen.session.cursor
            self._line.show(self._scale, self.survey, beside.marks, signs, cursor)
