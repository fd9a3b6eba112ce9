"""Questions that stand over everything else until they are answered. All their text is plain."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from ..text import plain
from ..widgets.problem import Problem

if TYPE_CHECKING:
    from ...replay.estimate import Estimate

CSS = """
Ask, AskLive, AskPath {
    align: center middle;
    & > Vertical {
        width: 76; max-width: 94%; height: auto; max-height: 90%; padding: 1 2;
        background: $surface; border: round $warning; overflow-y: auto;
    }
    & Static { height: auto; }
    & .answers { height: 1; margin-top: 1; }
    & Button { margin-right: 2; min-width: 12; }
    & .limit { height: 1; & Static { width: 28; } & Input { width: 14; background: $panel; } }
}
"""


def said(title: str, lines: Sequence[str]) -> Content:
    """A title and lines, none of them read as markup."""
    body = "\n".join(plain(line) for line in lines)
    return Content.assemble((plain(title), "bold"), "\n\n", body)


class Answer(NamedTuple):
    """An answer to a question: the key that gives it, and its words."""

    key: str
    words: str


NO = Answer("n", "No")


class Ask(ModalScreen[str]):
    """A question. Gives the key of the answer, "" for no, which is where the cursor stands."""

    DEFAULT_CSS = CSS
    AUTO_FOCUS = "#n"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,q,escape", "say_no", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str], *answers: Answer, no: Answer = NO) -> None:
        super().__init__()
        self.said = said(title, lines)
        self._answers = answers
        self._no = no

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self.said)
            with Horizontal(classes="answers"):
                for one in self._answers:
                    words = f"{one.words} ({one.key})"
                    yield Button(words, "warning", id=one.key, compact=True)
                yield Button(f"{self._no.words} ({self._no.key})", id="n", compact=True)

    def on_key(self, event: Key) -> None:
        if event.key in [one.key for one in self._answers]:
            event.stop()
            self.dismiss(event.key)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss("" if event.button.id == "n" else event.button.id or "")

    def action_say_no(self) -> None:
        self.dismiss("")


def tell(app: App[Any], title: str, text: str) -> None:
    """Show a text that has to be read, until it has been."""
    app.push_screen(Ask(title, [text], no=Answer("Esc", "Back")))


class Limits(NamedTuple):
    """What a live tail may not exceed; zero for no limit."""

    calls: int
    cost: float


class AskLive(ModalScreen[Limits | None]):
    """Consent to a live tail, with what it may cost at most."""

    DEFAULT_CSS = CSS
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "go", show=False),
        Binding("n,q", "stay", show=False),
        Binding("escape", "stay", show=False),
    ]

    def __init__(self, estimate: Estimate) -> None:
        super().__init__()
        cost = "an unknown sum" if estimate.cost is None else f"about ${estimate.cost:.4f}"
        plural = "" if estimate.calls == 1 else "s"
        lines = [
            f"about {estimate.calls} call{plural} to {estimate.target}",
            f"{cost}, judged by what the tape's own steps cost",
        ]
        if estimate.differs:
            lines += ["", "Not as they were when the tape was recorded:"]
            lines += [f"    {name}" for name in estimate.differs]
        self._said = said("Run live, with your key and for your money?", lines)
        self._calls = str(max(10, 2 * estimate.calls))

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._said)
            yield Static("")
            with Horizontal(classes="limit"):
                yield Static("stop after so many calls")
                yield Input(self._calls, placeholder="no limit", type="integer", id="calls",
                            compact=True)  # fmt: skip
            with Horizontal(classes="limit"):
                yield Static("stop after so many dollars")
                yield Input(placeholder="no limit", type="number", id="cost", compact=True)
            yield Problem()
            with Horizontal(classes="answers"):
                yield Button("Run live (y)", "warning", id="yes", compact=True)
                yield Button("No (n)", id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_go()
        else:
            self.dismiss(None)

    def on_input_submitted(self) -> None:
        self.query_one("#yes").focus()

    def action_go(self) -> None:
        try:
            calls = int(self.query_one("#calls", Input).value or 0)
            cost = float(self.query_one("#cost", Input).value or 0)
        except ValueError:
            self.query_one(Problem).say("a limit must be a number, or left out")
            return
        if calls < 0 or cost < 0:
            self.query_one(Problem).say("a limit cannot be below zero")
            return
        self.dismiss(Limits(calls, cost))

    def action_stay(self) -> None:
        self.dismiss(None)


class AskPath(ModalScreen[str]):
    """Another place for a file, "" for none. `refused` gives the reason why a path will not do,
    or ""."""

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", show=False)]

    def __init__(self, why: str, offered: str, refused: Callable[[str], str]) -> None:
        super().__init__()
        self._why = said("Where shall the fork's tape go?", [why])
        self._offered = offered
        self._refused = refused

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._why)
            yield Static("")
            yield Input(self._offered, select_on_focus=False, compact=True)
            yield Problem()
            with Horizontal(classes="answers"):
                yield Button("Write it there", "primary", id="yes", compact=True)
                yield Button("Leave it (Esc)", id="no", compact=True)

    @on(Button.Pressed, "#yes")
    @on(Input.Submitted)
    def take(self) -> None:
        path = os.path.expanduser(self.query_one(Input).value.strip())
        why = self._refused(path) if path else "name a file"
        if why:
            self.query_one(Problem).say(why)
        else:
            self.dismiss(path)

    @on(Button.Pressed, "#no")
    def action_stay(self) -> None:
        self.dismiss("")
