"""What is wrong with an expression, and where."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKS = "▸", "◂"


class QueryError(ValueError):
    """A mistake in an expression: `message` explains the `length` characters at `position`.

    Both count characters of `text`, from 0; at its end `length` is 0.
    """

    def __init__(self, message: str, position: int, length: int, text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.text = text

    @property
    def marked(self) -> str:
        """The expression with marks around the mistake, on one line."""
        start, stop = self.position, self.position + self.length
        opened, closed = MARKS
        line = f"{self.text[:start]}{opened}{self.text[start:stop]}{closed}{self.text[stop:]}"
        return " ".join(line.split())

    def __str__(self) -> str:
        return f"{self.message}, at character {self.position + 1}: {self.marked}"


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` for the closest of the known words, "" where none is close."""
    close = get_close_matches(word.lower(), list(known), 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
