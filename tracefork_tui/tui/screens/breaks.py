"""The breakpoints with their hits."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ...query import QueryError, compile
from ..beside import Breakpoint
from ..document import Document, Kind
from ..lens import Filter
from ..scan import Scanned
from ..widgets.entries import Column
from .beside import BesideScreen
from .scans import Scans

if TYPE_CHECKING:
    from .main import MainScreen

TOLD = 500


class BreaksScreen(BesideScreen):
    """Counts of hits are those of the whole tape, looked for while the list is open."""

    TITLED = "breakpoints"
    KEYS: ClassVar[str] = "keys of the breakpoints"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,e", "turn", "turn it on or off"),
        Binding("d,delete", "delete", "delete it"),
        Binding("n", "hit(1)", "on to its next hit, and stay in the list"),
        Binding("N", "hit(-1)", "back to its hit before, and stay in the list"),
    ]

    def __init__(self, main: MainScreen) -> None:
        super().__init__(main)
        self._listed = self.session.beside.breakpoints
        self._scans = Scans(self, self.session)

    def on_mount(self) -> None:
        super().on_mount()
        for one in self._listed:
            self._count(one)

    def _count(self, one: Breakpoint) -> None:
        if one.hits is None and one.when:
            try:
                one.hits = Filter(compile(one.when))
            except QueryError:
                return
        if one.hits is not None and (not one.hits.done or one.hits.upto < self.session.count):
            self._scans.start(one.hits)

    def on_scanned(self, message: Scanned) -> None:
        if message.scan.take(message):
            self.again()

    def lines(self) -> int:
        return len(self._listed)

    def told(self) -> tuple[str, ...]:
        on = sum(one.enabled for one in self._listed)
        return (f"{on} of {len(self._listed)} on",)

    def empty(self) -> str:
        return "No breakpoint yet: b sets one on a step, :break EXPR one on a condition."

    def short_hints(self) -> list[tuple[str, str]]:
        return [("Enter", "go there"), ("Space", "on/off"), ("d", "delete"), ("n/N", "hit"),
                ("q", "back"), ("?", "keys")]  # fmt: skip

    def columns(self, line: int) -> Sequence[Column]:
        one = self._listed[line]
        sign = ("■ on", 5, "bad") if one.enabled else ("□ off", 5, "dim")
        what = one.when or f"step {one.step}  {self.words(one.step)}"
        ink = "text" if one.enabled else "dim"
        return [(f"{line + 1:>3}", 3, "dim"), sign, (self._hits(one), 14, ink), (what, 0, ink)]

    def _hits(self, one: Breakpoint) -> str:
        if not one.when:
            return "1 hit"
        if one.hits is None:
            return "✗ not read"
        count = len(one.hits.numbers)
        said = f"{count:,} hit{'s' * (count != 1)}"
        return said if one.hits.done else f"{said} …"

    def step(self, line: int) -> int:
        one = self._listed[line]
        if not one.when:
            return one.step
        numbers = one.hits.numbers if one.hits else ()
        k = bisect_left(numbers, self.session.cursor)
        return numbers[min(k, len(numbers) - 1)] if numbers else 0

    def page(self, page: Document, line: int) -> None:
        one = self._listed[line]
        if not one.when:
            page.line(f"step {one.step}  {self.words(one.step)}")
            self.peek(page, one.step)
            return
        page.line(one.when, Kind.HEADING)
        if one.hits is None:
            self._wrong(page, one.when)
            return
        for n in one.hits.numbers[:TOLD]:
            here = "▸" if n == self.session.cursor else " "
            page.line(f"{here} {n:>6}  {self.words(n)}")
        if len(one.hits.numbers) > TOLD:
            more = len(one.hits.numbers) - TOLD
            page.line(f"… {more:,} more hits; & with the expression lists them all", Kind.DIM)

    def _wrong(self, page: Document, text: str) -> None:
        try:
            compile(text)
        except QueryError as error:
            page.line(str(error), Kind.ERROR)

    def action_turn(self) -> None:
        if self._listed:
            one = self._listed[self.rows.cursor]
            one.enabled = not one.enabled
            self.keep()

    def action_delete(self) -> None:
        if self._listed:
            del self._listed[self.rows.cursor]
            self.keep()

    def action_hit(self, way: int) -> None:
        """Stand on the next hit of this breakpoint."""
        one = self._listed[self.rows.cursor] if self._listed else None
        numbers: Sequence[int] = ()
        if one is not None:
            numbers = one.hits.numbers if one.hits else (one.step,) if one.step else ()
        cursor = self.session.cursor
        k = bisect_right(numbers, cursor) if way > 0 else bisect_left(numbers, cursor) - 1
        if 0 <= k < len(numbers):
            self.main.jump(numbers[k])
            self.again()
        else:
            self.say("no further hit")
