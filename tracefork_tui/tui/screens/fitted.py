"""A screen that fits the terminal from its first paint on."""

from __future__ import annotations

from textual.events import Event, ScreenResume
from textual.screen import Screen, ScreenResultType


class FittedScreen(Screen[ScreenResultType]):
    """Textual gives a screen the classes of its breakpoints once it was painted, and styles
    anew what it has just styled; then all is laid out and painted a second time.
    """

    def __init__(self) -> None:
        super().__init__(classes=" ".join(self._fitting()))
        self._resumed = False

    def _fitting(self) -> list[str]:
        width, height = self.app.size
        found = []
        for points, cells in (
            (self.HORIZONTAL_BREAKPOINTS, width),
            (self.VERTICAL_BREAKPOINTS, height),
        ):
            found += [name for least, name in sorted(points or ()) if least <= cells][-1:]
        return found

    async def on_event(self, event: Event) -> None:
        if isinstance(event, ScreenResume) and not self._resumed:
            self._resumed = True
            event.refresh_styles = False
        await super().on_event(event)
