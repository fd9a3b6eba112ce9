"""Which steps show a text: their pages are made only where their bytes may hold it."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

from ..query.spotting import Spotter
from ..tape.records import CALL
from ..tape.steps import Draw
from .document import Document
from .look import LOOK_BACK, Reader
from .ourwords import our_words
from .rows import value_text
from .views import build, views_of
from .views.draw import add_value, own, source

COMPUTED = ("COST", "SITE")
"""The views that show more than what was recorded, our own words, and numbers."""

ALONE = ("REQUEST", "RESPONSE", "STREAM", "HEADERS")
"""Those that tell nothing of the exchanges before."""

NUMBER = frozenset(" 0123456789.e+-")
MOMENT = frozenset(" ·t+0123456789.hms?")
"""What a number, and the moment of a step, are written with."""

CLOCKS = ("time.", "datetime.")
SECOND = 1e6

_WORD = re.compile(r"[A-Za-z]{3,}")
_HEX = re.compile(r"[a-f]+")


class _Source(NamedTuple):
    """What all draws of one source have in common. `shown`: their pages may show the text
    whatever was drawn, or `when` it was drawn."""

    name: str
    kind: str
    shown: bool
    when: bool


class Finder:
    """Finds a text where `Document.find` would in what is new in the pages of a view; steps that
    have no such view are looked at in their first. It keeps what it has learned of a tape.

    Not for two threads at once.
    """

    def __init__(self, view: str, needle: str) -> None:
        self.view = view
        self.needle = needle
        word = telling(needle) if view not in COMPUTED else ""
        self._spotter = Spotter(word) if word else None
        self._case = any(map(str.isupper, needle))
        self._signs = frozenset(needle.lower())
        self._sources: dict[tuple[int, ...], _Source] = {}

    def wanted(self, reader: Reader, n: int) -> bool:
        """Whether the page of step `n` shows the text."""
        kind = reader.kind(n)
        if kind == "draw" and self.view != "SITE" and not self._draw(reader, n):
            return False
        if kind == "exchange" and self._spotter and not self._exchange(self._spotter, reader, n):
            return False
        views = views_of(reader.step(n))
        chosen = next((one for one in views if one.name == self.view), views[0])
        return build(chosen, reader, n, new=True).find(self.needle, (0, -1)) is not None

    def _exchange(self, spotter: Spotter, reader: Reader, n: int) -> bool:
        """Whether an exchange may show it, or one before that it took something out of."""
        held = spotter.exchange(reader.tape, n)
        if held or self.view in ALONE:
            return held
        for _ in range(LOOK_BACK):
            before = reader.neighbour(n, -1)
            if before is None or spotter.request(reader.tape, before):
                return before is not None
            n = before
        return False

    def _draw(self, reader: Reader, n: int) -> bool:
        """Whether a draw may show it."""
        try:
            record = reader.tape.head_of(n)
            of = self._sources.get(tuple(record[3:8])) or self._learn(reader, n, record)
            if of.shown or record[0] == CALL:
                return True
            value = record[-1]
            number = type(value) in (int, float) and isfinite(value)
            if number and not of.name.startswith(CLOCKS):
                drawn = self._signs <= NUMBER and self._in(f"  {value_text(value)}")
            else:
                page = Document()
                add_value(page, of.name, of.kind, value)
                drawn = page.find(self.needle, (0, -1)) is not None
            return drawn or (of.when and self._in(source(reader, of.kind, record[2] / SECOND)))
        except Exception:  # whatever a damaged or hostile tape holds
            return True

    def _learn(self, reader: Reader, n: int, record: list[Any]) -> _Source:
        step = reader.tape.step(n)
        assert isinstance(step, Draw)
        page = own(reader, replace(step, value="", given=None))
        shown = page.find(self.needle, (0, -1)) is not None
        when = self._signs <= MOMENT | set(step.type.lower())
        found = self._sources[tuple(record[3:8])] = _Source(step.name, step.type, shown, when)
        return found

    def _in(self, line: str) -> bool:
        return self.needle in (line if self._case else line.lower())


def telling(needle: str) -> str:
    """The longest word of a text that no page shows unless it was recorded, in lower case; "" where
    there is none. Digits are told by us too, and letters to f as hashes."""
    words = sorted(map(str.lower, _WORD.findall(needle)), key=len, reverse=True)
    ours = our_words()
    return next((word for word in words if word not in ours and not _HEX.fullmatch(word)), "")
