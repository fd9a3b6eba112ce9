"""A choice among a few words, all of them in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from ..text import short

LABEL = 7
LONGEST = 24


class Choice(Widget, can_focus=True):
    """A label and words on one line; arrows or a click choose."""

    DEFAULT_CSS = """
    Choice { height: auto; width: 1fr; &:focus { background: $surface; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
    ]

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(
        self, label: str, words: Sequence[str], chosen: str, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._label = label
        self._words = tuple(words)
        self.chosen = chosen if chosen in words else ""

    def choose(self, word: str) -> None:
        if word in self._words and word != self.chosen:
            self.chosen = word
            self.refresh()
            self.post_message(self.Changed(self))

    def render(self) -> Content:
        label = "bold $text-primary" if self.has_focus else "$foreground-muted"
        parts: list[tuple[str, str]] = [(f"{self._label:<{LABEL}.{LABEL}}", label)]
        chosen = "reverse bold" if self.has_focus else "reverse"
        for word in self._words:
            style = chosen if word == self.chosen else ""
            parts.append((f" {short(word, LONGEST)} ", style))
        return Content.assemble(*parts)

    def action_turn(self, by: int) -> None:
        if self._words:
            at = self._words.index(self.chosen) if self.chosen else -1 if by > 0 else 0
            self.choose(self._words[(at + by) % len(self._words)])

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y:
            return
        x = offset.x - LABEL
        for word in self._words:
            width = len(short(word, LONGEST)) + 2
            if 0 <= x < width:
                self.choose(word)
                return
            x -= width
