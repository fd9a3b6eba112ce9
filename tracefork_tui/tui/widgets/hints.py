"""The last line: keys, or what has just happened, and input that is not finished."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click, Key
from textual.widget import Widget

from ..actions import pressed_key
from ..text import plain
from .steprow import fit

Hint = tuple[str, str]
KEPT = 2
"""So many of the last hints are shown whatever the width: help, quit."""


class Hints(Widget):
    """Key hints as far as they fit; a message takes their place until the next key."""

    DEFAULT_CSS = """
    Hints { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints: list[Hint] = []
        self._pending = ""
        self.message = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, hints: list[Hint], pending: str = "") -> None:
        if (hints, pending) != (self._hints, self._pending):
            self._hints, self._pending = hints, pending
            self.refresh()

    def say(self, message: str) -> None:
        """Show a message, harmless whatever is in it; an empty one brings back the hints."""
        message = plain(message)
        if message != self.message:
            self.message = message
            self.refresh()

    def on_click(self, event: Click) -> None:
        """A hint that is clicked is its key pressed."""
        offset = event.get_content_offset(self)
        if offset is None or self.message:
            return
        for start, end, shown in self._places:
            if start <= offset.x < end:
                key = pressed_key(shown)
                self.app.post_message(Key(key, shown if len(shown) == 1 else None))

    def render(self) -> Content:
        width = self.size.width
        pending = plain(self._pending)
        room = width - len(pending) - 2 if pending else width
        parts: list[tuple[str, str]] = []
        used = 0
        if self.message:
            text = fit(self.message, room)
            parts, used = [(text, "$text-warning")], len(text)
        else:
            kept = sum(map(_cells, self._hints[-KEPT:]))
            self._places = []
            for number, hint in enumerate(self._hints):
                key, label = hint
                need = _cells(hint)
                if number >= len(self._hints) - KEPT:
                    kept -= need
                if used + need + kept - 2 > room:
                    continue
                self._places.append((used, used + need - 2, key))
                used += need
                parts += [(key, "bold $text-primary"), (f" {label}  ", "$foreground-muted")]
        if pending:
            parts += [(" " * max(1, width - used - len(pending)), ""), (pending, "bold")]
        return Content.assemble(*parts)


def _cells(hint: Hint) -> int:
    return len(hint[0]) + len(hint[1]) + 3
