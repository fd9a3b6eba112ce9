"""From lines to screen rows: wrapping, and the cap on very long lines."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

CAP = 4000
_ODD = re.compile("[^\x20-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2400-\u25ff]")


class Row(NamedTuple):
    """A row of the screen: a slice of a line, and how far it is set in."""

    line: int
    start: int
    end: int
    indent: int


class Layout:
    """Rows of a document at a width. With `width` 0 nothing is wrapped: a row is a line.

    Lines longer than CAP are cut there unless `whole`.
    """

    def __init__(self, lines: Sequence[str], width: int, whole: bool = False) -> None:
        self._lines = lines
        self._width = width
        self._cap = 0 if whole else CAP
        self._row_line = array("I")
        self._row_start = array("I")
        if width:
            self._wrap(max(8, width))

    @property
    def height(self) -> int:
        return len(self._row_line) if self._width else len(self._lines)

    @property
    def cells(self) -> int:
        """The width that the widest row takes."""
        if self._width:
            return self._width
        widest = 0
        for line in self._lines:
            if len(line) * 2 > widest:
                shown = line[: self._cap] if self._cap else line
                widest = max(widest, cells(shown) + (24 if len(line) > len(shown) else 0))
        return widest

    def row(self, y: int) -> Row:
        if not self._width:
            return Row(y, 0, self.shown(y), 0)
        line, start = self._row_line[y], self._row_start[y]
        last = y + 1 >= len(self._row_line) or self._row_line[y + 1] != line
        end = self.shown(line) if last else self._row_start[y + 1]
        return Row(line, start, end, _indent(self._lines[line], self._width) if start else 0)

    def shown(self, line: int) -> int:
        """How many characters of a line are shown."""
        length = len(self._lines[line])
        return min(length, self._cap) if self._cap else length

    def row_of(self, line: int, column: int = 0) -> int:
        """The row that shows a place of the document."""
        if not self._width:
            return line
        low = bisect_right(self._row_line, line) - 1
        while low > 0 and self._row_line[low - 1] == line and self._row_start[low] > column:
            low -= 1
        return max(0, low)

    def _wrap(self, width: int) -> None:
        row_line, row_start = self._row_line, self._row_start
        for number, text in enumerate(self._lines):
            row_line.append(number)
            row_start.append(0)
            length = self.shown(number)
            if length * 2 <= width or (length <= width and not _ODD.search(text, 0, length)):
                continue
            room = width - _indent(text, width)
            odd = _ODD.search(text, 0, length) is not None
            at = _cut(text, 0, length, width, odd)
            while at < length:
                row_line.append(number)
                row_start.append(at)
                at = _cut(text, at, length, room, odd)


def cells(text: str) -> int:
    """The cells that a text takes."""
    return cell_len(text) if _ODD.search(text) else len(text)


def _indent(text: str, width: int) -> int:
    """How far the further rows of a line are set in."""
    return min(len(text) - len(text.lstrip(" ▌")), width // 3)


def _cut(text: str, start: int, length: int, width: int, odd: bool) -> int:
    """Where the row that begins at `start` ends: behind a space where there is one."""
    end = _reach(text, start, length, width) if odd else start + width
    if end >= length:
        return length
    space = text.rfind(" ", start, end + 1)
    if space <= start + width // 2:
        return end
    return space + 1


def _reach(text: str, start: int, length: int, width: int) -> int:
    """The end of the longest piece that fits; one character at least."""
    end = min(length, start + width)
    while end > start + 1 and (over := cell_len(text[start:end]) - width) > 0:
        end = max(start + 1, end - max(1, over // 2))
    return end
