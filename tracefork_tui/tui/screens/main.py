"""The main screen: timeline, views over a step, context. It routes; the parts do the work."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.timer import Timer
from textual.widget import Widget

from .. import acts as acts
from .. import work
from ..actions import ACTIONS, KEYS, Mistake, hints
from ..document import Document, Kind
from ..keys import Keys
from ..look import Damaged, model_near
from ..player import Player
from ..scan import Scanned
from ..session import Session
from ..text import plain
from ..times import moment
from ..views import NOTHING, View, build, views_of, weight
from ..widgets.bar import Bar
from ..widgets.context import Context
from ..widgets.header import Header
from ..widgets.hints import Hints
from ..widgets.pickview import PickView
from ..widgets.scrubber import Scrubber
from ..widgets.tabstrip import TabStrip
from ..widgets.timeline import Timeline
from .accounts import Accounts
from .fitted import FittedScreen
from .scans import Scans
from .scrubbing import Scaled, Scrubbing
from .seeking import Seeker
from .sieve import Sieve
from .watching import Watching

LIGHT = 128 * 1024
SETTLE = 0.03
LONG = 0.25
FOLLOW = 0.25
LINES_KEPT = 100

if TYPE_CHECKING:
    from ..app import DebuggerApp
    from ..forks import Kin
    from ..widgets.prompt import Judged, Prompt

Then = Callable[[], None]


class MainScreen(FittedScreen[None]):
    """One tape, one step of it at a time."""

    DEFAULT_CSS = """
    MainScreen {
        layers: default over;
        layout: grid; grid-size: 2; grid-rows: 1 1 1fr 1 1; grid-columns: 32 1fr;
        & #header, & #scrubber, & #hints { column-span: 2; }
        & #steps { row-span: 2; }
        & #context { display: none; row-span: 2; }
        &.-tall { grid-rows: 1 1 1fr 2 1; }
        &.plain { grid-rows: 1 1 1fr 1; }
        &.-tight { grid-columns: 1fr; grid-size: 1; grid-rows: 1 30% 1 1fr 1; }
        &.-tight #header, &.-tight #scrubber, &.-tight #hints { column-span: 1; }
        &.-tight #steps { row-span: 1; }
        &.-broad { grid-columns: 36 1fr; }
        &.-wide { grid-size: 3; grid-columns: 38 1fr 30; }
        &.-wider { grid-size: 3; grid-columns: 46 1fr 32; }
        &.-wide #context, &.-wider #context { display: block; }
        &.-wide #header, &.-wide #scrubber, &.-wide #hints { column-span: 3; }
        &.-wider #header, &.-wider #scrubber, &.-wider #hints { column-span: 3; }
        &.-tight #scrubber, &.plain #scrubber { display: none; }
        &.zoomed { grid-size: 1; grid-columns: 1fr; grid-rows: 1 1 1fr 1; }
        &.zoomed #steps, &.zoomed #context, &.zoomed #scrubber { display: none; }
        &.zoomed #header, &.zoomed #hints { column-span: 1; }
    }
    """
    AUTO_FOCUS = "#timeline"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (an instance variable of the base)
        (0, "-tight"),
        (60, "-narrow"),
        (100, "-broad"),
        (120, "-wide"),
        (150, "-wider"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.keys = Keys()
        self.timeline = Timeline(session, id="timeline")
        self.scans = Scans(self, session)
        self._filter = Bar("filter", id="filter")
        self.sieve = Sieve(self, self._filter)
        self._note = Bar("note", id="note")
        self._watched = Bar("watches", id="watched")
        self.watching = Watching(self, self._watched)
        self.body = PickView(id="body")
        self.player = Player(self.body, self.say)
        self.context = Context(id="context")
        self.view: View = NOTHING
        self._tabs = TabStrip(id="tabs")
        self._header = Header(id="header")
        self._hints = Hints(id="hints")
        self._scrubber = Scrubber(id="scrubber")
        self.scrubbing = Scrubbing(self, self._scrubber)
        self._accounts = Accounts(self, self.context)
        self._seeker = Seeker(self)
        self._chosen: dict[str, str] = {}
        self._model = ""
        self._painted = False
        self._serial = 0
        self._filled = False
        self._shown = 0
        self._keep_place = False
        self._then: Then | None = None
        self._prompt: Prompt | None = None
        self._keys_of: Widget | None = None
        self._own_keys: frozenset[str] = frozenset()
        self._waiting: Timer | None = None
        self._follower: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self._header
        with Vertical(id="steps"):
            yield self._filter
            yield self.timeline
        yield self._tabs
        yield self.context
        with Vertical(id="page"):
            yield self._note
            yield self.body
            yield self._watched
        yield self._scrubber
        yield self._hints

    def on_mount(self) -> None:
        self.update_hints()
        self._update_header()
        self.call_after_refresh(self._after_first_paint)

    def _after_first_paint(self) -> None:
        """Steps are read once there is something to look at."""
        self._painted = True
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self.timeline.tell_all()
        self._show_step()
        self._accounts.learn()
        self._accounts.learn_family()
        self.watching.begin()
        self.scrubbing.update()
        if not self.session.reader.ended:
            self._follower = self.set_interval(FOLLOW, self._follow)

    def on_screen_resume(self) -> None:
        """Catch up with what another screen over the same tape has done."""
        if self.timeline.is_mounted and self._shown:
            self.timeline.update_count()
            self.timeline.move(self.session.cursor)
            self._update_header()
            if self._shown != self.session.cursor:
                self._show_step()
            self._accounts.learn()
            self._accounts.learn_family()

    def leave(self) -> bool:
        """Go back to what was open before; False on the screen that the app opened with."""
        under = len(self.app.screen_stack) > 1
        if under:
            cast("DebuggerApp", self.app).left(self.session)
            self.app.pop_screen()
        return under

    # Keys and actions

    def on_key(self, event: Key) -> None:
        """Actions are run as their keys pass by here, so that they keep the order of typing."""
        if self._take_key(event):
            event.stop()
            event.prevent_default()
        self.update_hints()

    def _take_key(self, event: Key) -> bool:
        if self._prompt and self._prompt.take(event):
            return True
        if self.keys.feed(event.character):
            return True
        name = KEYS.get(event.key)
        if name is None or event.key in self._focus_keys():
            return False
        if ACTIONS[name].when(self.session):
            self.action_do(name)
        return True

    def _focus_keys(self) -> frozenset[str]:
        """The keys that the pane with the focus has for itself."""
        if self._keys_of is not self.focused:
            self._keys_of = self.focused
            self._own_keys = frozenset(
                key
                for key, bound in self.active_bindings.items()
                if bound.node not in (self, self.app)
            )
        return self._own_keys

    def action_do(self, name: str) -> None:
        """Run an action of the registry with the count that was typed."""
        count = self.keys.take_count()
        self._hints.say("")
        self._attempt(lambda: ACTIONS[name].run(self, count))
        self.update_hints()

    def _attempt(self, do: Then) -> None:
        """Do something, and tell a Mistake in it."""
        try:
            do()
        except Mistake as mistake:
            self.say(str(mistake))

    def update_hints(self) -> None:
        self._hints.show(hints(self.session), self.keys.pending)

    def say(self, message: str) -> None:
        """Tell something on the last line, until the next key."""
        self._hints.say(message)

    @property
    def said(self) -> str:
        """The message on the last line, or ""."""
        return self._hints.message

    @property
    def settled(self) -> bool:
        """Whether the step under the cursor is shown."""
        return self._filled or not self.session.count

    def ask_key(self, question: str, then: Callable[[str], None]) -> None:
        """Give the next character that is typed to `then`."""
        self.keys.ask(question, lambda character: self._attempt(lambda: then(character)))
        self.update_hints()

    def ask_line(
        self,
        sign: str,
        took: Callable[[str], None],
        typing: Callable[[str], None] | None = None,
        *,
        judge: Callable[[str, int], bool] | None = None,
        past: str = "",
        text: str = "",
    ) -> None:
        """Ask for a line of text at the foot of the screen.

        `past`: the list of earlier lines that it belongs to. The rest is as `Line` has it.
        """
        from ..widgets.prompt import Line, Prompt

        typed = self.session.typed.setdefault(past or sign, [])

        def take(text: str) -> None:
            if text.strip():
                typed[:] = [*(one for one in typed if one != text), text][-LINES_KEPT:]
            self._attempt(lambda: took(text))

        if self._prompt is None or self._prompt.gone:
            self._prompt = Prompt(Line(sign, take, typing, judge, typed, text), self.focused)
            self.mount(self._prompt)
            cast("DebuggerApp", self.app).hold_keys(self._prompt)

    def cancel(self) -> None:
        if self._prompt and not self._prompt.gone:
            self._prompt.give_up()
            return
        if self.keys.clear():
            return
        if self._seeker.stop() or self.sieve.stop() or self.watching.stop():
            self.say("the search was ended")
        elif self.body.pick_nothing():
            pass
        elif self.player.stop():
            self.say("")
        elif self.body.needle:
            self.highlight("")
        elif self.has_class("zoomed"):
            self.remove_class("zoomed")
        else:
            self.sieve.clear()

    # Where we are

    @property
    def page(self) -> int:
        """The steps that fit on the timeline."""
        return max(1, self.timeline.size.height - 1)

    def go(self, n: int) -> None:
        """Stand on step `n`, or on the nearest there is."""
        n = max(min(n, self.session.count), min(1, self.session.count))
        if n != self.session.cursor:
            self.session.move(n)
            self.timeline.move(n)
            self._show_step()

    def jump(self, n: int, then: Then | None = None) -> None:
        """Go to step `n`, and keep the way back; `then` is called once the step is shown."""
        before = self.session.cursor
        self._then = then
        self.go(n)
        if self.session.cursor != before:
            self.session.places.leave(before)
        else:
            self._do_then()

    def seek(
        self, wanted: work.Wanted, way: int, what: str, nothing: str, found: Then | None = None
    ) -> None:
        """Jump to the next step that is wanted, then call `found`; or say `nothing`."""
        self._seeker.start(wanted, way, what, nothing, found)

    def show_again(self) -> None:
        """Show the step anew, as more is known of it."""
        self._show_step(keep_place=self.body.scroll_offset.y > 0)

    def turn_view(self, by: int) -> None:
        """Open the view that many places on."""
        names = [view.name for view in views_of(self.session.step)]
        self.open_view(names[(names.index(self.view.name) + by) % len(names)])

    def open_view(self, name: str) -> None:
        """Open a view of this step by its name."""
        self._chosen[self.session.kind or ""] = name
        self._show_step()

    def then_open(self, name: str, then: Then) -> None:
        """Open a view, and call `then` once it is shown."""
        self._then = then
        self.open_view(name)

    def scroll_body(self, lines: int) -> None:
        self.body.scroll_to(y=self.body.scroll_offset.y + lines, animate=False, force=True)

    def update_context(self) -> None:
        self._accounts.update()

    def keep(self, message: str) -> None:
        """Keep what was put beside the tape, show it, and tell so."""
        try:
            self.session.beside.save()
        except OSError as error:
            message = f"kept for this session only: {error.strerror or error}"
        self.say(message)
        self.timeline.refresh()
        self.scrubbing.show()
        self._update_note()

    @property
    def ending(self) -> str:
        """How the run ended, "" while that is not known and where it cannot be."""
        session, known = self.session, self._accounts.learned
        if not known or (not known.outcome and (session.growing or session.imported)):
            return ""
        from ..diff_words import ended_so

        return ended_so(known.outcome, f"{ACTIONS['output'].key}: output")

    def _update_note(self) -> None:
        session = self.session
        note = session.beside.notes.get(session.cursor)
        parts = [("✎ ", "bold $text-warning"), (note, "")] if note else []
        if session.cursor == session.count and self.ending:
            bad = self.ending.startswith("✗")
            parts = [(self.ending, "$text-error" if bad else ""), ("  " * bool(note), ""), *parts]
        self._note.does = "note" if note or not parts else "output"
        self._note.show(*parts)

    def highlight(self, needle: str) -> None:
        """Mark a text wherever it is in the view."""
        self.body.needle = needle

    # Showing a step

    def _show_step(self, keep_place: bool = False) -> None:
        """Show the step under the cursor: at once where that is quick, else when it is ready."""
        session = self.session
        self._shown = session.cursor
        self._scrubber.move(session.cursor)
        self._update_note()
        views = views_of(session.step)
        chosen = self._chosen.get(session.kind or "")
        self.view = next((view for view in views if view.name == chosen), views[0])
        self._tabs.show(tuple(view.name for view in views), self.view.name)
        self._serial += 1
        self._filled = False
        self._keep_place = keep_place
        self.workers.cancel_group(self, "fill")
        if self._waiting:
            self._waiting.stop()
        n = session.cursor
        if not n or weight(self.view, session.reader, n) <= LIGHT:
            self._fill(build(self.view, session.reader, n))
            return
        self._update_header()
        self._waiting = self.set_timer(SETTLE, self._fill_later)

    def _fill_later(self) -> None:
        session, view, n, serial = self.session, self.view, self.session.cursor, self._serial
        self.run_worker(
            lambda: work.fill(self.post_message, session, view, n, serial),
            group="fill",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )
        self.set_timer(LONG, lambda: self._still_reading(serial))

    def _still_reading(self, serial: int) -> None:
        """Do not leave the step before on screen under the name of this one."""
        if serial == self._serial and not self._filled and not self._keep_place:
            page = Document()
            page.line("reading …", Kind.DIM)
            self.body.show(page)

    def on_filled(self, message: work.Filled) -> None:
        if message.serial == self._serial:
            self._fill(message.document)

    def _fill(self, document: Document) -> None:
        self._filled = True
        self.player.forget()
        self.body.show(document, self._keep_place)
        self._update_header()
        self._accounts.update()
        self.watching.show()
        self._do_then()

    def _do_then(self) -> None:
        then, self._then = self._then, None
        if then:
            then()

    def _update_header(self) -> None:
        session, step = self.session, self.session.step
        right = [f"step {session.cursor}/{session.count}"]
        if step is not None and not isinstance(step, Damaged):
            right += filter(None, [moment(session.reader, step.at)])
            if self._painted:
                self._model = plain(model_near(session.reader, step, self._model))
        right.append("following" if session.growing else session.proof)
        self._header.show((session.name, session.agent, self._model), tuple(right))

    # News

    def on_judged(self, message: Judged) -> None:
        if self._prompt:
            self._prompt.judged(message)

    def on_scanned(self, message: Scanned) -> None:
        if self.scans.take(message):
            self.sieve.take(message)
            self.watching.take(message)
            self.scrubbing.take(message)

    def on_scaled(self, message: Scaled) -> None:
        self.scrubbing.scaled(message)

    def on_scrubber_picked(self, message: Scrubber.Picked) -> None:
        self.jump(message.n)

    def on_sought(self, message: work.Sought) -> None:
        self._seeker.take(message)

    def on_summed(self, message: work.Summed) -> None:
        self._accounts.take(message)

    def on_learned(self, message: work.Learned) -> None:
        first = self._accounts.learned is None
        self._accounts.take(message)
        self._update_note()
        damage = self.session.tape.damage
        if first and damage and not self.session.growing:
            self.say(f"✗ {damage[0]} · {ACTIONS['output'].key} tells more")

    def on_kin(self, message: Kin) -> None:
        self._accounts.take(message)
        self.scrubbing.forked(message.steps)

    def on_timeline_picked(self, message: Timeline.Picked) -> None:
        self.jump(message.n)

    def on_tab_strip_picked(self, message: TabStrip.Picked) -> None:
        self.open_view(message.name)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._accounts.update)
        self.call_after_refresh(self.watching.show)
        if self._painted:
            self.call_after_refresh(self.scrubbing.update)

    def _follow(self) -> None:
        """Take in what the run has added; stay on the last step if we are on it."""
        session, count = self.session, self.session.count
        if session.reader.refresh():
            self.timeline.update_count()
            if session.cursor == count and session.count > count:
                self.go(session.count)
            else:
                self._show_step(keep_place=True)
            self._accounts.learn()
            self.sieve.resume()
            self.watching.resume()
            self.scrubbing.resume()
        if session.reader.ended and self._follower:
            self._follower.stop()
            self._update_header()
