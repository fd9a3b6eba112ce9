"""Two tapes side by side, their steps aligned, and what differs in each row."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.worker import get_current_worker

from .. import comparing
from ..diff_words import ended, heading, shape, sums
from ..document import Document, Kind
from ..family import intervention, parent_of
from ..folds import Fold, Lines
from ..text import plain
from ..views.changes import ChangePage, end_page, is_quick, page_of
from ..widgets.difflist import DiffList
from ..widgets.halves import Halves
from ..widgets.rowlist import RowList
from .listing import ListScreen

SETTLE = 0.03


class DiffScreen(ListScreen):
    """Compares the tapes at two paths, the one before on the left."""

    DEFAULT_CSS = """
    DiffScreen {
        & DiffList { height: auto; min-height: 6; max-height: 42%; }
        & LineView { height: 1fr; }
        &.zoomed DiffList, &.zoomed #sums { display: none; }
    }
    """
    AUTO_FOCUS = "DiffList"
    KEYS: ClassVar[str] = "keys of the comparison"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "change(1)", "next row that differs"),
        Binding("N", "change(-1)", "previous row that differs"),
        Binding("right_curly_bracket", "run(1)", "next run of rows that differ"),
        Binding("left_curly_bracket", "run(-1)", "previous run of rows that differ"),
        Binding("enter", "enter", "open this step in its tape; on a fold: unfold it"),
        Binding("o", "open", "open this step in its tape"),
        Binding("h,left", "side(0)", "the left tape"),
        Binding("l,right", "side(1)", "the right tape"),
        Binding("space", "fold", "fold or unfold a run of equal steps"),
        Binding("F", "fold_all", "unfold all equal steps, or fold them again"),
        Binding("e", "end", "how the runs ended"),
        Binding("x", "export", "write a report for a pull request, as Markdown, to this folder"),
    ]

    def __init__(self, a: str, b: str) -> None:
        super().__init__()
        self._paths = a, b
        self.rows: DiffList = DiffList()
        self._names = Halves()
        self._sums = Halves("~", id="sums")
        self._two: comparing.Two | None = None
        self._spare: comparing.Two | None = None
        self._lines: Lines | None = None
        self._end: ChangePage | None = None
        self._shape = ""
        self._serial = 0
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self._names
        yield self.rows
        yield self._sums
        yield self.about
        yield self.hints

    def on_mount(self) -> None:
        names = self.names
        self._names.show([((names[0], "bold"), (names[1], "bold"))])
        self.header.show(("diff", "comparing …"), ("q ends it",))
        self.update_hints()
        self.run_worker(
            lambda: comparing.align(self.post_message, get_current_worker(), *self._paths),
            group="align",
            thread=True,
            exit_on_error=False,
        )

    @property
    def names(self) -> tuple[str, str]:
        """What the tapes are called: their paths where the names are the same."""
        one, other = (plain(path.rpartition("/")[2]) for path in self._paths)
        return (one, other) if one != other else (plain(self._paths[0]), plain(self._paths[1]))

    def short_hints(self) -> list[tuple[str, str]]:
        return [
            ("n/N", "difference"),
            ("h/l", "side"),
            ("Enter", "open"),
            ("J/K", "scroll"),
            ("e", "end"),
            ("F", "unfold"),
            ("x", "export"),
            ("z", "zoom"),
            ("q", "back"),
            ("?", "keys"),
        ]

    # News

    def on_reading(self, message: comparing.Reading) -> None:
        if self._two is None:
            said = f"{message.what}, {message.count:,} steps read …"
            self.header.show(("diff", said), ("q ends it",))
        elif self._end is None:
            said = f"{message.what}, {message.count:,} steps read …"
            self._sums.show([((said, "$foreground-muted"), ("", ""))])

    def on_aligned(self, message: comparing.Aligned) -> None:
        self._two, self._spare, self._lines = message.shown, message.spare, message.lines
        comparison = message.shown.comparison
        self._shape = shape(comparison, message.lines)
        names = [heading(name, tape) for name, tape in self._tapes()]
        self._names.show([((names[0], "bold"), (names[1], "bold"))])
        self._sums.show([(("adding up …", "$foreground-muted"), ("", ""))])
        self.rows.show(message.shown, message.lines)
        first = message.lines.changes[0] if message.lines.changes else 0
        self.rows.move(message.lines.line(first))
        self.moved()

    def on_counted(self, message: comparing.Counted) -> None:
        a, b = message.totals
        self._sums.show(sums(a, b))
        self.rows.show_ends(ended(a), ended(b))
        self._end = end_page(a, b, self.names)
        if self._lines and self.rows.cursor == self._lines.end:
            self.about.show(self._end)

    def on_detailed(self, message: comparing.Detailed) -> None:
        if message.serial == self._serial:
            self.about.show(message.page)

    def on_failed(self, message: comparing.Failed) -> None:
        self.header.show(("diff", "✗ cannot be compared"), ())
        page = Document()
        page.add(message.reason, Kind.ERROR)
        self.about.show(page)

    # Where we are

    def moved(self) -> None:
        """Show the page of the row under the cursor: at once if that is quick."""
        lines, two = self._lines, self._two
        if lines is None or two is None:
            return
        self._update_header(lines)
        self._serial += 1
        if self._waiting:
            self._waiting.stop()
        shown = lines.at(self.rows.cursor)
        if shown is None:
            self.about.show(self._end or _waiting_page())
        elif isinstance(shown, Fold):
            self.about.show(_fold_page(shown))
        else:
            position = lines.position(self.rows.cursor)
            if is_quick(two.comparison, two.a, two.b, position):
                self.about.show(page_of(two.comparison, two.a, two.b, position))
            else:
                self._waiting = self.set_timer(SETTLE, lambda: self._later(position))

    def _later(self, position: int) -> None:
        spare, serial = self._spare, self._serial
        if spare is None:
            return
        self.run_worker(
            lambda: comparing.detail(self.post_message, spare, position, serial),
            group="detail",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def _update_header(self, lines: Lines) -> None:
        total = len(lines.changes)
        at = lines.count_to(lines.position(self.rows.cursor))
        right = f"difference {at:,}/{total:,}" if total else "equal"
        self.header.show(("diff", self._shape), (right,))

    def _tapes(self) -> list[tuple[str, str]]:
        """Name and, for a fork, what it changed, of both tapes."""
        if self._two is None:
            return [(name, "") for name in self.names]
        told: list[tuple[str, str]] = []
        comparison = self._two.comparison
        for name, tape in zip(self.names, (comparison.a, comparison.b), strict=True):
            parent = parent_of(tape.header)
            step = parent.get("step")
            told.append((name, plain(f"{intervention(parent)} at step {step}") if parent else ""))
        return told

    # Actions

    def action_change(self, way: int) -> None:
        self._to(way, runs=False)

    def action_run(self, way: int) -> None:
        self._to(way, runs=True)

    def _to(self, way: int, runs: bool) -> None:
        lines = self._lines
        if lines is None:
            return
        position: int | None = lines.position(self.rows.cursor)
        found = None
        for _ in range(self.count() or 1):
            if position is None:
                break
            position = (lines.next_run if runs else lines.next_change)(position, way)
            found = position if position is not None else found
        if found is not None:
            self.go(lines.line(found))
        elif way > 0 and self.rows.cursor != lines.end:
            self.go(lines.end)
            self.say("no difference after this; how the runs ended")
        else:
            self.say("no difference after this" if way > 0 else "no difference before this")

    def action_export(self) -> None:
        self.count()
        spare = self._spare
        if spare is None:
            self.say("not compared yet")
            return
        self.say("writing a report …")
        self.run_worker(
            lambda: comparing.export(self.post_message, spare, os.getcwd()),
            group="export",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def on_exported(self, message: comparing.Exported) -> None:
        name = plain(os.path.basename(message.path))
        self.say(f"no report: {plain(message.problem)}" if message.problem else f"wrote {name}")

    def action_side(self, side: int) -> None:
        self.count()
        self.rows.turn(side)

    def action_enter(self) -> None:
        if not self._on_fold():
            self.action_open()
        else:
            self.action_fold()

    def _on_fold(self) -> bool:
        return bool(self._lines) and isinstance(self._shown, Fold)

    @property
    def _shown(self) -> object:
        return self._lines.at(self.rows.cursor) if self._lines else None

    def action_open(self) -> None:
        """Open the step under the cursor in a main screen of its tape."""
        self.count()
        lines, two = self._lines, self._two
        if lines is None or two is None:
            return
        position, side = lines.position(self.rows.cursor), self.rows.side
        if position >= len(lines.rows):
            tape = (two.comparison.a, two.comparison.b)[side]
            self.debugger.open_tape(self._paths[side], len(tape.index.first))
            return
        row = lines.rows[position]
        if (row.a, row.b)[side] is None:
            side = 1 - side
        self.debugger.open_tape(self._paths[side], (row.a, row.b)[side] or 0)

    def action_fold(self) -> None:
        self.count()
        lines = self._lines
        if lines is None:
            return
        position = lines.position(self.rows.cursor)
        if lines.toggle(self.rows.cursor):
            self._refolded(position)
        else:
            self.say("no run of equal steps here to fold")

    def action_fold_all(self) -> None:
        self.count()
        lines = self._lines
        if lines is not None:
            position = lines.position(self.rows.cursor)
            self.say("folded" if lines.toggle_all() else "unfolded")
            self._refolded(position)

    def _refolded(self, position: int) -> None:
        assert self._lines is not None
        self.rows.changed()
        self.rows.move(self._lines.line(position))
        self.moved()

    def action_end(self) -> None:
        self.count()
        if self._lines is not None:
            self.go(self._lines.end)

    def on_row_list_picked(self, message: RowList.Picked) -> None:
        super().on_row_list_picked(message)
        self.rows.turn(int(message.x >= 0.5))
        if message.again:
            self.action_enter()


def _fold_page(fold: Fold) -> Document:
    page = Document()
    page.line(f"  {fold.end - fold.start:,} steps are equal in both runs.", Kind.NEW)
    page.line("  Enter unfolds them, F all equal steps.", Kind.DIM)
    return page


def _waiting_page() -> Document:
    page = Document()
    page.line("adding up both runs …", Kind.DIM)
    return page
