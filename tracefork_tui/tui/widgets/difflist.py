"""The rows of a comparison in two columns that scroll together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from rich.segment import Segment
from rich.style import Style

from ...diff import Row, word_diff
from ..comparing import Two
from ..folds import Fold, Lines
from ..layout import cells
from ..look import Reader
from ..rows import WORDS, row_of, value_text
from ..rows import Row as Told
from ..text import short
from .rowlist import RowList, cell, readable
from .steprow import fit

KEPT = 512
MOST_CALLS = 8
SIGNS = {"same": " ", "changed": "~", "added": "+", "removed": "−"}
INKS = {"same": "dim", "changed": "number", "added": "came", "removed": "gone"}
QUIET = ("rec", "live")
Piece = tuple[str, str]


class DiffList(RowList):
    """`side` is the column, 0 or 1, that the cursor is in."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.two: Two | None = None
        self.lines: Lines | None = None
        self.ends: tuple[Piece, Piece] = (("", "dim"), ("", "dim"))
        self.side = 1
        self._told: OrderedDict[tuple[int, int], Told] = OrderedDict()

    def show(self, two: Two, lines: Lines) -> None:
        self.two, self.lines = two, lines
        self.changed()

    def show_ends(self, left: Piece, right: Piece) -> None:
        """What the last line tells of either run."""
        self.ends = left, right
        self.refresh()

    def turn(self, side: int) -> None:
        self.side = side
        self.refresh_line(self.cursor)

    @property
    def height(self) -> int:
        return self.lines.height if self.lines else 0

    def draw(self, line: int, width: int, here: bool) -> list[Segment]:
        assert self.lines is not None
        shown = self.lines.at(line)
        base = self.ground(here, False)
        if isinstance(shown, Fold):
            return self._fold(shown, width, base)
        left = (width - 3) // 2
        right = width - 3 - left
        bases = [base, base]
        if here:
            bases[self.side] = self.ground(here)
        if shown is None:
            (one, part), (other, other_part) = self.ends
            sign, tint = "■", "text"
            cells_a = [Segment(cell(f" {one}", left), readable(bases[0], self.inks, part))]
            cells_b = [Segment(cell(f" {other}", right), readable(bases[1], self.inks, other_part))]
        else:
            sign, tint = SIGNS[shown.kind], INKS[shown.kind]
            told = self._of(0, shown.a), self._of(1, shown.b)
            words = _marked(shown, *told)
            cells_a = list(self._cell(told[0], words[0], left, bases[0], tint))
            cells_b = list(self._cell(told[1], words[1], right, bases[1], tint))
        return [*cells_a, Segment(f" {sign} ", base + self.inks[tint]), *cells_b]

    def _fold(self, fold: Fold, width: int, base: Style) -> list[Segment]:
        assert self.two is not None
        rows = self.two.comparison.rows
        first, last = rows[fold.start], rows[fold.end - 1]
        left, right = f"{first.a}–{last.a}", f"{first.b}–{last.b}"
        both = left if left == right else f"{left} = {right}"
        proven = fold.end <= self.two.comparison.shared_prefix
        why = ", proven by their chains" if proven else ""
        text = f" ⋯ {fold.end - fold.start:,} equal steps ({both}){why} "
        style = base + self.inks["dim"]
        return [Segment(text, style), Segment("·" * max(0, width - len(text) - 1), style)]

    def _of(self, side: int, n: int | None) -> Told | None:
        if n is None or self.two is None:
            return None
        key = side, n
        told = self._told.get(key)
        if told is None:
            reader: Reader = (self.two.a, self.two.b)[side]
            told = self._told[key] = _row_of(reader, n)
            if len(self._told) > KEPT:
                self._told.popitem(last=False)
        return told

    def _cell(
        self, told: Told | None, words: list[Piece], width: int, base: Style, tint: str
    ) -> Iterator[Segment]:
        if told is None:
            yield Segment(" " * width, base)
            return
        assert self.two is not None
        comparison = self.two.comparison
        most = max(len(comparison.a.index.first), len(comparison.b.index.first))
        lead = f"{told.n:>{len(str(most)) + 1}} "
        tail = f" {told.provenance}" if told.provenance not in ("", *QUIET) else ""
        yield Segment(lead, readable(base, self.inks, "dim"))
        plain = "bad" if told.bad else tint if tint != "number" else "text"
        yield Segment(
            f"{told.glyph} ", readable(base, self.inks, "dim" if told.glyph == "◇" else plain)
        )
        room = max(0, width - len(lead) - 2 - len(tail))
        for text, part in words:
            if room > 0:
                text = fit(text, room)
                room -= cells(text)
                yield Segment(
                    text, base + self.inks[part] if part else readable(base, self.inks, plain)
                )
        yield Segment(" " * room, base)
        if tail:
            yield Segment(tail, base + self.inks["changed"])


def _marked(row: Row, a: Told | None, b: Told | None) -> tuple[list[Piece], list[Piece]]:
    """The words of either side; where both are there, those that differ are marked."""
    if a is None or b is None or row.kind != "changed" or a.words == b.words:
        return [(a.words, "")] if a else [], [(b.words, "")] if b else []
    left: list[Piece] = []
    right: list[Piece] = []
    segments = word_diff(a.words, b.words)
    cut = len(segments) if not a.words.endswith("…") else len(segments) - 3
    for place, segment in enumerate(segments):
        ink = "" if segment.op == "equal" or place >= cut else "differs"
        if segment.op != "insert":
            left.append((segment.text, ink))
        if segment.op != "delete":
            right.append((segment.text, ink))
    return left, right


def _row_of(reader: Reader, n: int) -> Told:
    """The row of the timeline, tool calls with their arguments."""
    told = row_of(reader, n)
    if told.bad or reader.kind(n) != "exchange":
        return told
    reply = reader.reply(n)
    calls = [part for part in reply.parts if part.kind == "tool_use"] if reply else []
    if not calls:
        return told
    words = ", ".join(f"{call.name}({_arguments(call.input)})" for call in calls[:MOST_CALLS])
    return told._replace(words=short(f"→ {words}", WORDS))


def _arguments(value: Any) -> str:
    values = value.values() if isinstance(value, dict) else [value]
    return ", ".join(short(value_text(one), 24) for one in islice(values, MOST_CALLS))
