"""Every change of what is watched, over the whole run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ..document import Document, Kind
from ..scan import Scanned
from ..times import when
from ..watches import Change, Watch
from ..widgets.entries import Column
from .beside import BesideScreen

if TYPE_CHECKING:
    from .main import MainScreen


class WatchesScreen(BesideScreen):
    """A heading for each watch, with a line for each of its changes below."""

    TITLED = "watches"
    KEYS: ClassVar[str] = "keys of the watches"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "delete", "watch this expression no longer"),
        Binding("right_square_bracket", "turn(1)", "next watch"),
        Binding("left_square_bracket", "turn(-1)", "previous watch"),
    ]

    def __init__(self, main: MainScreen) -> None:
        super().__init__(main)
        self._tops: list[int] = [0]

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.2, self._news)
        self._to_cursor()

    def _to_cursor(self) -> None:
        """Begin with the change that the step under the cursor stands on."""
        watch = next(iter(self._watches), None)
        change = watch.at(self.session.cursor) if watch else None
        if watch and change:
            self.go(1 + watch.changes.index(change))

    def _news(self) -> None:
        """The main screen follows the scans; show how far they have come."""
        before, tops = self._tops, self._measure()
        if len(before) != len(tops) or before[-1] == 0:
            self.again()
        elif tops != before or any(one.running for one in self._watches):
            k = bisect_right(before, self.rows.cursor) - 1
            self._tops = tops
            self.grown()
            self.rows.move(self.rows.cursor - before[k] + tops[k])

    def on_scanned(self, message: Scanned) -> None:
        """None of ours."""

    @property
    def _watches(self) -> list[Watch]:
        return self.main.watching.watches

    def _measure(self) -> list[int]:
        return list(accumulate((1 + len(one.changes) for one in self._watches), initial=0))

    def again(self) -> None:
        self._tops = self._measure()
        super().again()

    def _at(self, line: int) -> tuple[Watch, Change | None]:
        k = bisect_right(self._tops, line) - 1
        watch, place = self._watches[k], line - self._tops[k]
        return watch, watch.changes[place - 1] if place else None

    def lines(self) -> int:
        return self._tops[-1]

    def told(self) -> tuple[str, ...]:
        changes = sum(len(one.changes) for one in self._watches)
        return (f"{changes:,} change{'s' * (changes != 1)}",)

    def empty(self) -> str:
        return "Nothing is watched yet: w watches an expression, as in `w arguments.amount`."

    def short_hints(self) -> list[tuple[str, str]]:
        return [("Enter", "go there"), ("[ ]", "watch"), ("d", "delete"), ("q", "back"),
                ("?", "keys")]  # fmt: skip

    def columns(self, line: int) -> Sequence[Column]:
        watch, change = self._at(line)
        if change is None:
            said = f"{len(watch.changes):,}" if watch.done else f"… step {watch.upto:,}"
            return [("◉", 1, "mark"), (watch.query.text, 0, "heading"), (said, 14, "dim")]
        here = "▸" if watch.at(self.session.cursor) == change else " "
        moment = when(self.session.reader, change.n)
        return [(here, 1, "mark"), (f"{change.n:>7}", 7, "dim"), (moment, 10, "dim"),
                (change.text, 0, "text")]  # fmt: skip

    def step(self, line: int) -> int:
        change = self._at(line)[1]
        return change.n if change else 0

    def page(self, page: Document, line: int) -> None:
        watch, change = self._at(line)
        page.line(watch.query.text, Kind.HEADING)
        if change is None:
            return
        before = watch.before(change)
        page.line(f"step {change.n}  {self.words(change.n)}", Kind.DIM)
        page.line(f"− {before.text}" if before else "− no value before", Kind.GONE)
        page.line(f"+ {change.text}", Kind.NEW)
        self.peek(page, change.n)

    def action_turn(self, way: int) -> None:
        k = bisect_right(self._tops, self.rows.cursor) - 1 + way
        if 0 <= k < len(self._watches):
            self.go(self._tops[k])

    def action_delete(self) -> None:
        if self._watches:
            watch, _ = self._at(self.rows.cursor)
            self.session.beside.watches.remove(watch.query.text)
            self.main.watching.load()
            self.keep()
