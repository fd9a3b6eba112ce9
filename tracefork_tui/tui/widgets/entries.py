"""A list of lines in columns, each made when it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment

from ..text import plain
from .rowlist import RowList, cell, readable

Column = tuple[str, int, str]
"""A text from anywhere, its width in cells (0: what is left), and the name of an ink."""

Line = Callable[[int], Sequence[Column]]


class Entries(RowList):
    """`height` lines, drawn from what `line` gives for each."""

    def __init__(self, line: Line, count: Callable[[], int], id: str | None = None) -> None:
        super().__init__(id=id)
        self._line = line
        self._count = count

    @property
    def height(self) -> int:
        return self._count()

    def draw(self, line: int, width: int, here: bool) -> list[Segment]:
        base = self.ground(here)
        columns = self._line(line)
        room = max(4, width - 2 - sum(wide + 1 for _, wide, _ in columns if wide))
        segments = [Segment("▸ " if here else "  ", readable(base, self.inks, "text"))]
        for text, wide, ink in columns:
            style = readable(base, self.inks, ink)
            segments.append(Segment(cell(plain(text), wide or room), style))
            segments.append(Segment(" " if wide else "", base))
        return segments
