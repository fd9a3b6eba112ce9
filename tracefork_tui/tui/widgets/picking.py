"""Words of a line that can be picked: an id, a number, an address, or a plain word. Lines may be
megabytes long: nothing here looks further than it has to."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_](?:[\w.@+/#%~-]|:(?=//|\d))*[^\W_]|[^\W_]")
NEAR = 2000
QUOTES = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')

Range = tuple[int, int]


def word_after(text: str, column: int) -> Range | None:
    """The first word that begins at a column or behind it."""
    found = WORD.search(text, column)
    return found.span() if found else None


def word_before(text: str, column: int) -> Range | None:
    """The last word that begins before a column."""
    start = max(0, column - NEAR)
    last = None
    for found in WORD.finditer(text, start, min(len(text), column + NEAR)):
        if found.start() >= column:
            break
        last = found.span()
    return last


def word_at(text: str, column: int) -> Range | None:
    """The word that a column is in."""
    found = word_before(text, column + 1)
    return found if found and found[0] <= column < found[1] else None


def widened(text: str, start: int, end: int) -> Range:
    """The quoted text around a range; where that is no more than the range, the whole line."""
    first = max(0, start - NEAR)
    for found in QUOTES.finditer(text, first, min(len(text), end + NEAR)):
        inner = found.start() + 1, found.end() - 1
        if inner[0] <= start and end <= inner[1]:
            if inner != (start, end):
                return inner
            break
    bare = text.strip(" ▌")
    at = text.find(bare)
    return at, at + len(bare)
