"""A stream shown again as it came, at its own pace or faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widget import Widget

from .units import span
from .widgets.lineview import LineView

if TYPE_CHECKING:
    from .views.stream import StreamPage

TICK = 0.04
SPEEDS = (1, 4, 0)
"""Times as fast as it came; 0 is at once."""


class Player:
    """Shows the lines of a page when they came. `say` tells where it is."""

    def __init__(
        self,
        view: LineView,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._view = view
        self._say = say
        self._clock = clock
        self._page: StreamPage | None = None
        self._timer: Timer | None = None
        self._speed = 0
        self._at = 0.0
        self._seen = 0.0
        self._lines = -1

    @property
    def playing(self) -> bool:
        return self._page is not None

    def begin(self, owner: Widget, page: StreamPage) -> None:
        """Show a page from its start, while it is in view."""
        self._page, self._speed, self._at, self._lines = page, 0, 0.0, -1
        self._seen = self._clock()
        self._timer = owner.set_interval(TICK, self.tick)
        self.tick()

    def faster(self) -> None:
        """Go on at the next speed."""
        self.tick()
        self._speed += 1
        if self.playing and not SPEEDS[self._speed]:
            self.stop()

    def tick(self) -> None:
        """Show what has come since."""
        page = self._page
        if page is None:
            return
        now = self._clock()
        self._at += (now - self._seen) * SPEEDS[self._speed]
        self._seen = now
        end = page.times[-1][1] if page.times else 0.0
        if self._at >= end:
            self.stop()
            return
        shown = page.upto(self._at)
        if len(shown.lines) != self._lines:
            self._lines = len(shown.lines)
            self._view.show(shown)
            self._view.scroll_end(animate=False, force=True)
        faster = "4×" if not self._speed else "at once"
        at = f"{self._at:.1f} s of {span(end)}"
        self._say(f"▶ {SPEEDS[self._speed]}× · {at} · p: {faster} · Esc: end")

    def stop(self) -> bool:
        """Show the whole page again; False if nothing was playing."""
        page, self._page = self._page, None
        if self._timer:
            self._timer.stop()
        if page is None:
            return False
        self._view.show(page)
        self._say("")
        return True

    def forget(self) -> None:
        """Another page is shown: end without a word."""
        self._page = None
        if self._timer:
            self._timer.stop()
