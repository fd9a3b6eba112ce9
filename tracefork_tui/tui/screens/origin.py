"""Where a text entered the run, and everywhere it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ..command import obey
from ..document import Document, Kind
from ..scan import Scanned
from ..text import short
from ..times import when
from ..tracing import Trace
from ..widgets.bar import Bar
from ..widgets.entries import Column
from .beside import BesideScreen
from .scans import Scans

if TYPE_CHECKING:
    from ...query import Occurrence
    from .main import MainScreen

NAME = 60
SIDES = {"request": "→ request", "response": "← answer", "draw": "◇ draw"}


class OriginScreen(BesideScreen):
    """A line for each place that holds the text, the first one first."""

    DEFAULT_CSS = """
    OriginScreen {
        & Entries { max-height: 70%; }
        & Bar { background: $background; }
    }
    """
    KEYS: ClassVar[str] = "keys of the origin"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "watch", "watch the value of this place"),
        Binding("n", "step(1)", "next place"),
        Binding("N", "step(-1)", "previous place"),
    ]

    def __init__(self, main: MainScreen, text: str) -> None:
        super().__init__(main)
        self.trace = Trace(text, main.session.cursor)
        self._scans = Scans(self, self.session)
        self._said = Bar()

    def compose(self) -> ComposeResult:
        yield self.header
        yield self._said
        yield self.rows
        yield self.about
        yield self.hints

    def on_mount(self) -> None:
        self.about.needle = self.trace.text
        super().on_mount()
        self._scans.start(self.trace)
        self._tell()

    def on_scanned(self, message: Scanned) -> None:
        if message.scan.take(message):
            if len(self.trace.found) == len(message.found) or message.ended:
                self.again()
            else:
                self.grown()
            self._tell()

    def _tell(self) -> None:
        trace = self.trace
        count = self.session.count
        if trace.found:
            first = trace.found[0].n
            entered = (f"entered at step {first} as {short(trace.what, 120)}", "bold")
        elif trace.done:
            entered = ("the run does not hold it in this form", "bold")
        else:
            entered = ("looking …", "")
        if trace.running:
            rest = f"  {trace.upto * 100 // max(1, count)} % looked through (q ends it)"
        elif not trace.done:
            rest = f"  ended at step {trace.upto:,}"
        else:
            rest = ""
        self._said.show(entered, (rest, "$foreground-muted"))

    def heading(self) -> str:
        return f"origin of “{short(self.trace.text, NAME)}”"

    def told(self) -> tuple[str, ...]:
        count = len(self.trace.found)
        more = "+" if self.trace.more else ""
        return (f"{count:,}{more} place{'s' * (count != 1)}",)

    def empty(self) -> str:
        if self.trace.done:
            return "No step holds it, as it stands: a view may show it in another form."
        return "Looking through the run …"

    def short_hints(self) -> list[tuple[str, str]]:
        return [("Enter", "go there"), ("j/k", "place"), ("w", "watch it"), ("q", "back"),
                ("?", "keys")]  # fmt: skip

    def lines(self) -> int:
        return len(self.trace.found)

    def columns(self, line: int) -> Sequence[Column]:
        one = self.trace.found[line]
        sign = "◆" if line == 0 else "▸" if one.n == self.trace.at else " "
        begun = when(self.session.reader, one.n)
        ink = "strong" if line == 0 else "text"
        return [(sign, 1, "mark"), (f"{one.n:>6}", 6, "dim"), (begun, 9, "dim"),
                (SIDES[one.side], 9, "key"), (f"{_where(one)}  {one.excerpt}", 0, ink)]  # fmt: skip

    def step(self, line: int) -> int:
        return self.trace.found[line].n

    def page(self, page: Document, line: int) -> None:
        one = self.trace.found[line]
        page.line(f"step {one.n}  {self.words(one.n)}", Kind.HEADING)
        if line == 0:
            page.field("entered as", self.trace.what)
        page.field("place", one.expression)
        page.line("")
        page.add(one.excerpt, Kind.VALUE)
        self.peek(page, one.n)

    def action_jump(self) -> None:
        if self.lines():
            one = self.trace.found[self.rows.cursor]
            self.dismiss()
            self.main.call_later(show, self.main, one, self.trace.text)

    def action_watch(self) -> None:
        if self.lines():
            one = self.trace.found[self.rows.cursor]
            self.dismiss()
            self.main.call_later(obey, self.main, f"watch {one.expression}")


def _where(one: Occurrence) -> str:
    return one.path or "value"


def show(main: MainScreen, one: Occurrence, text: str) -> None:
    """Jump to a place, in a view that shows it, with the text marked."""
    main.session.needle, main.session.sought = text, None

    def mark() -> None:
        main.highlight(text)
        if main.body.seek(1):
            main.body.pick_match()
            return
        view = "HEADERS" if one.keys[:1] in (("headers",), ("url",)) else one.side.upper()
        if main.view.name != view and one.side != "draw":
            main.then_open(view, seek)

    def seek() -> None:
        if main.body.seek(1):
            main.body.pick_match()

    main.jump(one.n, mark)
