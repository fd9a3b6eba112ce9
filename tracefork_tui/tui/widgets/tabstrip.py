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

    def _laid_out(self) -> tuple[str, list[tuple[str, str]]]:
        """The gap, and what stands there with the name that a click on it opens: where not all
        have room, those around the open one, and signs that there are more."""
        names, room = self.names, self.size.width
        for gap in ("  ", " "):
            if len(gap.join(names)) <= room:
                return gap, [(name, name) for name in names]
        here = names.index(self.open) if self.open in names else 0
        first, last = 0, len(names)
        while first < here and len(" ".join(names[first : here + 1])) + 4 > room:
            first += 1
        while last > here + 1 and len(" ".join(names[first:last])) + 4 > room:
            last -= 1
        shown = [(name, name) for name in names[first:last]]
        before = [("‹", names[first - 1])] if first else []
        after = [("›", names[last])] if last < len(names) else []
        return " ", [*before, *shown, *after]

    def render(self) -> Content:
        gap, shown = self._laid_out()
        parts: list[tuple[str, str] | str] = []
        for text, name in shown:
            parts.append((text, "bold reverse" if name == self.open else "$foreground-muted"))
            parts.append(gap)
        return Content.assemble(*parts)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        x = offset.x
        gap, shown = self._laid_out()
        for text, name in shown:
            if 0 <= x < len(text):
                self.post_message(self.Picked(name))
                return
            x -= len(text) + len(gap)
