"""The one view for everything long: a document, of which only the rows on screen are drawn."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.reactive import Reactive, var
from textual.strip import Strip

from ..document import Document, Kind, Span, matches
from ..ink import Inks
from ..layout import Layout, Row
from ..syntax import spans
from .lines import Lines

STRIPS_KEPT = 512
LINES_KEPT = 128
MARGIN = 1
MOST_WRAPPED = 200_000


class LineView(Lines, can_focus=True):
    """A document under a scroll bar. `needle` is highlighted, the current match more so.

    `cursor` is a line of it, seen while the view has the focus; Enter folds and unfolds there.
    """

    DEFAULT_CSS = """
    LineView {
        height: 1fr; background: $background; scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1; overflow: auto scroll;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("enter", "fold", show=False),
    ]

    needle: var[str] = var("")
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document = Document()
        self.match: tuple[int, int] | None = None
        self.cursor = 0
        self.wrap: bool | None = None
        self.whole = False
        self._layout_width = 0
        self._lay = Layout([], 0)
        self._strips: OrderedDict[int, Strip] = OrderedDict()
        self._spans: OrderedDict[int, list[Span]] = OrderedDict()
        self._inks = Inks(self)
        self._bars: tuple[int, int, Size] | None = None

    @property
    def wraps(self) -> bool:
        """Whether long lines are wrapped now."""
        if self.wrap is not None:
            return self.wrap
        return self.document.wrap and len(self.document.lines) < MOST_WRAPPED

    def show(self, document: Document, keep_place: bool = False) -> None:
        """Show another document from its new part on, or from the same row as before."""
        at_end = keep_place and self.max_scroll_y - self.scroll_offset.y <= 1
        used = self._lay.height - self.scroll_offset.y
        self.document, self.match = document, None
        self._lay_out()
        used = min(self.size.height, max(used, self._lay.height - self.scroll_offset.y))
        self.refresh(Region(0, 0, self.size.width, used))
        if at_end and self._lay.height > self.size.height:
            self.scroll_to(y=self._lay.height, animate=False, force=True)
        elif not keep_place:
            self.cursor = min(document.fresh, max(0, len(document.lines) - 1))
            if self.scroll_offset != (0, self.start_row):
                self.scroll_to(0, self.start_row, animate=False, force=True)

    @property
    def start_row(self) -> int:
        """The row to begin with: where the new part starts."""
        return self._lay.row_of(self.document.fresh) if self.document.fresh else 0

    # The cursor and folds

    def action_step(self, lines: int) -> None:
        """Move the cursor by lines; from where the view was scrolled to, if it is out of sight."""
        self.put_cursor(self.here() + lines)

    def here(self) -> int:
        """The cursor's line, or the first line on screen if the cursor is not."""
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + max(1, self.size.height)
        row = self._lay.row_of(self.cursor) if self._lay.height else 0
        if not top <= row < bottom and self._lay.height:
            self.cursor = self._lay.row(min(top, self._lay.height - 1)).line
        return self.cursor

    def put_cursor(self, line: int) -> None:
        """Put the cursor on a line, or on the nearest there is, and bring it into view."""
        line = max(0, min(line, len(self.document.lines) - 1))
        before, self.cursor = self.cursor, line
        if self._lay.height:
            top, height = self.scroll_offset.y, max(1, self.size.height)
            row = self._lay.row_of(line)
            if not top <= row < top + height:
                y = row if row < top else row - height + 1
                self.scroll_to(y=y, animate=False, force=True)
            for one in {before, line}:
                self._refresh_row_of(one)

    def _refresh_row_of(self, line: int) -> None:
        row = self._lay.row_of(line)
        while row < self._lay.height and self._lay.row(row).line == line:
            self.refresh_line(row)
            row += 1

    def action_fold(self) -> bool:
        """Open or close the fold that the cursor is in; False if it is in none."""
        head = self.document.head_of(self.here())
        if head is None:
            return False
        self.document.toggle(head)
        self._refolded(head)
        return True

    def fold_all(self) -> bool:
        """Close all folds, or open all where none of the outermost is open; whether it closed."""
        head = self.document.head_of(self.here())
        while head is not None and (fold := self.document.folds[head]).parent is not None:
            head = next(n for n, one in self.document.folds.items() if one is fold.parent)
        closed = self.document.close_all()
        if not closed:
            self.document.open_all()
        self._refolded(min(head or 0, max(0, len(self.document.lines) - 1)))
        return closed

    def _refolded(self, line: int) -> None:
        self.match = None
        self._relayout()
        self.put_cursor(line)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y + self.scroll_offset.y >= self._lay.height:
            return
        line = self._lay.row(offset.y + self.scroll_offset.y).line
        self.put_cursor(line)
        if offset.x + self.scroll_offset.x < MARGIN and self.document.toggle(line):
            self._refolded(line)

    def on_focus(self) -> None:
        self.here()
        self._refresh_row_of(self.cursor)

    def on_blur(self) -> None:
        self._refresh_row_of(self.cursor)

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
        count = len(self.document.lines)
        found = self.document.find(self.needle, start, way)
        if len(self.document.lines) != count:
            self.match = None
            self._relayout()
        if found is None or (fresh_only and found[0] < self.document.fresh):
            return False
        self.match, self.cursor = found, found[0]
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
        window = self.size
        bars = (max(size.width, window.width), max(size.height, window.height), window)
        if bars != self._bars:
            self._bars = bars
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
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        self._layout_width = self._width if self.wraps else 0
        self._lay = Layout(self.document.lines, self._layout_width, self.whole)
        self.virtual_size = Size(self._lay.cells + MARGIN, self._lay.height)
        self._spans.clear()
        self._strips.clear()

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
        row = self._lay.row(y)
        if strip is None:
            strip = self._strips[y] = self._draw(row)
            if len(self._strips) > STRIPS_KEPT:
                self._strips.popitem(last=False)
        if self.has_focus and row.line == self.cursor:
            ground = self._inks.cursor(False)
            shown = strip.crop_extend(x, x + width, ground)
            return Strip(Segment.apply_style(shown, post_style=ground), width)
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
        fold = self.document.folds.get(row.line) if not row.start else None
        if fold is not None:
            ink = self._inks["mark" if fold.closed else "edge"]
            segments = [Segment("▸" if fold.closed else "▾", page + ink)]
        segments += _segments(text[row.start : row.end], names, base, self._inks)
        left = len(text) - row.end
        if left > 0 and row.end == self._lay.shown(row.line):
            segments.append(Segment(f" … {left:,} more (L: all) ", page + self._inks["cut"]))
        return Strip(segments)

    def _line_spans(self, line: int, text: str, kind: Kind) -> list[Span]:
        found = self._spans.get(line)
        if found is None:
            shown = text[: self._lay.shown(line)]
            marks = self.document.marks.get(line, ())
            found = self._spans[line] = [*marks, *spans(shown, kind)]
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
