"""The run on one line, from its start to its end: what went wrong, what cost, where we are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.segment import Segment
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..ink import Inks
from ..survey import Scale, Survey
from ..units import BARS, span

LABEL = 16
"""Cells at the end of the line for what it shows."""

ROOMY = 2
SIGNS = {"error": ("✗", "bad"), "fork": ("┬", "changed"), "break": ("■", "bad"),
         "note": ("✎", "mark")}  # fmt: skip


class Scrubber(Widget):
    """A line of cells; on two lines the signs stand above the bars. A click asks for a step."""

    DEFAULT_CSS = """
    Scrubber { height: 1fr; background: $background; }
    """

    class Picked(Message):
        """The user pointed at a moment, where this step is."""

        def __init__(self, n: int) -> None:
            super().__init__()
            self.n = n

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inks = Inks(self)
        self._scale: Scale | None = None
        self._survey: Survey | None = None
        self._here = -1
        self._signs: dict[int, tuple[str, str]] = {}
        self._heights: list[int] = []

    @property
    def cells(self) -> int:
        """How many cells there is room for."""
        return max(1, self.size.width - LABEL - 2)

    def show(
        self,
        scale: Scale | None,
        survey: Survey,
        marks: Mapping[str, int],
        signs: Mapping[str, Iterable[int]],
        cursor: int,
    ) -> None:
        """Show another state of the run. `signs`: steps by what is to tell of them, see SIGNS."""
        self._scale, self._survey = scale, survey
        self._signs.clear()
        self._heights = []
        if scale is None:
            return
        spans = [scale.span(cell) for cell in range(len(scale.edges) - 1)]
        for kind in ("note", "break", "fork"):
            self._signs |= {scale.cell(n): SIGNS[kind] for n in signs.get(kind, ())}
        failed = (cell for cell, (a, b) in enumerate(spans) if survey.failed(a, b))
        self._signs |= dict.fromkeys(failed, SIGNS["error"])
        self._signs |= {scale.cell(n): (letter, "mark") for letter, n in marks.items()}
        spent = [survey.spent(a, b) for a, b in spans]
        top = max(spent, default=0.0)
        self._heights = [
            1 + int((len(BARS) - 1) * one / top) if one > 0 and top > 0 else -(a < b)
            for one, (a, b) in zip(spent, spans, strict=True)
        ]
        self._here = scale.cell(cursor)
        self.refresh()

    def move(self, n: int) -> None:
        """Stand on step `n`."""
        if self._scale is not None:
            before, self._here = self._here, self._scale.cell(n)
            if before != self._here:
                self.refresh()

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or self._scale is None:
            return
        cell = min(max(0, offset.x - 1), len(self._scale.edges) - 2)
        first, end = self._scale.span(cell)
        self.post_message(self.Picked(first if first < end else max(1, first - 1)))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        inks, width = self._inks, self.size.width
        if self._scale is None:
            return Strip.blank(width, inks.page)
        signs, bars = self.size.height < ROOMY or y == 0, self.size.height < ROOMY or y == 1
        segments = [Segment(" ", inks.page)]
        for cell, height in enumerate(self._heights):
            text, ink = self._cell(cell, height, signs, bars)
            style = inks.page + inks[ink]
            if cell == self._here:
                text = text if text.strip() else "│"
                style = inks.under_cursor(True)
            segments.append(Segment(text, style))
        segments.append(Segment(f" {self._label(bars)}", inks.page + inks["dim"]))
        return Strip(segments).simplify().crop_extend(0, width, inks.page)

    def _cell(self, cell: int, height: int, signs: bool, bars: bool) -> tuple[str, str]:
        if signs and cell in self._signs:
            return self._signs[cell]
        if bars and height > 0:
            return BARS[height - 1], "number"
        return ("·" if bars and height < 0 else " "), "edge"

    def _label(self, bars: bool) -> str:
        if not bars or self._scale is None or self._survey is None:
            return ""
        end = "steps" if self._scale.seconds is None else span(self._scale.seconds)
        survey = self._survey
        return f"{end} · {survey.measure if survey.done else '…'}"
