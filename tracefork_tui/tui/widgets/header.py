"""The first line: which run, which model, which step."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from .steprow import name_in


class Header(Widget):
    """What is open on the left, where we stand on the right; the right side is never cut."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $text; padding: 0 1; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: tuple[str, ...] = ()
        self._right: tuple[str, ...] = ()

    def show(self, left: tuple[str, ...], right: tuple[str, ...]) -> None:
        """`left` and `right` as harmless words; of `right`, the first is kept to the last cell."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        right = list(self._right)
        while len(right) > 1 and len(" · ".join(right)) > width - 12:
            right.pop()
        tail = " · ".join(right)
        left = [part for part in self._left if part]
        while len(left) > 1 and len(" · ".join(left)) > width - len(tail) - 2:
            left.pop()
        name = name_in(left[0], max(0, width - len(tail) - 2)) if left else ""
        rest = "".join(f" · {part}" for part in left[1:])
        gap = max(1, width - len(name) - len(rest) - len(tail))
        first, _, others = tail.partition(" · ")
        return Content.assemble(
            (name, "bold"),
            (rest, "$foreground-muted"),
            " " * gap,
            (first, "bold"),
            (f" · {others}" if others else "", "$foreground-muted"),
        )
