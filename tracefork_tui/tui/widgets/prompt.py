"""A line of input at the foot of the screen, for searches, expressions and commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from ..text import plain, short
from .steprow import fit

if TYPE_CHECKING:
    from ...query import QueryError
    from ..app import DebuggerApp

Took = Callable[[str], object]
OFFERED = 6
HELP = 60


class Offer(NamedTuple):
    """What may stand in the place of the characters from `start` to `end`."""

    text: str
    start: int
    end: int
    help: str = ""


class Judged(Message):
    """What may stand at the cursor of a line, and what is wrong with it, if anything is."""

    def __init__(self, line: str, offers: Sequence[Offer], error: QueryError | None) -> None:
        super().__init__()
        self.line = line
        self.offers = offers
        self.error = error


class Line(NamedTuple):
    """What is asked for. `sign` stands before the line, `label` tells what it is for.

    `judge`, where a line is to be judged as it is typed: starts that for a text and a cursor, and
    answers with Judged in its time; False where the text needs none. `typing` is told what stands
    there so far, "" when it is given up. `past`: earlier lines, the newest last.
    """

    sign: str
    took: Took
    typing: Took | None = None
    judge: Callable[[str, int], bool] | None = None
    past: Sequence[str] = ()
    text: str = ""


class Field(Input):
    """A line after whose Enter keys wait until it is known whether the line is taken."""

    async def action_submit(self) -> None:
        _app(self).hold_keys(self)
        await super().action_submit()


class Prompt(Vertical):
    """Asks for one line: Tab completes it, Up and Down fetch earlier ones, Enter takes it, and
    leaves it there where it is wrong."""

    DEFAULT_CSS = """
    Prompt {
        height: auto; dock: bottom; layer: over; background: $panel;
        & Horizontal { height: 1; padding: 0 1; }
        & .sign { width: auto; color: $text-warning; text-style: bold; }
        & .offers, & .wrong { height: auto; padding: 0 1; display: none; }
        & .offers { background: $surface; }
        & .wrong { color: $text-error; }
        & Input, & Input:focus {
            border: none; height: 1; width: 1fr; padding: 0; background: $panel;
        }
    }
    """

    def __init__(self, line: Line, back_to: Widget | None = None) -> None:
        super().__init__()
        self._line = line
        self._back_to = back_to
        self._ready = self.gone = False
        self._judging = self._sent = False
        self._wanted = 0
        self._offers: Sequence[Offer] = ()
        self._chosen = -1
        self._before = ""
        self._past = [*line.past, ""]
        self._at = len(self._past) - 1

    def compose(self) -> ComposeResult:
        yield Static("", markup=False, classes="offers")
        yield Static("", markup=False, classes="wrong")
        with Horizontal():
            yield Static(self._line.sign, markup=False, classes="sign")
            line = Field(self._line.text, select_on_focus=False)
            line.cursor_blink = False
            yield line

    def on_mount(self) -> None:
        if not self.gone:
            self._ready = True
            self.screen.set_focus(self.input)
            self._look()
            _app(self).release_keys()

    def on_resize(self) -> None:
        if self._offers:
            self._show_offers()

    @property
    def input(self) -> Field:
        return self.query_one(Field)

    # Keys

    def take(self, event: Key) -> bool:
        """Take a key that passes by the screen; True if it was taken.

        Before the line can be typed into it is typed again later, afterwards these are the keys
        that an Input leaves.
        """
        key, character = event.key, event.character
        if self.gone:
            return False
        if not self._ready and key != "escape":
            _app(self).retype(event)
        elif character and character.isprintable():
            self.input.insert_text_at_cursor(character)
        elif key in ("tab", "shift+tab"):
            self._complete(1 if key == "tab" else -1)
        elif key in ("up", "down"):
            self._fetch(-1 if key == "up" else 1)
        else:
            return False
        return True

    def _complete(self, way: int) -> None:
        """Put the next completion in its place, once it is known what may stand there."""
        if self._judging:
            self._wanted = way
            _app(self).hold_keys(self.input)
        elif self._offers:
            at = self._chosen + way if self._chosen >= 0 else min(0, way)
            self._choose(at % len(self._offers))

    def _choose(self, at: int) -> None:
        if self._chosen < 0:
            self._before = self.input.value
        self._chosen = at
        one = self._offers[at]
        value = self._before[: one.start] + one.text + self._before[one.end :]
        self._write(value, one.start + len(one.text))
        self._show_offers()

    def on_click(self, event: Click) -> None:
        """A click on a completion takes it."""
        listed = self.query_one(".offers").region
        line = max(0, self._chosen - OFFERED + 1) + event.screen_y - listed.y
        here = listed.contains(event.screen_x, event.screen_y) and line < len(self._offers)
        if here and not self._judging:
            self._choose(line)
        self.input.focus()

    def _fetch(self, way: int) -> None:
        """Put an earlier line there, or a later one."""
        at = self._at + way
        if 0 <= at < len(self._past):
            if self._at == len(self._past) - 1:
                self._past[-1] = self.input.value
            self._at = at
            self._chosen = -1
            self._write(self._past[at], len(self._past[at]))
            self._look()

    def _write(self, value: str, cursor: int) -> None:
        with self.prevent(Input.Changed):
            self.input.value = value
        self.input.cursor_position = cursor
        self._say_typing(value)

    # Judging

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._say_typing(event.value)
        self._chosen = -1
        self._look()

    def _look(self) -> None:
        """Have the line judged as it stands."""
        line, text = self._line, self.input.value
        self._judging = bool(line.judge and line.judge(text, self.input.cursor_position))
        if not self._judging:
            self._offers = ()
            self._show(None)

    def judged(self, message: Judged) -> None:
        """Show the verdict, if it is still about the line."""
        if self.gone or message.line != self.input.value or not self._judging:
            return
        self._judging = False
        if self._chosen < 0:
            self._offers = message.offers
        wanted, self._wanted = self._wanted, 0
        sent, self._sent = self._sent, False
        if sent and message.error is None:
            self._finish(self.input.value)
            return
        if sent or wanted:
            _app(self).release_keys()
        if sent or message.error is None or not self._unfinished(message.error):
            self._show(message.error)
        else:
            self._show(None)
        if wanted:
            self._complete(wanted)

    def _unfinished(self, error: QueryError) -> bool:
        """Whether the mistake is only what the cursor stands at, and could be completed."""
        return bool(self._offers) and error.position + error.length >= self.input.cursor_position

    def _show(self, error: QueryError | None) -> None:
        self._show_offers()
        _put(self.query_one(".wrong", Static), Content(self._pointing(error) if error else ""))

    def _pointing(self, error: QueryError) -> str:
        """Marks above the mistake, and what it is beside them."""
        width = max(10, self.size.width - 2)
        x = len(self._line.sign) + error.position - self.input.scroll_offset.x
        x = max(0, min(x, width - 1))
        marks = "▾" * max(1, min(error.length, width - x))
        message = plain(error.message)
        if len(message) < width - x - len(marks):
            return f"{' ' * x}{marks} {message}"
        if len(message) < x:
            return f"{' ' * (x - len(message) - 1)}{message} {marks}"
        return f"{message}\n{' ' * x}{marks}"

    def _show_offers(self) -> None:
        first = max(0, self._chosen - OFFERED + 1)
        shown = self._offers[first : first + OFFERED]
        widest = max((len(one.text) for one in shown), default=0)
        width = max(10, self.size.width - 2)
        parts: list[tuple[str, str]] = []
        for number, one in enumerate(shown, first):
            here = number == self._chosen
            word = fit(plain(one.text), width)
            help = fit("  " + short(one.help, HELP), max(0, width - widest - 2))
            parts.append(("\n" if parts else "", ""))
            parts.append((word, "reverse" if here else "bold"))
            parts.append((" " * max(0, widest - len(word)) + help, "$foreground-muted"))
        left = len(self._offers) - first - len(shown)
        if left > 0:
            parts.append((f"  … {left} more, Tab goes on", "$foreground-muted"))
        _put(self.query_one(".offers", Static), Content.assemble(*parts))

    # The end

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.gone:
            return
        if self._line.judge and not self._judging:
            self._judging = self._line.judge(self.input.value, self.input.cursor_position)
        if self._judging:
            self._sent = True
        else:
            self._finish(event.value)

    def give_up(self) -> None:
        self._leave()
        self._say_typing("")

    def _say_typing(self, text: str) -> None:
        if self._line.typing:
            self._line.typing(text)

    def _finish(self, text: str) -> None:
        self._leave()
        self._line.took(text)

    def _leave(self) -> None:
        self.gone = True
        if self._back_to is not None:
            self.screen.set_focus(self._back_to)
        self.remove()
        _app(self).release_keys()


def _app(widget: Widget) -> DebuggerApp:
    return cast("DebuggerApp", widget.app)


def _put(place: Static, content: Content) -> None:
    """Show a text, and nothing at all for an empty one; lay out anew only for another height."""
    before = place.content.plain.count("\n") if isinstance(place.content, Content) else -1
    shown = bool(content.plain)
    moved = place.display != shown or content.plain.count("\n") != before
    place.display = shown
    place.update(content, layout=moved)
