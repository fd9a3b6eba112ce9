"""Marks and notes of the tape, in the order of their steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..document import Document, Kind
from ..widgets.entries import Column
from .beside import BesideScreen


class MarksScreen(BesideScreen):
    """A line for each step that has a mark, a note, or both."""

    TITLED = "marks and notes"
    KEYS: ClassVar[str] = "keys of the marks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "delete", "take the marks and the note of this step away"),
    ]

    @property
    def _steps(self) -> list[int]:
        beside = self.session.beside
        return sorted({*beside.marks.values(), *beside.notes})

    def _letters(self, n: int) -> str:
        return "".join(sorted(key for key, at in self.session.beside.marks.items() if at == n))

    def lines(self) -> int:
        return len(self._steps)

    def empty(self) -> str:
        return "No mark and no note yet: m marks a step with a letter, a writes a note beside it."

    def short_hints(self) -> list[tuple[str, str]]:
        return [("Enter", "go there"), ("d", "delete"), ("q", "back"), ("?", "keys")]

    def columns(self, line: int) -> Sequence[Column]:
        n = self._steps[line]
        note = self.session.beside.notes.get(n, "")
        words = f"✎ {note} · {self.words(n)}" if note else self.words(n)
        return [(self._letters(n), 4, "mark"), (f"{n:>6}", 6, "dim"), (words, 0, "text")]

    def step(self, line: int) -> int:
        return self._steps[line]

    def page(self, page: Document, line: int) -> None:
        n = self._steps[line]
        note = self.session.beside.notes.get(n)
        if note:
            page.line(f"✎ {note}", Kind.HEADING)
        page.line(f"step {n}  {self.words(n)}")
        self.peek(page, n)

    def action_delete(self) -> None:
        if self.lines():
            n, beside = self._steps[self.rows.cursor], self.session.beside
            beside.notes.pop(n, None)
            for letter in self._letters(n):
                del beside.marks[letter]
            self.keep()
