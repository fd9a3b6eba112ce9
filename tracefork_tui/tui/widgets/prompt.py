"""A line of input at the foot of the screen, for searches and commands."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

Took = Callable[[str], None]


class Prompt(Horizontal):
    """Asks for one line. `typing` is told what stands there so far, "" when it is given up."""

    DEFAULT_CSS = """
    Prompt {
        height: 1; dock: bottom; layer: over; background: $panel; padding: 0 1;
        & Static { width: 1; color: $text-warning; text-style: bold; }
        & Input, & Input:focus {
            border: none; height: 1; width: 1fr; padding: 0; background: $panel;
        }
    }
    """

    def __init__(
        self,
        sign: str,
        took: Took,
        typing: Took | None = None,
        words: list[str] | None = None,
        back_to: Widget | None = None,
    ) -> None:
        super().__init__()
        self._back_to = back_to
        self._early: list[str] = []
        self._sent_early = False
        self._ready = self._gone = False
        self._sign = sign
        self._took = took
        self._typing = typing
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static(self._sign, markup=False)
        suggester = SuggestFromList(self._words) if self._words else None
        line = Input(suggester=suggester, select_on_focus=False)
        line.cursor_blink = False
        yield line

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_descendant_focus(self) -> None:
        line = self.query_one(Input)
        if not self._ready:
            self._ready = True
            line.insert_text_at_cursor("".join(self._early))
            if self._sent_early:
                line.post_message(Input.Submitted(line, line.value))

    def take(self, key: str, character: str | None) -> bool:
        """Take a key that was on its way when the line got the focus; True if it was taken."""
        if self._gone:
            return False
        printable = bool(character and character.isprintable())
        if self._ready:
            if printable and character:
                self.query_one(Input).insert_text_at_cursor(character)
            return printable
        if key == "escape":
            self.call_later(self.give_up)
        elif key == "enter":
            self._sent_early = True
        elif key == "backspace":
            del self._early[-1:]
        elif printable and character and not self._sent_early:
            self._early.append(character)
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing:
            self._typing(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave()
        self._took(event.value)

    def give_up(self) -> None:
        self._leave()
        if self._typing:
            self._typing("")

    def _leave(self) -> None:
        self._gone = True
        if self._back_to is not None:
            self.screen.set_focus(self._back_to)
        self.remove()
