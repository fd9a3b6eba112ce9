"""What to press first, for who opens the debugger for the first times. It takes no key, and goes
away as keys are pressed."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ..actions import ACTIONS

KEYS = 8
"""After so many keys it is gone."""

LINES = (
    (
        ("next_step", "previous_step", "a step"),
        ("next_exchange", "previous_exchange", "a model call"),
        ("next_error", "previous_error", "an error"),
        ("next_view", "previous_view", "another view"),
        ("search", "", "find"),
    ),
    (
        ("fork", "", "change this answer, and run on from here"),
        ("diff", "", "compare"),
        ("tree", "", "forks"),
        ("help", "", "all keys"),
    ),
)


class FirstSteps(Widget):
    """Two lines of keys and what they do, over the last lines of the page."""

    DEFAULT_CSS = """
    FirstSteps {
        dock: bottom; layer: over; height: 3; margin: 0 0 1 0; padding: 0 1;
        background: $panel; border-top: solid $text-primary;
        border-title-color: $text-primary; border-title-align: right;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "first keys · gone as you go on"
        self._left = KEYS

    def pressed(self) -> bool:
        """A key was pressed; True once that was the last that it stands for."""
        self._left -= 1
        if not self._left:
            self.remove()
        return not self._left

    def on_click(self) -> None:
        self.remove()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for line in LINES:
            parts += [("\n", "")] if parts else []
            for first, second, words in line:
                keys = [ACTIONS[name].key for name in (first, second) if name in ACTIONS]
                parts.append((" ".join(filter(None, keys)), "bold $text-primary"))
                parts.append((f" {words}   ", "$foreground-muted"))
        return Content.assemble(*parts)
