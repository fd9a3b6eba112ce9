"""The list of steps: one line each, drawn only when it is on screen."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from ..ink import Inks
from ..rows import Row, beside, row_of
from ..session import Session
from .lines import Lines
from .steprow import Look, paint

if TYPE_CHECKING:
    from ..lanes import Lanes, Talk

ROWS_KEPT = 512
BUDGET = 0.008
REST = 0.01
MARGIN = 2
ABOVE = 20
"""Rows above the screen that are looked at for lanes which come from there."""

LANES = ((44, 8), (34, 5), (0, 3))
"""Width of the list, and the most lanes that it has room for."""

STRAY = "∉"
"""Before a step that is listed only because the cursor is on it."""


class Timeline(Lines, can_focus=True):
    """The steps of the session's tape; `move` places the cursor, a click asks for it."""

    DEFAULT_CSS = """
    Timeline {
        height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.do('previous_step')", show=False),
        Binding("down", "screen.do('next_step')", show=False),
        Binding("pageup", "screen.do('page_up')", show=False),
        Binding("pagedown", "screen.do('page_down')", show=False),
        Binding("home", "screen.do('first')", show=False),
        Binding("end", "screen.do('last')", show=False),
        Binding("enter", "screen.do('next_pane')", show=False),
    ]

    class Picked(Message):
        """The user pointed at a step."""

        def __init__(self, n: int) -> None:
            super().__init__()
            self.n = n

    def __init__(self, session: Session, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._talks: OrderedDict[int, Talk] = OrderedDict()
        self._strips: OrderedDict[Look, Strip] = OrderedDict()
        self._lanes: Lanes | None = None
        self._top = 0
        self._laid: tuple[object, ...] = ()
        self._read = 0
        self.laned = True
        self._brief = True
        self._late = False
        self._spent = 0.0
        self._cursor = session.cursor
        self._inks = Inks(self)

    def on_mount(self) -> None:
        self.update_count()

    def tell_all(self) -> None:
        """Show what the exchanges did: before, their lines are drawn without being read."""
        self._brief = False
        self.update_count()

    def update_count(self) -> None:
        """Take in that the tape has grown, or that steps which were incomplete now are not."""
        self._rows.clear()
        self._talks.clear()
        self._read += 1
        self.update_rows()

    def update_rows(self) -> None:
        """Take in that the list shows other steps."""
        self._session.lens.stand_on(self._cursor)
        self.virtual_size = Size(0, self._session.lens.height)
        self.refresh()

    def move(self, n: int) -> None:
        """Put the cursor on step `n` and bring it into view."""
        self._spent = 0.0
        lens = self._session.lens
        before, self._cursor = lens.row(self._cursor), n
        if lens.stand_on(n):
            self.update_rows()
        self.reveal(before)
        self.refresh_line(before)
        self.refresh_line(lens.row(n))

    def reveal(self, before: int | None = None) -> None:
        """Bring the cursor into view; `before`: the row that it was on."""
        y = self._session.lens.row(self._cursor)
        top, height = self.scroll_offset.y, max(1, self.size.height)
        margin = min(MARGIN, (height - 1) // 2)
        if y < top + margin or y >= top + height - margin:
            jump = before is None or abs(y - before) > height
            above = height // 2 if jump else margin if y < top + margin else height - 1 - margin
            self.scroll_to(y=max(0, y - above), animate=False, force=True)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            row = offset.y + self.scroll_offset.y
            if row < self._session.lens.height:
                self.post_message(self.Picked(self._session.lens.step(row)))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        y += self.scroll_offset.y
        if y >= self._session.lens.height:
            edge = Segment("│", self._inks.page + self._inks["edge"])
            return Strip([Segment(" " * (width - 1), self._inks.page), edge])
        self._lay_lanes(width)
        return self._draw(self._row(self._session.lens.step(y)), width, y)

    def _lay_lanes(self, width: int) -> None:
        """Find the lanes of the rows on screen and some above them, if those are other rows."""
        lens, top, height = self._session.lens, self.scroll_offset.y, self.size.height
        picture = lens, lens.height, top, height, width, self._read
        if self._brief or self._laid == picture:
            return
        self._top = max(0, top - ABOVE)
        steps = [lens.step(y) for y in range(self._top, min(lens.height, top + height))]
        for n in steps:
            self._row(n)
        from ..lanes import Lanes, Talk

        nobody = Talk(0, "", 0.0, 0.0)
        talks = [self._talks.get(n, nobody) for n in steps]
        most = next(most for least, most in LANES if width >= least) if self.laned else 1
        self._lanes = Lanes(talks, most, self._lanes.columns if self._lanes else {})
        self._laid = (*picture[:-1], self._read)

    def toggle_lanes(self) -> bool:
        """Show lanes, or not; whether they are shown."""
        self.laned = not self.laned
        self._laid = ()
        self.refresh()
        return self.laned

    def _row(self, n: int) -> Row:
        row = self._rows.get(n)
        if row is not None:
            return row
        reader = self._session.reader
        if reader.kind(n) == "exchange" and (self._brief or self._late):
            return Row(n, "●", "")
        started = time.perf_counter()
        row = beside(reader, row_of(reader, n))
        if self._brief:
            return row
        from ..lanes import talk_of

        self._rows[n], self._talks[n] = row, talk_of(reader, n)
        self._read += 1
        if len(self._rows) > ROWS_KEPT:
            self._rows.popitem(last=False)
            self._talks.popitem(last=False)
        self._spent += time.perf_counter() - started
        if self._spent > BUDGET and not self._late:
            self._late = True
            self.set_timer(REST, self._read_on)
        return row

    def _read_on(self) -> None:
        """Read the lines that the last paint had no time for."""
        self._spent, self._late = 0.0, False
        self._laid = ()
        self.refresh()

    def _draw(self, row: Row, width: int, y: int) -> Strip:
        """The line of a row, the same strip as before where it looks the same."""
        session, lanes, place = self._session, self._lanes, y - self._top
        look = Look(
            row,
            self.has_focus if row.n == self._cursor else None,
            width,
            len(str(session.count)),
            lanes.cells(place, row.glyph) if lanes and lanes.width > 1 else row.glyph,
            lanes is not None and place in lanes.breaks,
            session.beside.notes.get(row.n, ""),
            session.lens.folded(row.n),
            self._marked(row.n),
            row.n in session.beside.break_steps,
            session.is_fork,
            self.app.theme,
        )
        strip = self._strips.get(look)
        if strip is None:
            strip = self._strips[look] = paint(look, self._inks)
            if len(self._strips) > ROWS_KEPT:
                self._strips.popitem(last=False)
        return strip

    def _marked(self, n: int) -> str:
        marks = self._session.beside.marks
        stray = " " if self._session.lens.lets_through(n) else STRAY
        return next((letter for letter, at in marks.items() if at == n), stray)
