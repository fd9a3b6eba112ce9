"""Lines in two halves that stand over, or under, the columns of a comparison."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from .rowlist import cell
from .steprow import name_in

Half = tuple[str, str]
"""Harmless words and their style."""


class Halves(Widget):
    """Pairs of words, one pair a line."""

    DEFAULT_CSS = """
    Halves { height: auto; background: $panel; color: $text; }
    """

    def __init__(self, sign: str = " ", id: str | None = None) -> None:
        """`sign` stands between halves that differ."""
        super().__init__(id=id)
        self._sign = sign
        self._pairs: list[tuple[Half, Half]] = []

    def show(self, pairs: list[tuple[Half, Half]]) -> None:
        if pairs != self._pairs:
            self._pairs = pairs
            self.refresh(layout=True)

    def render(self) -> Content:
        width = self.size.width - 1
        left = (width - 3) // 2
        right = width - 3 - left
        parts: list[tuple[str, str] | str] = []
        for (one, style), (other, other_style) in self._pairs:
            parts += ["\n"] if parts else []
            sign = self._sign if one != other else " "
            parts += [(_cell(one, left), style), (f" {sign} ", "$text-warning")]
            parts.append((_cell(other, right), other_style))
        return Content.assemble(*parts)


def _cell(words: str, room: int) -> str:
    return cell(f" {name_in(words, room - 1)}", room)
