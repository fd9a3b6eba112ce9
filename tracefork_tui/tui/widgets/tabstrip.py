"""The names of the views over a step, on one line."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget


class TabStrip(Widget):
    """One line of names; the open one stands out, a click asks for another."""

    DEFAULT_CSS = """
    TabStrip { height: 1; background: $surface; padding: 0 0 0 1; }
    """

    class Picked(Message):
        """The user pointed at a name."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.names: tuple[str, ...] = ()
        self.open = ""

    def show(self, names: tuple[str, ...], open_: str) -> None:
        if (names, open_) != (self.names, self.open):
            self.names, self.open = names, open_
            self.refresh()

    def render(self) -> Content:
        gap = "  " if sum(map(len, self.names)) + 2 * len(self.names) <= self.size.width else " "
        parts: list[tuple[str, str] | str] = []
        for name in self.names:
            parts.append((name, "bold reverse" if name == self.open else "$foreground-muted"))
            parts.append(gap)
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        x = offset.x
        gap = 2 if sum(map(len, self.names)) + 2 * len(self.names) <= self.size.width else 1
        for name in self.names:
            if 0 <= x < len(name):
                self.post_message(self.Picked(name))
                return
            x -= len(name) + gap
