"""One line that is there only while it has something to tell."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ..text import plain
from .steprow import fit

Part = tuple[str, str]


class Bar(Widget):
    """Parts of text with their styles, made harmless; the last one is cut where room is short.

    `does`: the id of what a click on the line does, "" for nothing.
    """

    DEFAULT_CSS = """
    Bar { height: 1; background: $surface; padding: 0 1; display: none; }
    """

    def __init__(self, does: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.does = does
        self.parts: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)

    def show(self, *parts: Part) -> None:
        """Tell something; nothing at all hides the line."""
        parts = tuple((plain(text), style) for text, style in parts)
        if parts != self.parts:
            self.parts = parts
            self.display = bool(parts)
            self.refresh()

    async def on_click(self) -> None:
        if self.does:
            await self.run_action(f"screen.do('{self.does}')")

    def render(self) -> Content:
        room = self.size.width
        shown: list[Part] = []
        for text, style in self.parts:
            text = fit(text, room)
            room -= len(text)
            if text:
                shown.append((text, style))
        return Content.assemble(*shown)
