"""The rows of a comparison in two columns that scroll together."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from itertools import groupby

from rich.segment import Segment
from rich.style import Style

from ...diff import Row, word_diff
from ..comparing import Two
from ..folds import Fold, Lines
from ..layout import cells
from ..look import Reader
from ..rows import Row as Told
from ..rows import row_of
from .rowlist import RowList, cell, readable
from .steprow import said

KEPT = 512
SIGNS = {"same": " ", "changed": "~", "added": "+", "removed": "−"}
INKS = {"same": "dim", "changed": "number", "added": "came", "removed": "gone"}
QUIET = ("rec", "live")
FULL = 1000
_WORD = re.compile(r"\w+|\W+")
_GAP = re.compile(r"\W")
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
            rooms = left - self._around(told[0]), right - self._around(told[1])
            words = marked(shown, told, rooms)
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
            told = self._told[key] = row_of(reader, n)
            if len(self._told) > KEPT:
                self._told.popitem(last=False)
        return told

    def _around(self, told: Told | None) -> int:
        """The cells that a column has for something else than words."""
        return self._digits() + 4 + cells(_tail(told)) if told else 0

    def _digits(self) -> int:
        assert self.two is not None
        comparison = self.two.comparison
        return len(str(max(len(comparison.a.index.first), len(comparison.b.index.first))))

    def _cell(
        self, told: Told | None, words: list[Piece], width: int, base: Style, tint: str
    ) -> Iterator[Segment]:
        if told is None:
            yield Segment(" " * width, base)
            return
        yield Segment(f"{told.n:>{self._digits() + 1}} ", readable(base, self.inks, "dim"))
        plain = "bad" if told.bad else tint if tint != "number" else "text"
        yield Segment(
            f"{told.glyph} ", readable(base, self.inks, "dim" if told.glyph == "◇" else plain)
        )
        room = max(0, width - self._around(told))
        for text, part in words:
            room -= cells(text)
            yield Segment(
                text, base + self.inks[part] if part else readable(base, self.inks, plain)
            )
        yield Segment(" " * room, base)
        yield Segment(_tail(told), base + self.inks["changed"])


def _tail(told: Told) -> str:
    return f" {told.provenance}" if told.provenance not in ("", *QUIET) else ""


def marked(
    row: Row, told: tuple[Told | None, Told | None], rooms: tuple[int, int]
) -> tuple[list[Piece], list[Piece]]:
    """The words of either side; where both are there, those that differ are marked."""
    a, b = told
    if row.kind == "changed" and a and b and a.calls and b.calls:
        from ...wire.calls import against

        calls = a.calls, b.calls
        a = a._replace(calls=against(calls[0], calls[1:]))
        b = b._replace(calls=against(calls[1], calls[:1]))
    one, other = said(a, rooms[0]) if a else "", said(b, rooms[1]) if b else ""
    if row.kind != "changed" or one == other or a is None or b is None:
        return [(one, "")], [(other, "")]
    apart = _apart(said(a, FULL), said(b, FULL))
    left: list[Piece] = []
    right: list[Piece] = []
    for segment in word_diff(one, other):
        for word in _WORD.findall(segment.text):
            ink = "differs" if segment.op != "equal" and word in apart else ""
            if segment.op != "insert":
                left.append((word, ink))
            if segment.op != "delete":
                right.append((word, ink))
    return _joined(left), _joined(right)


def _joined(pieces: list[Piece]) -> list[Piece]:
    runs = groupby(pieces, key=lambda piece: piece[1])
    return [("".join(text for text, _ in run), ink) for ink, run in runs]


def _apart(one: str, other: str) -> set[str]:
    """The words that only one of two texts has in a place; neither is cut."""
    changed = (segment.text for segment in word_diff(one, other) if segment.op != "equal")
    return {word for text in changed for word in _WORD.findall(text) if not _GAP.match(word)}
