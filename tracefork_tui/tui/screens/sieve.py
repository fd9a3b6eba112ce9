"""The filter of the timeline: put on, followed while it works, and taken off again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lens import Filter
from ..scan import Scanned
from ..text import short

if TYPE_CHECKING:
    from ..widgets.bar import Bar
    from .main import MainScreen

NAME = 60


class Sieve:
    """Keeps the list to the steps of which an expression is true; a line above it tells so."""

    def __init__(self, screen: MainScreen, bar: Bar) -> None:
        self._screen = screen
        self._bar = bar

    @property
    def filter(self) -> Filter | None:
        return self._screen.session.lens.filter

    def put(self, text: str) -> None:
        """Filter by an expression, an empty one by nothing. Raises Mistake."""
        from ..acts.breaks import compiled

        text = text.strip()
        if not text:
            self.clear()
            return
        query = compiled(text)
        self.clear()
        found = self._screen.session.lens.filter = Filter(query)
        self._screen.scans.start(found)
        self._changed()

    def clear(self) -> bool:
        """Show all steps again; False if they were."""
        old = self.filter
        if old is not None:
            self._screen.scans.stop(old)
            self._screen.session.lens.filter = None
            self._changed()
        return old is not None

    def stop(self) -> bool:
        """End the work, with what has been found; False if it has ended."""
        running = self.filter
        if running is None or not running.running:
            return False
        self._screen.scans.stop(running)
        return True

    def resume(self) -> None:
        """Go on where the tape has grown."""
        if self.filter is not None:
            self._screen.scans.resume(self.filter)

    def take(self, message: Scanned) -> None:
        """News from the background."""
        if message.scan is self.filter:
            if message.found or message.ended:
                self._changed()
            else:
                self._tell()

    def _changed(self) -> None:
        self._screen.timeline.update_rows()
        self._screen.timeline.reveal()
        self._tell()

    def _tell(self) -> None:
        found = self.filter
        if found is None:
            self._bar.show()
            return
        count = self._screen.session.count
        said = f"{len(found.numbers):,} of {count:,}"
        if found.running:
            said = f"{len(found.numbers):,} … {found.upto * 100 // max(1, count)} %"
        elif not found.done:
            said = f"{len(found.numbers):,} in 1–{found.upto:,}"
        self._bar.show((f"▽ {said} ", "bold"), (short(found.query.text, NAME), "$text-accent"))
