"""The fault picker: what can be injected at a step, what the agent will see of it, parameters."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from ...tape.errors import TapeError
from ...tape.steps import Draw, Exchange
from ..jobs import Order
from ..rows import row_of
from ..session import Session
from ..starting import start
from ..text import plain
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.problem import Problem
from ..widgets.steprow import said
from ..widgets.tail import Tail

if TYPE_CHECKING:
    from ...faults import Fault, Param

MOST_PARAMS = 4
HINTS = [("↑↓", "choose"), ("Tab", "parameters"), ("Enter", "run"), ("Esc", "leave")]


class Entry(NamedTuple):
    """A fault, and why it cannot be injected here, or ""."""

    fault: Fault
    refused: str


class Listed(Message):
    """What can be injected at the step, and what cannot."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self.entries = entries


class FaultScreen(Screen[None]):
    """Typing filters, arrows choose, Tab goes to the parameters, Enter runs."""

    DEFAULT_CSS = """
    FaultScreen {
        & #panes { height: 1fr; }
        & #list { width: 22; border-right: solid $panel-lighten-1; }
        &.-wide #list { width: 45%; }
        & OptionList {
            height: 1fr; background: $background; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: clip;
        }
        &.-wide OptionList { text-overflow: ellipsis; }
        & #detail { width: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
        & #filter { padding: 0 1; margin: 0; }
        & #detail Static { height: auto; }
        & .param { height: auto; & .name { width: 14; } & Input { width: 1fr; } }
        & .help { padding-left: 14; color: $foreground-muted; }
        & .head { color: $text-primary; text-style: bold; margin-top: 1; }
        & #summary { margin-bottom: 1; }
        & #foot { height: auto; padding: 0 1; border-top: solid $panel-lighten-1; }
        & #buttons { height: 1; }
        & Button { margin-right: 2; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012  (as in the base)
    AUTO_FOCUS = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "run", "run", priority=True),
        Binding("escape", "leave", "leave"),
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("enter", "run", show=False),
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, session: Session, step: Exchange | Draw) -> None:
        super().__init__()
        self._session = session
        self._step = step
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._chosen: Entry | None = None
        self._rows = [_Param() for _ in range(MOST_PARAMS)]

    def compose(self) -> ComposeResult:
        yield Header()
        yield Input(placeholder="type to filter", id="filter", compact=True)
        with Horizontal(id="panes"):
            with Vertical(id="list"):
                yield _Faults(markup=False, compact=True)
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(id="name")
                yield Static(id="summary")
                yield Static("THE AGENT SEES", classes="head")
                yield Static(id="sees")
                yield Static("PARAMETERS", classes="head", id="params-head")
                yield from self._rows
        with Vertical(id="foot"):
            yield Tail("offline")
            yield Problem()
            with Horizontal(id="buttons"):
                yield Button("Run", "primary", compact=True, action="screen.run")
                yield Button("Leave", compact=True, action="screen.leave")
        yield Hints()

    def on_mount(self) -> None:
        session, n = self._session, self._step.n
        words = said(row_of(session.reader, n))
        self.query_one(Header).show(
            (f"inject a fault · step {n}", words, session.name), (f"step {n}/{session.count}",)
        )
        self.query_one(Hints).show(HINTS)
        self.run_worker(self._find, thread=True, exit_on_error=False)

    def _find(self) -> None:
        """Off the main thread: what applies to the step."""
        try:
            with self._session.background() as reader:
                entries = list(_entries(reader.tape.step(self._step.n)))
        except Exception as error:  # whatever a damaged or hostile tape holds
            self.app.call_from_thread(self._say, f"{type(error).__name__}: {error}")
        else:
            self.post_message(Listed(entries))

    def on_listed(self, message: Listed) -> None:
        self._entries = message.entries
        self._fill()

    # The list

    @on(Input.Changed, "#filter")
    def _fill(self) -> None:
        """The faults that hold what was typed, in name or summary."""
        needle = self.query_one("#filter", Input).value.strip().lower()
        found = [
            entry
            for entry in self._entries
            if needle in entry.fault.name or needle in entry.fault.summary.lower()
        ]
        self._shown = sorted(
            found, key=lambda e: (bool(e.refused), not e.fault.name.startswith(needle))
        )
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(entry.fault.name) for entry in self._entries), default=0)
        options.add_options([Option(_row(entry, width)) for entry in self._shown])
        if self._shown:
            options.highlighted = 0
        else:
            self._show(None)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._shown):
            self._show(self._shown[event.option_index])

    def action_move(self, way: str) -> None:
        getattr(self.query_one(OptionList), f"action_{way}")()

    # What was chosen

    def _show(self, entry: Entry | None) -> None:
        if entry is not None and entry is self._chosen:
            return
        self._chosen = entry
        self._say("")
        heads = [self.query_one("#params-head"), *self.query(".head")]
        for head in heads:
            head.display = entry is not None and not entry.refused
        params: tuple[Param, ...] = ()
        if entry is not None and not entry.refused:
            from ...faults import accepted

            params = accepted(entry.fault)
        for row, param in zip_longest(self._rows, params):
            row.show(param)
        if entry is None:
            self._tell("nothing is called so", "", "")
            return
        self._tell(entry.fault.name, entry.fault.summary, "")
        if entry.refused:
            self._tell(entry.fault.name, entry.fault.summary, f"not here: {entry.refused}")
            return
        self.query_one("#params-head").display = bool(params)
        self._tell(entry.fault.name, entry.fault.summary, self._sees(entry.fault))

    def _tell(self, name: str, summary: str, sees: str) -> None:
        self.query_one("#name", Static).update(Content.styled(plain(name), "bold"))
        self.query_one("#summary", Static).update(Content(plain(summary)))
        self.query_one("#sees", Static).update(Content(plain(sees)))

    def _sees(self, fault: Fault) -> str:
        times = self._given().get("times", 1)
        try:
            return fault.sees_on(self._step, times if isinstance(times, int) else 1)
        except Exception as error:  # whatever a damaged or hostile tape holds
            return f"(cannot be told: {type(error).__name__})"

    def _given(self) -> dict[str, Any]:
        return {row.param.name: row.value for row in self._rows if row.param and row.text}

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        entry = self._chosen
        if event.input.id != "filter" and entry and not entry.refused:
            self.query_one("#sees", Static).update(Content(plain(self._sees(entry.fault))))

    # Running

    def _say(self, text: str) -> None:
        self.query_one(Problem).say(text)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_run()

    def action_run(self) -> None:
        from ...replay.interventions import fault

        entry = self._chosen
        if entry is None:
            return
        if entry.refused:
            self._say(f"{entry.fault.name} cannot be injected here: {entry.refused}")
            return
        try:
            text = f"{entry.fault.name}:{json.dumps(self._given())}"
            intervention = fault(self._step, text)
        except TapeError as error:
            self._say(str(error))
            return
        order = Order(self._step.n, intervention, self.query_one(Tail).chosen)
        start(self.app, self._session, order, self._say, self._started)

    def _started(self) -> None:
        self.app.pop_screen()

    def action_leave(self) -> None:
        self.dismiss()


class _Faults(OptionList, can_focus=False):
    """The list; keys reach it through the screen, so that typing always filters."""


class _Param(Vertical):
    """A parameter: name, what is given for it, and what it means. Shown for one fault after the
    other, so that keys typed ahead find it there."""

    DEFAULT_CLASSES = "param"

    def __init__(self) -> None:
        super().__init__()
        self.param: Param | None = None
        self._called = Static(classes="name")
        self._line = Input(compact=True)
        self._help = Static(classes="help")

    def compose(self) -> ComposeResult:
        with Horizontal(classes="param"):
            yield self._called
            yield self._line
        yield self._help

    def show(self, param: Param | None) -> None:
        """Take the place of a parameter; of none, out of sight. What was typed for another one of
        that name is kept."""
        if param is None or self.param is None or param.name != self.param.name:
            self._line.value = ""
        self.param = param
        self.display = param is not None
        if param is not None:
            self._called.update(Content(param.name))
            self._line.placeholder = "needed" if param.required else _words(param.default)
            self._help.update(Content(param.help))

    @property
    def text(self) -> str:
        return self._line.value if self.param else ""

    @property
    def value(self) -> Any:
        """What was typed, as a value where it reads as one."""
        if self.param and self.param.type == "text":
            return self.text
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text


def _entries(step: Exchange | Draw) -> list[Entry]:
    from ... import faults

    fitting = [fault.name for fault in faults.applicable(step)]
    return [
        Entry(fault, "" if fault.name in fitting else faults.refusal(fault, step) or "not here")
        for fault in faults.catalogue()
    ]


def _row(entry: Entry, width: int) -> Content:
    mark = "–" if entry.refused else " "
    name = f"{mark} {entry.fault.name:<{width}}   "
    if entry.refused:
        return Content.styled(f"{name}{plain(entry.refused)}", "$foreground-muted dim")
    return Content.assemble((name, "bold"), (entry.fault.summary, "$foreground-muted"))


def _words(value: Any) -> str:
    if value is None:
        return "left out"
    return value if isinstance(value, str) else json.dumps(value)
