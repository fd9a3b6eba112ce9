"""The form of a fork: a step's answer, to be edited, and what serves the steps after it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from ...tape.errors import TapeError
from ...tape.steps import Draw, Exchange
from ..drafts import Draft, NotRead
from ..editor import NoEditor, edit
from ..jobs import Order
from ..rows import row_of
from ..session import Session
from ..starting import start
from ..text import plain
from ..views import build, views_of
from ..widgets.choice import Choice
from ..widgets.fields import FieldEdit, best
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.lineview import LineView
from ..widgets.problem import Problem
from ..widgets.steprow import said
from ..widgets.tail import Tail

HINTS = [("^S", "run"), ("^E", "$EDITOR"), ("^R", "as recorded"), ("Tab", "next"), ("Esc", "leave")]


class ForkScreen(Screen[None]):
    """Edits a draft. Leaving keeps it for the next time."""

    DEFAULT_CSS = """
    ForkScreen {
        & #panes { height: 1fr; }
        & #form { width: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
        & #note { color: $foreground-muted; height: auto; margin-bottom: 1; }
        & #fields { height: auto; }
        & #foot { height: auto; padding: 0 1; border-top: solid $panel-lighten-1; }
        & #buttons { height: 1; }
        & Button { margin-right: 2; }
        & #asked { display: none; width: 45%; border-right: solid $panel-lighten-1; }
        &.-wide #asked { display: block; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  (as in the base)
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "run", "run", priority=True),
        Binding("ctrl+e", "editor", "editor", priority=True),
        Binding("ctrl+r", "reset", "as recorded", priority=True),
        Binding("escape", "leave", "leave"),
        Binding("enter", "run", show=False),
        Binding("e", "editor", show=False),
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(
        self, session: Session, step: Exchange | Draw, draft: Draft, editor: bool = False
    ) -> None:
        super().__init__()
        self._session = session
        self._step = step
        self._editor = editor
        self.draft = draft

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="panes"):
            yield LineView(id="asked")
            with Vertical():
                with VerticalScroll(id="form", can_focus=False):
                    yield Static(Content(plain(self.draft.note)), id="note")
                    yield Vertical(id="fields")
                with Vertical(id="foot"):
                    yield Vertical(id="stops")
                    yield Tail(self.draft.tail)
                    yield Problem()
                    with Horizontal(id="buttons"):
                        yield Button("Run", "primary", compact=True, action="screen.run")
                        yield Button("$EDITOR", compact=True, action="screen.editor")
                        yield Button("Leave", compact=True, action="screen.leave")
        yield Hints()

    async def on_mount(self) -> None:
        session, n = self._session, self._step.n
        words = said(row_of(session.reader, n))
        self.query_one(Header).show(
            (f"{self.draft.title} · step {n}", words, session.name), (f"step {n}/{session.count}",)
        )
        self.query_one(Hints).show(HINTS)
        self.query_one("#note").display = bool(self.draft.note)
        views = views_of(self._step)
        view = next((one for one in views if one.name == "DELTA"), views[0])
        self.query_one("#asked", LineView).show(build(view, session.reader, n))
        await self._show_fields()
        if self._editor:
            self.call_after_refresh(self.action_editor)

    async def _show_fields(self) -> None:
        """Fields for what the draft holds now."""
        place, stops = self.query_one("#fields"), self.query_one("#stops")
        await place.remove_children()
        await stops.remove_children()
        edits = [FieldEdit(field) for field in self.draft.fields]
        await place.mount_all(edits)
        draft = self.draft
        if draft.stop_key:
            await stops.mount(Choice("stop", draft.stops, draft.stop, id="stop"))
        stops.styles.height = "auto"
        chosen = best(edits)
        if chosen is not None:
            chosen.focus(scroll_visible=True)

    def _keep(self) -> None:
        """What the form says goes into the draft."""
        for one in self.query(FieldEdit):
            one.keep()
        for choice in self.query("#stop").results(Choice):
            self.draft.stop = choice.chosen
        self.draft.tail = self.query_one(Tail).chosen

    def _say(self, text: str) -> None:
        self.query_one(Problem).say(text)

    def action_run(self) -> None:
        self._keep()
        self._say("")
        try:
            intervention = self.draft.intervention(self._step)
        except (NotRead, TapeError) as error:
            self._say(str(error))
            return
        order = Order(self._step.n, intervention, self.draft.tail)
        start(self.app, self._session, order, self._say, self._started)

    def _started(self) -> None:
        self.app.pop_screen()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_run()

    async def action_editor(self) -> None:
        """The whole answer in the user's editor, then back into the form."""
        self._keep()
        self._say("")
        suffix = ".json" if self.draft.stop_key else ".txt"
        try:
            text = self.draft.text()
            new = edit(self.app, text, suffix)
            if new == text and not self.draft.broken:
                return
            self.draft.take(new)
            self.draft.intervention(self._step)
        except (NoEditor, NotRead, TapeError) as error:
            self._say(str(error))
        await self._show_fields()

    async def action_reset(self) -> None:
        self.draft.reset()
        self._say("")
        await self._show_fields()

    def action_leave(self) -> None:
        self._keep()
        self.dismiss()
