"""The one view for everything long: a document, of which only the rows on screen are drawn."""

from __future__ import annotations

from collections import OrderedDict

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Size
from textual.reactive import Reactive, var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..document import Document, Kind, matches
from ..ink import Inks
from ..layout import Layout, Row
from ..syntax import Span, spans

STRIPS_KEPT = 512
LINES_KEPT = 128
MARGIN = 1
MOST_WRAPPED = 200_000


class LineView(ScrollView, can_focus=True):
    """A document under a scroll bar. `needle` is highlighted, the current match more so."""

    DEFAULT_CSS = """
    LineView {
        height: 1fr; background: $background; scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1; overflow: auto scroll;
    }
    """

    needle: var[str] = var("")
    virtual_size = Reactive(Size(0, 0), layout=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document = Document()
        self.match: tuple[int, int] | None = None
        self.wrap: bool | None = None
        self.whole = False
        self._layout_width = 0
        self._lay = Layout([], 0)
        self._strips: OrderedDict[int, Strip] = OrderedDict()
        self._spans: OrderedDict[int, list[Span]] = OrderedDict()
        self._inks = Inks(self)

    @property
    def wraps(self) -> bool:
        """Whether long lines are wrapped now."""
        if self.wrap is not None:
            return self.wrap
        return self.document.wrap and len(self.document.lines) < MOST_WRAPPED

    def show(self, document: Document, keep_place: bool = False) -> None:
        """Show another document from its new part on, or from the same row as before."""
        at_end = keep_place and self.max_scroll_y - self.scroll_offset.y <= 1
        self.document, self.match = document, None
        self._relayout()
        if at_end and self._lay.height > self.size.height:
            self.scroll_to(y=self._lay.height, animate=False, force=True)
        elif not keep_place:
            self.scroll_to(0, self.start_row, animate=False, force=True)

    @property
    def start_row(self) -> int:
        """The row to begin with: where the new part starts."""
        return self._lay.row_of(self.document.fresh) if self.document.fresh else 0

    def toggle_wrap(self) -> None:
        line = self._lay.row(self.scroll_offset.y).line if self._lay.height else 0
        self.wrap = not self.wraps
        self._relayout()
        self.scroll_to(0, self._lay.row_of(line), animate=False, force=True)

    def toggle_whole(self) -> None:
        """Show very long lines whole, or cut."""
        self.whole = not self.whole
        self._relayout()

    def seek(self, way: int, fresh_only: bool = False) -> bool:
        """Go to the next match of the needle; False if there is none."""
        if not self.needle:
            return False
        start = self.match
        if start is None:
            start = (self.document.fresh, -1) if way > 0 else (len(self.document.lines) - 1, -1)
        found = self.document.find(self.needle, start, way)
        if found is None or (fresh_only and found[0] < self.document.fresh):
            return False
        self.match = found
        self._forget()
        self._reveal(found)
        return True

    def _reveal(self, place: tuple[int, int]) -> None:
        row = self._lay.row_of(*place)
        top, height = self.scroll_offset.y, max(1, self.size.height)
        y = row - height // 3 if not top <= row < top + height else top
        x = 0 if self.wraps or place[1] < self.size.width - 8 else place[1] - self.size.width // 2
        self.scroll_to(x, max(0, y), animate=False, force=True)

    def watch_virtual_size(self, size: Size) -> None:
        """Another document moves the scroll bars; nothing else on the screen is laid out anew."""
        self._scroll_update(size)

    def watch_needle(self) -> None:
        self.match = None
        self._forget()

    def on_resize(self, event: Resize) -> None:
        if self.wraps and self._width != self._layout_width:
            line = self._lay.row(self.scroll_offset.y).line if self._lay.height else 0
            moved = self.scroll_offset.y > 0
            self._relayout()
            if moved:
                self.scroll_to(y=self._lay.row_of(line), animate=False, force=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget()

    @property
    def _width(self) -> int:
        return max(1, self.scrollable_content_region.width - 2 * MARGIN)

    def _relayout(self) -> None:
        self._layout_width = self._width if self.wraps else 0
        self._lay = Layout(self.document.lines, self._layout_width, self.whole)
        self.virtual_size = Size(self._lay.cells + MARGIN, self._lay.height)
        self._spans.clear()
        self._forget()

    def _forget(self) -> None:
        self._strips.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        y += top
        width = self.size.width
        if y >= self._lay.height:
            return Strip.blank(width, self._inks.page)
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._draw(self._lay.row(y))
            if len(self._strips) > STRIPS_KEPT:
                self._strips.popitem(last=False)
        return strip.crop_extend(x, x + width, self._inks.page)

    def _draw(self, row: Row) -> Strip:
        text = self.document.lines[row.line]
        kind = Kind(self.document.kinds[row.line])
        page = self._inks.page
        base = page + self._inks[kind.name.lower()]
        names: list[str] = [""] * (row.end - row.start)
        for start, end, name in self._line_spans(row.line, text, kind):
            first, last = max(start, row.start), min(end, row.end)
            if first < last:
                names[first - row.start : last - row.start] = [name] * (last - first)
        segments = [Segment(" " * (MARGIN + row.indent), page)]
        segments += _segments(text[row.start : row.end], names, base, self._inks)
        left = len(text) - row.end
        if left > 0 and row.end == self._lay.shown(row.line):
            segments.append(Segment(f" … {left:,} more (L: all) ", page + self._inks["cut"]))
        return Strip(segments)

    def _line_spans(self, line: int, text: str, kind: Kind) -> list[Span]:
        found = self._spans.get(line)
        if found is None:
            shown = text[: self._lay.shown(line)]
            found = self._spans[line] = list(spans(shown, kind))
            if len(self._spans) > LINES_KEPT:
                self._spans.popitem(last=False)
        if not self.needle:
            return found
        hits = matches(text, self.needle)
        return found + [
            (start, end, "here" if self.match == (line, start) else "found") for start, end in hits
        ]


def _segments(text: str, names: list[str], base: Style, inks: Inks) -> list[Segment]:
    """Runs of characters of one colour."""
    segments: list[Segment] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or names[at] != names[start]:
            style = base + inks[names[start]] if names[start] else base
            segments.append(Segment(text[start:at], style))
            start = at
    return segments
