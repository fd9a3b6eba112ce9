"""The run's boundary: what was captured, what could only be named, what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import get_current_worker

from ...replay.boundary import (
    NAMED,
    Boundary,
    Captured,
    Effect,
    boundary,
    plural,
    summary,
)
from ..document import Document, Kind
from ..widgets.entries import Column
from .beside import BesideScreen

if TYPE_CHECKING:
    from .main import MainScreen

MOST = 40
Item = Captured | Effect


class Read(Message):
    """The boundary was read; None where the tape is damaged."""

    def __init__(self, found: Boundary | None) -> None:
        super().__init__()
        self.found = found


class BoundaryScreen(BesideScreen):
    """A line for each kind that was captured, and for each effect that was not."""

    TITLED = "boundary"
    KEYS: ClassVar[str] = "keys of the boundary"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "jump", "go to the first step of this kind"),
    ]

    def __init__(self, main: MainScreen) -> None:
        super().__init__(main)
        self._items: list[Item] = []
        self._found: Boundary | None = None
        self._read = False

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._look, group="boundary", thread=True, exit_on_error=False)

    def _look(self) -> None:
        worker = get_current_worker()
        try:
            with self.session.background() as reader:
                found = boundary(reader.tape, lambda: not worker.is_cancelled)
        except Exception:  # a damaged tape tells what it can elsewhere
            self.post_message(Read(None))
        else:
            self.post_message(Read(found))

    def on_read(self, message: Read) -> None:
        self._read, self._found = True, message.found
        if message.found is not None:
            found = message.found
            self._items = [*found.refused, *found.named, *found.captured]
        self.again()

    def lines(self) -> int:
        return len(self._items)

    def told(self) -> tuple[str, ...]:
        if self._found is None:
            return ("damaged",) if self._read else ("reading …",)
        found = self._found
        return (
            f"{sum(one.count for one in found.captured):,} captured",
            f"{len(found.named):,} named",
            f"{len(found.refused):,} refused",
        )

    def empty(self) -> str:
        if not self._read:
            return "Reading the tape …"
        return "Nothing crossed the boundary of this run." if self._found else "damaged"

    def short_hints(self) -> list[tuple[str, str]]:
        return [("Enter", "go there"), ("j/k", "line"), ("q", "back"), ("?", "keys")]

    def columns(self, line: int) -> Sequence[Column]:
        one = self._items[line]
        if isinstance(one, Captured):
            words = f"{plural(one.what, one.count)}{_names(one)}"
            return [("captured", 9, "exchange"), (f"{one.count:>7,}", 7, "dim"), (words, 0, "text")]
        named = one.kind in NAMED
        mark = "again" if one.again else ""
        words = f"{NAMED.get(one.kind, one.kind)}: {one.what}{_at(one.site)}"
        return [
            ("named" if named else "refused", 9, "mark" if named else "error"),
            (f"{mark:>7}", 7, "dim"),
            (words, 0, "text"),
        ]

    def step(self, line: int) -> int:
        one = self._items[line]
        return one.first if isinstance(one, Captured) else 0

    def page(self, page: Document, line: int) -> None:
        one = self._items[line]
        if isinstance(one, Captured):
            self._about_captured(page, one)
        else:
            _about_effect(page, one)
        if self._found is not None:
            page.heading("the whole run")
            for text in summary(self._found):
                page.line(text, Kind.DIM)

    def _about_captured(self, page: Document, one: Captured) -> None:
        page.line(f"{one.count:,} {plural(one.what, one.count)}", Kind.HEADING)
        if one.first:
            page.line(f"On the tape from step {one.first:,} on; a replay gives them back.")
        else:
            page.line("On the tape by hash; a replay says which of them changed since.")
        for title, counts in (("what", one.names), ("where", one.sites)):
            largest = sorted(counts.items(), key=lambda pair: -pair[1])
            if largest:
                page.heading(title)
            for name, count in largest[:MOST]:
                page.line(f"{count:>7,} × {name}")
            if len(largest) > MOST:
                page.line(f"        and {len(largest) - MOST:,} more", Kind.DIM)


def _about_effect(page: Document, one: Effect) -> None:
    page.line(f"{NAMED.get(one.kind, one.kind)}: {one.what}", Kind.HEADING)
    if one.meaning:
        page.line(one.meaning)
    if one.site:
        page.heading("call site")
    for frame in one.site:
        page.line(f"  {frame}")


def _names(one: Captured) -> str:
    largest = sorted(one.names.items(), key=lambda pair: -pair[1])
    names = ", ".join(f"{name} ×{count:,}" if count > 1 else name for name, count in largest[:4])
    more = f" and {len(largest) - 4} more" if len(largest) > 4 else ""
    return f": {names}{more}"


def _at(site: list[str]) -> str:
    return f"  ({site[0]})" if site else ""
