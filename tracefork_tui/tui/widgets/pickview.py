"""The view of a step: words of it can be picked, to be traced, watched or copied."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, MouseDown, MouseEvent, MouseMove, MouseUp

from ..document import Document, Kind, Span
from ..layout import cells
from .lineview import MARGIN, LineView
from .picking import widened, word_after, word_at, word_before

TITLES = frozenset((Kind.NEW, Kind.HEADING, Kind.SYSTEM, Kind.USER, Kind.ASSISTANT, Kind.CALL,
                    Kind.RESULT))  # fmt: skip
"""Headings of our own, which are not what one looks for first."""


class PickView(LineView):
    """`picked`: the characters of a line that arrows or the mouse have picked, as (line, start,
    end)."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "pick(-1)", show=False),
        Binding("right", "pick(1)", show=False),
        Binding("shift+left", "extend(-1)", show=False),
        Binding("shift+right", "extend(1)", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picked: tuple[int, int, int] | None = None
        self._anchor: tuple[int, int] | None = None

    def show(self, document: Document, keep_place: bool = False) -> None:
        self.picked = self._anchor = None
        super().show(document, keep_place)

    def _refolded(self, line: int) -> None:
        self.picked = None
        super()._refolded(line)

    def _line_spans(self, line: int, text: str, kind: Kind) -> list[Span]:
        found = super()._line_spans(line, text, kind)
        if self.picked is not None and self.picked[0] == line:
            return [*found, (*self.picked[1:], "picked")]
        return found

    @property
    def picked_text(self) -> str:
        """What is picked, as it is shown; "" for nothing."""
        if self.picked is None:
            return ""
        line, start, end = self.picked
        return self.document.lines[line][start:end]

    def pick_match(self) -> None:
        """Pick the match that was gone to."""
        if self.match is not None:
            line, start = self.match
            self._pick(line, (start, start + len(self.needle)))

    def pick_nothing(self) -> bool:
        """False if nothing was picked."""
        was, self.picked = self.picked is not None, None
        if was:
            self._forget()
        return was

    def _pick(self, line: int, found: tuple[int, int] | None) -> bool:
        if found is None or found[0] >= found[1]:
            return False
        self.picked = (line, *found)
        self.put_cursor(line)
        self._forget()
        self._reveal((line, found[0]))
        return True

    def action_pick(self, way: int) -> None:
        """Pick the next word, or the one before, on this line or on the nearest that has one."""
        if not self.document.lines:
            return
        line, column = self.here(), 0 if way > 0 else len(self.document.lines[self.cursor])
        if self.picked is not None and self.picked[0] == line:
            column = self.picked[2] if way > 0 else self.picked[1]
        while 0 <= line < len(self.document.lines):
            text = self.document.lines[line][: self._lay.shown(line)]
            if self._pick(line, (word_after if way > 0 else word_before)(text, column)):
                return
            line += way
            column = 0 if way > 0 or line < 0 else len(self.document.lines[line])

    def pick_first(self) -> None:
        """Pick the match that was gone to; else the first word from the cursor on that is content,
        and no heading of ours."""
        if self.match is not None:
            self.pick_match()
            return
        kinds, line = self.document.kinds, self.here()
        while line < len(kinds) and (kinds[line] in TITLES or not self.document.lines[line]):
            line += 1
        self.put_cursor(line if line < len(kinds) else self.cursor)
        self.action_pick(1)

    def action_extend(self, way: int) -> None:
        """Let what is picked reach to the end of the next word, or give its last word up."""
        if self.picked is None:
            self.action_pick(way)
            return
        line, start, end = self.picked
        text = self.document.lines[line][: self._lay.shown(line)]
        if way > 0:
            after = word_after(text, end)
            self._pick(line, (start, after[1] if after else end))
        else:
            last = word_before(text, end)
            before = word_before(text, last[0]) if last else None
            if before and before[0] >= start:
                self._pick(line, (start, before[1]))

    def widen(self) -> None:
        """Pick the quoted text around what is picked, or the whole line; at first the match that
        was gone to, or a word."""
        if self.picked is None and self.match is not None:
            self.pick_match()
        elif self.picked is None:
            self.action_pick(1)
        else:
            line, start, end = self.picked
            text = self.document.lines[line][: self._lay.shown(line)]
            self._pick(line, widened(text, start, end))

    def _place(self, event: MouseEvent) -> tuple[int, int] | None:
        """The line and column under the mouse, None beside all lines."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y + self.scroll_offset.y >= self._lay.height:
            return None
        row = self._lay.row(offset.y + self.scroll_offset.y)
        x = offset.x + self.scroll_offset.x - MARGIN - row.indent
        text = self.document.lines[row.line]
        column = row.start
        while column < row.end and x > 0:
            x -= cells(text[column])
            column += x >= 0
        return row.line, column

    def on_mouse_down(self, event: MouseDown) -> None:
        self.pick_nothing()
        self._anchor = self._place(event)

    def on_mouse_move(self, event: MouseMove) -> None:
        place = self._place(event) if self._anchor and event.button else None
        if self._anchor is None or place is None or place == self._anchor:
            return
        line, column = self._anchor
        length = len(self.document.lines[line])
        other = place[1] if place[0] == line else length if place[0] > line else 0
        self.picked = line, min(column, other), min(max(column, other) + 1, length)
        self._forget()

    def on_mouse_up(self, event: MouseUp) -> None:
        self._anchor = None

    def on_click(self, event: Click) -> None:
        """A click picks a word, unless the mouse has just picked more."""
        place = self._place(event) if self.picked is None else None
        if place is not None:
            self._pick(place[0], word_at(self.document.lines[place[0]], place[1]))
