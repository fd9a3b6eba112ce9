"""A list with a cursor, of any length: only the lines on screen are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..ink import Inks
from ..layout import cells
from .steprow import fit

MARGIN = 2


class RowList(ScrollView, can_focus=True):
    """Lines by number, from 0. Subclasses say how many there are and draw them."""

    DEFAULT_CSS = """
    RowList {
        height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden;
        overflow-y: scroll;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.step(-1)", show=False),
        Binding("down", "screen.step(1)", show=False),
        Binding("home", "screen.first", show=False),
        Binding("end", "screen.last", show=False),
    ]

    @dataclass
    class Picked(Message):
        """The user pointed at a line, `again` if the cursor was there; `x` as a part of 1."""

        line: int
        x: float
        again: bool

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self.inks = Inks(self)

    @property
    def height(self) -> int:
        """How many lines there are."""
        return 0

    def draw(self, line: int, width: int, here: bool) -> list[Segment]:
        """One line."""
        return []

    def changed(self) -> None:
        """Take in that there are other lines."""
        self.virtual_size = Size(0, self.height)
        self.refresh(layout=True)

    @property
    def page(self) -> int:
        return max(1, self.size.height - 1)

    def move(self, line: int) -> bool:
        """Put the cursor on a line, or on the nearest there is; False if it stays."""
        line = max(0, min(line, self.height - 1))
        before, self.cursor = self.cursor, line
        top, height = self.scroll_offset.y, max(1, self.size.height)
        margin = min(MARGIN, (height - 1) // 2)
        if line < top + margin or line >= top + height - margin:
            far = abs(line - before) > height
            near = margin if line < top + margin else height - 1 - margin
            self.scroll_to(
                y=max(0, line - (height // 2 if far else near)), animate=False, force=True
            )
        self.refresh_line(before)
        self.refresh_line(line)
        return line != before

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            line = offset.y + self.scroll_offset.y
            if line < self.height:
                x = offset.x / max(1, self.size.width)
                self.post_message(self.Picked(line, x, line == self.cursor))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = y + self.scroll_offset.y
        if line >= self.height:
            return Strip.blank(width, self.inks.page)
        here = line == self.cursor
        return Strip(self.draw(line, width, here)).crop_extend(0, width, self.ground(here))

    def ground(self, here: bool, chosen: bool = True) -> Style:
        """The background of a line; under the cursor that of the chosen part stands out."""
        return self.inks.cursor(chosen) if here else self.inks.page


def readable(base: Style, inks: Inks, name: str) -> Style:
    """An ink over a background; where the background stands out, in the plain text's colour."""
    return base + inks["text" if base == inks.cursor(True) else name]


def cell(text: str, width: int) -> str:
    """A text in exactly so many cells."""
    text = fit(text, width)
    return text + " " * max(0, width - cells(text))
