"""The line that says, in place, why something cannot be done."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from ..text import plain


class Problem(Static):
    """Nothing until there is something to say; then plain text, whatever is in it."""

    DEFAULT_CSS = """
    Problem { height: auto; max-height: 6; color: $text-error; display: none; }
    Problem.told { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def say(self, text: str) -> None:
        """Show a text; an empty one takes the line away."""
        self.text = plain(text)
        self.update(Content(f"✗ {self.text}" if text else ""))
        self.set_class(bool(text), "told")
        if text:
            self.call_after_refresh(self.scroll_visible, animate=False)
