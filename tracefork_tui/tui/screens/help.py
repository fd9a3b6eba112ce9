"""The list of actions with their keys, made from the registry."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from ..actions import Action, by_group, shown_key
from ..document import Document, Kind
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.lineview import LineView

NOTES = (
    "Digits before a key are a count: 12j is twelve steps on, 40G is step 40.",
    "Arrows and Page keys act on the pane that has the focus; Tab changes it.",
    "The mouse works too: click a step or a view's name, turn the wheel.",
    "Every name below also works after a colon, and so does the beginning of one.",
)


class HelpScreen(Screen[None]):
    """Keys and what they do: of the main screen, or of another whose `page` is given."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,question_mark", "dismiss", "back"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str = "keys and commands", page: Document | None = None) -> None:
        super().__init__()
        self._heading = title
        self._page = page

    def compose(self) -> ComposeResult:
        yield Header()
        yield LineView()
        yield Hints()

    def on_mount(self) -> None:
        self.query_one(Header).show((self._heading,), ("tracefork-tui",))
        self.query_one(Hints).show([("q", "back"), ("j/k", "scroll")])
        view = self.query_one(LineView)
        view.show(self._page or contents())
        view.focus()

    def action_scroll(self, lines: int) -> None:
        view = self.query_one(LineView)
        view.scroll_to(y=view.scroll_offset.y + lines, animate=False)


def contents() -> Document:
    """Every action under its group."""
    page = Document()
    for note in NOTES:
        page.line(note, Kind.DIM)
    for group, found in by_group().items():
        page.heading(group)
        for one in found:
            page.line(f"{_keys(one):<10}  {one.id.replace('_', '-'):<18}  {one.help}", Kind.FIELD)
    return page


def _keys(one: Action) -> str:
    return " ".join(shown_key(key) for key in one.keys) or "·"
