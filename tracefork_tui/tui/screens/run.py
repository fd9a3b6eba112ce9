"""A run under way: its steps as they happen, what it prints, how it went."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ...tape.errors import TapeError
from ..actions import ACTIONS
from ..following import Followed
from ..jobs import Job, Result
from ..reports import report
from ..session import Session
from ..text import plain, short
from ..units import span
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.lineview import LineView
from ..widgets.timeline import Timeline

TICK = 0.1
MOVES = {
    "next_step": 1, "previous_step": -1, "page_down": 10, "page_up": -10,
    "first": -(10**9), "last": 10**9,
}  # fmt: skip

Clock = Callable[[], float]


class Begun(Message):
    """The agent was started."""


class Ended(Message):
    """The run was judged, or `failure` says in one line why it could not be."""

    def __init__(self, result: Result | None, failure: str = "") -> None:
        super().__init__()
        self.result = result
        self.failure = failure


class RunScreen(Screen[None]):
    """One run of an agent, from its start to its report. Leaving it while it runs ends the run."""

    DEFAULT_CSS = """
    RunScreen {
        layout: grid; grid-size: 2; grid-rows: 1 1fr 1; grid-columns: 36 1fr;
        & Header, & Hints { column-span: 2; }
        & #steps { height: 1fr; & Static { color: $text-muted; padding: 0 1; } }
        & .title { height: 1; padding: 0 1; text-style: bold; color: $text-primary; }
        & #report { height: auto; max-height: 60%; display: none; }
        & LineView { height: 1fr; }
        & #report.told { display: block; }
        & #report.bad { max-height: 85%; }
        &.-tight { grid-size: 1; grid-rows: 1 30% 1fr 1; grid-columns: 1fr; }
        &.-tight Header, &.-tight Hints { column-span: 1; }
        &.-broad { grid-columns: 46 1fr; }
        &.-wide { grid-columns: 64 1fr; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (an instance variable of the base)
        (0, "-tight"),
        (60, "-narrow"),
        (100, "-broad"),
        (140, "-wide"),
    ]
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "leave"),
        Binding("x", "stop", "stop"),
        Binding("j,down", "do('next_step')", show=False),
        Binding("k,up", "do('previous_step')", show=False),
        Binding("g,home", "do('first')", show=False),
        Binding("G,end", "do('last')", show=False),
        Binding("enter,o", "open", "open"),
        Binding("J", "scroll(1)", show=False),
        Binding("K", "scroll(-1)", show=False),
        Binding("d", "diff", "diff"),
        Binding("tab", "app.focus_next", show=False),
    ]

    def __init__(self, job: Job, parent: Session, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self.job = job
        self.result: Result | None = None
        self.failure = ""
        self._parent_session = parent
        self._clock = clock
        self._began = self._over = clock()
        self._followed = Followed(job)
        self._timeline: Timeline | None = None
        self._log = LineView(id="output")
        self._result = LineView()
        self._moved = self._gone = False
        self._state = "starting"
        self._ticker: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Header()
        with Vertical(id="steps"):
            yield Static("starting the agent …", id="waiting", markup=False)
        with Vertical(id="told"):
            with Vertical(id="report"):
                yield Static("RESULT", classes="title")
                yield self._result
            yield Static("OUTPUT", classes="title")
            yield self._log
        yield Hints()

    def on_mount(self) -> None:
        self.watch(self._result, "virtual_size", self._fit_report, init=False)
        self._tell()
        self._work(self._begin)

    async def on_unmount(self) -> None:
        """Nothing runs on behind a screen that is gone."""
        import asyncio

        self._gone = True
        if self._ticker and self._state in ("running", "stopping"):
            await asyncio.to_thread(_end, self.job)

    # Off the main thread

    def _work(self, run: Callable[[], None]) -> None:
        self.run_worker(run, thread=True, exit_on_error=False, group="job")

    def _begin(self) -> None:
        try:
            self.job.begin()
        except TapeError as error:
            self.post_message(Ended(None, str(error)))
        except Exception as error:
            self.post_message(Ended(None, f"{type(error).__name__}: {error}"))
        else:
            if self._gone:
                _end(self.job)
            self.post_message(Begun())

    def _finish(self) -> None:
        try:
            result = self.job.finish()
        except TapeError as error:
            self.post_message(Ended(None, str(error)))
        except Exception as error:
            self.post_message(Ended(None, f"{type(error).__name__}: {error}"))
        else:
            self.post_message(Ended(result))

    # On it

    def on_begun(self) -> None:
        unwanted, self._state = self._state == "stopping", "running"
        self._ticker = self.set_interval(TICK, self._tick)
        if unwanted:
            self.action_stop()
        self._tick()

    def _tick(self) -> None:
        if not self.job.running():
            if self._ticker:
                self._ticker.stop()
            self._state = "judging"
            self._work(self._finish)
        self._follow()
        self._tell()

    def on_ended(self, message: Ended) -> None:
        self.result, self.failure = message.result, message.failure
        self._state = "over"
        self._follow(last=True)
        result = message.result
        if result and not self.job.order.at:
            self._keep(result, self._parent_session)
        self._report(result.lines if result else [message.failure])
        self._tell()
        if result and result.good and result.tape and self.is_current and not self._moved:
            self.action_diff()

    def _follow(self, last: bool = False) -> None:
        """Take in what the run has done since."""
        followed = self._followed
        if followed.take_in(last):
            if followed.output is not self._log.document:
                self._log.show(followed.output, keep_place=True)
            if followed.session and followed.count and not self._timeline:
                self._show_steps(followed.session)
            if self._timeline:
                self._timeline.update_count()
                if not self._moved:
                    self._go(followed.count)
        self._over = self._clock()

    def _show_steps(self, child: Session) -> None:
        """The timeline, from the first step on."""
        self._timeline = Timeline(child)
        self.query_one("#waiting").remove()
        self.query_one("#steps").mount(self._timeline)
        self._timeline.call_after_refresh(self._timeline.tell_all)
        self._timeline.focus()

    def _report(self, lines: list[str]) -> None:
        page = report(lines, bool(self.result and self.result.good))
        self.query_one("#report").add_class("told")
        self.query_one("#report").set_class(not (self.result and self.result.good), "bad")
        self._result.show(page)

    def _fit_report(self, size: Size) -> None:
        """As high as what is in it, whenever it is known anew how that wraps."""
        self.query_one("#report").styles.height = size.height + 2
        self._log.call_after_refresh(self._log.scroll_end, animate=False)

    def _tell(self) -> None:
        """The first and the last line."""
        followed, order = self._followed, self.job.order
        total = f"/{self._parent_session.count}" if not order.at else ""
        right = [f"step {followed.count}{total}" if followed.session else self._state]
        if followed.counts and order.at:
            names = (f"{count} {plain(name)}" for name, count in followed.counts.items())
            right.append(", ".join(names))
        right.append(span(self._over - self._began))
        if self._state in ("stopping", "judging") and followed.session:
            right.append(self._state)
        words = short(order.words, 60)
        self.query_one(Header).show((words, plain(self.job.name)), tuple(right))
        self.query_one(Hints).show(self._hints())

    def _hints(self) -> list[tuple[str, str]]:
        if self._state != "over":
            opens = [("Enter", "open the tape")] if self._tape else []
            return [("Esc", "stop"), ("j/k", "step"), *opens]
        keys = [("Esc", "back"), ("j/k", "step"), ("J/K", "result"), ("Tab", "pane")]
        if self._nearest:
            keys[1:1] = [("Enter", f"to step {self._nearest}")]
        if self._tape:
            keys[1:1] = [("Enter", "open the tape"), ("d", "diff with its parent")]
        return keys

    # Keys

    @property
    def _tape(self) -> str:
        """The tape that can be opened: a fork's; a replay's goes away."""
        if self.result is not None:
            return self.result.tape
        return self.job.out if self._followed.session and self.job.order.at else ""

    @property
    def _nearest(self) -> int:
        """The step of the replayed tape that is nearest to where it diverged."""
        return self.result.step if self.result else 0

    def action_scroll(self, lines: int) -> None:
        self._result.scroll_to(y=self._result.scroll_offset.y + lines, animate=False, force=True)

    def action_do(self, name: str) -> None:
        if name == "next_pane":  # Enter on the timeline
            self.action_open()
            return
        child = self._followed.session
        if child is not None and child.count and MOVES.get(name):
            self._moved = name != "last"
            self._go(child.cursor + MOVES[name])

    def on_timeline_picked(self, message: Timeline.Picked) -> None:
        self._moved = True
        self._go(message.n)

    def _go(self, n: int) -> None:
        child = self._followed.session
        if child and self._timeline:
            child.cursor = max(min(n, child.count), min(1, child.count))
            self._timeline.move(child.cursor)

    def action_stop(self) -> None:
        """End the run; what it did so far is kept."""
        self._moved = self._moved or self._state in ("starting", "running")
        if self._state == "running":
            self._state = "stopping"
            self._work(self.job.stop)
        elif self._state == "starting":
            self._state = "stopping"
        self._tell()

    def action_leave(self) -> None:
        if self._state == "over":
            self.dismiss()
        else:
            self.action_stop()

    def action_open(self) -> None:
        if self._tape and self._followed.session:
            self._open(self._followed.session.cursor, "")
        elif self._nearest:
            self.dismiss()
            self.app.call_later(self._go_back_to, self._nearest)

    def _go_back_to(self, step: int) -> None:
        from .main import MainScreen

        screen = self.app.screen
        if isinstance(screen, MainScreen) and screen.session is self._parent_session:
            screen.jump(step)

    def action_diff(self) -> None:
        if self.result and self.result.tape:
            self._open(self.job.order.at, "diff" if "diff" in ACTIONS else "")

    def _open(self, step: int, then: str) -> None:
        from ..app import DebuggerApp

        if isinstance(self.app, DebuggerApp):
            screen = self.app.open_tape(self._tape, step, then)
            if screen and self.result:
                self._keep(self.result, screen.session)

    @staticmethod
    def _keep(result: Result, session: Session) -> None:
        """What was proven of a tape is told with it."""
        if result.proof:
            session.proof, session.receipt = result.proof, result.lines

    def on_click(self, event: Click) -> None:
        if isinstance(event.widget, Hints):
            self.action_leave()


def _end(job: Job) -> None:
    """Stop a run and close its tape."""
    try:
        job.stop()
        job.finish()
    except TapeError:
        pass
