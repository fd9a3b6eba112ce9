"""Lists of what is kept beside the tape, over the main screen: a line chosen leads to its step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ..document import Document, Kind
from ..rows import row_of
from ..views import build, views_of, weight
from ..widgets.entries import Column, Entries
from ..widgets.rowlist import RowList
from ..widgets.steprow import said
from .listing import ListScreen

LIGHT = 256 * 1024
"""Bytes of a step that is shown at once."""

if TYPE_CHECKING:
    from .main import MainScreen


class BesideScreen(ListScreen):
    """A list above, and a page about its current line below."""

    DEFAULT_CSS = """
    BesideScreen {
        & Entries { height: auto; min-height: 4; max-height: 60%; }
        & LineView { height: 1fr; border-top: solid $panel-lighten-1; }
        &.zoomed Entries { display: none; }
    }
    """
    AUTO_FOCUS = "Entries"
    TITLED: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "jump", "go to its step"),
    ]

    def __init__(self, main: MainScreen) -> None:
        super().__init__()
        self.main = main
        self.session = main.session
        self.rows: Entries = Entries(self.columns, self.lines)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.rows
        yield self.about
        yield self.hints

    def on_mount(self) -> None:
        self.again()
        self.update_hints()

    def again(self) -> None:
        """Take in that the lines are others."""
        self.grown()
        self.rows.move(self.rows.cursor)
        self.moved()

    def grown(self) -> None:
        """Take in that there are more lines; that of the cursor is what it was."""
        self.header.show((self.heading(), self.session.name), self.told())
        self.rows.changed()

    def moved(self) -> None:
        page = Document()
        if self.lines():
            self.page(page, self.rows.cursor)
        else:
            page.line(self.empty(), Kind.DIM)
        self.about.show(page)

    # What a list of its own says

    def heading(self) -> str:
        """What the list is of."""
        return self.TITLED

    def lines(self) -> int:
        """How many there are."""
        return 0

    def columns(self, line: int) -> Sequence[Column]:
        return ()

    def told(self) -> tuple[str, ...]:
        """What the header tells on its right."""
        return (f"{self.lines():,}",)

    def empty(self) -> str:
        """What to show where there is no line."""
        return ""

    def step(self, line: int) -> int:
        """The step that a line leads to, 0 for none."""
        return 0

    def page(self, page: Document, line: int) -> None:
        """What is told about a line."""

    # Actions

    def action_jump(self) -> None:
        n = self.step(self.rows.cursor) if self.lines() else 0
        if n:
            self.dismiss()
            self.main.call_later(self.main.jump, n)

    def on_row_list_picked(self, message: RowList.Picked) -> None:
        super().on_row_list_picked(message)
        if message.again:
            self.action_jump()

    def peek(self, page: Document, n: int) -> None:
        """What is new in a step, below what is told about its line."""
        reader = self.session.reader
        if not 1 <= n <= self.session.count:
            return
        view = views_of(reader.step(n))[0]
        page.line("")
        if weight(view, reader, n) <= LIGHT:
            page.extend(build(view, reader, n, new=True))
        else:
            page.line("A large step: Enter shows it.", Kind.DIM)

    def words(self, n: int) -> str:
        """What the list of steps says of one."""
        return said(row_of(self.session.reader, n)) if 1 <= n <= self.session.count else "?"

    def keep(self) -> None:
        """Save what was changed here."""
        self.main.keep("")
        if self.main.said:
            self.say(self.main.said)
        self.again()
