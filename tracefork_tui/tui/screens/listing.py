"""What the screens around a list share: keys with counts, hints, messages, help, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.screen import Screen

from ..actions import ACTIONS, shown_key
from ..document import Document, Kind
from ..keys import Keys
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.lineview import LineView
from ..widgets.rowlist import RowList

if TYPE_CHECKING:
    from ..app import DebuggerApp


class ListScreen(Screen[None]):
    """A header, a list, a page about its current line, and hints. `q` leads back."""

    KEYS: ClassVar[str] = "keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,ctrl+o", "back", "back to where you came from"),
        Binding("j", "step(1)", "next line", id="next_step"),
        Binding("k", "step(-1)", "previous line", id="previous_step"),
        Binding("pagedown", "page(1)", "a screenful on", id="page_down"),
        Binding("pageup", "page(-1)", "a screenful back", id="page_up"),
        Binding("g", "first", "first line, or line COUNT", id="first"),
        Binding("G", "last", "last line, or line COUNT", id="last"),
        Binding("J", "scroll_page(1)", "scroll the page below a line down"),
        Binding("K", "scroll_page(-1)", "scroll the page below a line up"),
        Binding("ctrl+d", "half(1)", "scroll the page below down"),
        Binding("ctrl+u", "half(-1)", "scroll the page below up"),
        Binding("z", "zoom", "the page below alone, or all again"),
        Binding("question_mark", "keys", "this list"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.keys = Keys()
        self.header = Header()
        self.rows: RowList = RowList()
        self.about: LineView = LineView()
        self.hints = Hints()

    def short_hints(self) -> list[tuple[str, str]]:
        """Keys and labels for the last line."""
        return []

    def moved(self) -> None:
        """The cursor is on another line."""

    # Keys

    def on_key(self, event: Key) -> None:
        if self.keys.feed(event.character):
            event.stop()
            event.prevent_default()
        self.update_hints()

    def update_hints(self) -> None:
        self.hints.show(self.short_hints(), self.keys.pending)

    def say(self, message: str) -> None:
        self.hints.say(message)

    def count(self) -> int | None:
        """The count that was typed; a message that waited for a key is gone."""
        self.say("")
        count = self.keys.take_count()
        self.update_hints()
        return count

    def go(self, line: int) -> None:
        if self.rows.move(line):
            self.moved()

    def action_back(self) -> None:
        if not self.keys.clear():
            self.dismiss()
        self.update_hints()

    def action_step(self, way: int) -> None:
        self.go(self.rows.cursor + way * (self.count() or 1))

    def action_page(self, way: int) -> None:
        self.go(self.rows.cursor + way * self.rows.page * (self.count() or 1))

    def action_first(self) -> None:
        self.go((self.count() or 1) - 1)

    def action_last(self) -> None:
        self.go((self.count() or self.rows.height) - 1)

    def action_scroll_page(self, lines: int) -> None:
        lines *= self.count() or 1
        self.about.scroll_to(y=self.about.scroll_offset.y + lines, animate=False, force=True)

    def action_half(self, way: int) -> None:
        self.action_scroll_page(way * max(1, self.about.size.height // 2))

    def action_zoom(self) -> None:
        self.toggle_class("zoomed")

    def action_keys(self) -> None:
        from .help import HelpScreen

        page = Document()
        page.heading(self.KEYS)
        for one in (*type(self).BINDINGS, *ListScreen.BINDINGS):
            if isinstance(one, Binding) and one.description:
                own = ACTIONS[one.id].keys if one.id in ACTIONS else one.key.split(",")
                keys = " ".join(map(shown_key, own))
                page.line(f"{keys:<16}  {one.description}", Kind.FIELD)
        self.app.push_screen(HelpScreen(self.KEYS, page))

    @property
    def debugger(self) -> DebuggerApp:
        return cast("DebuggerApp", self.app)

    def on_row_list_picked(self, message: RowList.Picked) -> None:
        self.say("")
        self.go(message.line)
