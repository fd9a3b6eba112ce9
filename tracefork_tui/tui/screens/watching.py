"""The watches of the open tape: read in the background, their values shown, gone along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..actions import Mistake
from ..scan import Scanned
from ..text import short
from ..watches import Change, Watch, nearest

if TYPE_CHECKING:
    from ...query import Query
    from ..widgets.bar import Bar
    from .main import MainScreen

Part = tuple[str, str]
NAME, VALUE = 40, 80
ROOM = 26
"""Cells of a line of the context column."""


class Watching:
    """Keeps the watches of a screen: those beside the tape, and one that was only asked for."""

    def __init__(self, screen: MainScreen, bar: Bar) -> None:
        self._screen = screen
        self._bar = bar
        self._pending: tuple[Sequence[Watch], int, int] | None = None
        self._passing: Watch | None = None
        self.watches: list[Watch] = []

    def begin(self) -> None:
        """Take over the watches that are kept beside the tape, once the parser is loaded."""
        if self._screen.session.beside.watches:
            self._screen.run_worker(self._begin(), group="watch", exit_on_error=False)

    async def _begin(self) -> None:
        import asyncio

        await asyncio.to_thread(_load_parser)
        self.load()

    def load(self) -> None:
        """Take over the watches that are kept beside the tape."""
        from ...query import QueryError, compile

        known = {watch.query.text: watch for watch in self.watches}
        self.watches = []
        for text in self._screen.session.beside.watches:
            try:
                watch = known.pop(text, None) or Watch(compile(text))
            except QueryError:
                continue
            self.watches.append(watch)
            if not watch.running and not watch.done:
                self._screen.scans.start(watch, urgent=False)
        for watch in known.values():
            self._screen.scans.stop(watch)
        self._changed()

    def add(self, query: Query) -> None:
        """Watch an expression; once is enough."""
        kept = self._screen.session.beside.watches
        if query.text not in kept:
            kept.append(query.text)
            self.load()
        self._screen.keep(f"watching {short(query.text, NAME)}: * and # go to its changes")

    def resume(self) -> None:
        """Go on where the tape has grown."""
        for watch in self.watches:
            self._screen.scans.resume(watch)

    def go(self, way: int, count: int, query: Query | None = None) -> None:
        """Jump to the COUNTth change from here, of the watches or of one expression."""
        watches: Sequence[Watch] = self.watches
        if query is not None:
            if self._passing is None or self._passing.query.text != query.text:
                self._passing = Watch(query)
                self._screen.scans.start(self._passing)
            watches = [self._passing]
        if not watches:
            raise Mistake("nothing is watched yet: w watches an expression")
        self._pending = watches, way, count
        self._try()

    def stop(self) -> bool:
        """Wait no longer for a change; False where nobody does."""
        was, self._pending = self._pending is not None, None
        return was

    def take(self, message: Scanned) -> None:
        """News from the background."""
        if message.scan in self.watches:
            self._changed()
        if self._pending is not None and message.scan in self._pending[0]:
            self._try()

    def _try(self) -> None:
        """Jump, if it is known where to."""
        if self._pending is None:
            return
        watches, way, count = self._pending
        n = self._screen.session.cursor
        found: tuple[Watch, Change] | None = None
        for _ in range(count):
            one = nearest(watches, n, way)
            if isinstance(one, Watch):
                name = short(one.query.text, NAME)
                self._screen.say(f"reading {name}: step {one.upto:,} (Esc ends it)")
                return
            if one is None:
                break
            found, n = one, one[1].n
        self._pending = None
        if found is None:
            side = "after" if way > 0 else "before"
            self._screen.say(f"no change {side} this step")
        else:
            watch, change = found
            self._screen.jump(change.n, lambda: self._screen.say(changed(watch, change)))

    # Showing

    def _changed(self) -> None:
        self.show()
        self._screen.update_context()

    def show(self) -> None:
        """Show the values as of the step under the cursor, where the column does not."""
        self._bar.show(*(() if self._screen.context.display else self._line()))

    def _line(self) -> list[Part]:
        parts: list[Part] = []
        for watch in self.watches:
            value, _ = self._value(watch)
            parts.append((f"{short(watch.query.text, NAME)} ", "$foreground-muted"))
            parts.append((f"{short(value, NAME)}   ", "bold"))
        return [("◉ ", "$text-accent"), *parts] if parts else []

    def parts(self) -> list[Part]:
        """The same for the context column."""
        parts: list[Part] = []
        for watch in self.watches:
            value, at = self._value(watch)
            name, value = short(watch.query.text, NAME), short(value, VALUE)
            gap = " " if len(name) + len(value) + len(at) < ROOM else "\n  "
            parts.append((f"{name}{gap}", "$foreground-muted"))
            parts += [(value, "bold"), (f"{at}\n", "$foreground-muted")]
        return parts

    def _value(self, watch: Watch) -> tuple[str, str]:
        """The value as of the step under the cursor, and where it came from."""
        n = self._screen.session.cursor
        found = watch.at(n)
        if not watch.knows(n) and watch.running:
            return f"… step {watch.upto:,}", ""
        if found is None:
            return "–", ""
        return found.text, "" if found.n == n else f" @{found.n}"


def _load_parser() -> None:
    from ...query import compile

    compile("n")


def changed(watch: Watch, change: Change) -> str:
    """A change in one line."""
    before = watch.before(change)
    was = f"{short(before.text, NAME)} → " if before else "first "
    return f"{short(watch.query.text, NAME)}: {was}{short(change.text, NAME)}"
