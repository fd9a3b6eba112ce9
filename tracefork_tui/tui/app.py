"""The debugger's app: it opens a tape, keeps recorded text harmless, and shows screens."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.filter import LineFilter
from textual.screen import Screen

from ..tape.errors import TapeError
from ..tape.reader import Tape
from . import themes
from .actions import ACTIONS, rekey
from .screens.main import MainScreen
from .session import Session, identity
from .text import ControlFilter, notify_plain
from .typeahead import Passed, TypeAhead

if TYPE_CHECKING:
    from .config import Config
    from .memory import Memory
    from .widgets.firststeps import FirstSteps

STDIN = 0
COLOURLESS = themes.Colourless()
FIRST_SESSIONS = 3
"""In so many sessions the first keys are shown."""

IDLE = 2.0
"""Seconds without a key after which nobody waits for the next."""

FEW_YOUNG = 20
"""Collections of new objects that nothing old is worth to be looked through for."""
LOW = 16
"""A terminal of fewer lines has no room for them."""


def _actions() -> type[Provider]:
    from .palette import Actions

    return Actions


class DebuggerApp(App[None]):
    """Shows a tape, or the tapes of a folder, and others on top of it. Raises nothing for what is
    on them: damage is shown in place.

    `config`: the user's settings. `memory`: what is kept from session to session; without one
    nothing is. `marked`: the path of the tape that the user has marked to compare with, or "".
    """

    TITLE = "tracefork-tui"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False)]

    def __init__(
        self,
        tape: Tape | None,
        folder: str = ".",
        config: Config | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__()
        self.config, self.memory = config, memory
        self._filter: ControlFilter | None = None
        self._opened: list[Session] = []
        self._keys = TypeAhead(self, super().on_event)
        self.session = self._session(tape) if tape is not None else None
        self.folder = os.path.abspath(folder)
        self.marked = ""
        self._first_steps: FirstSteps | None = None
        self._typed = 0.0
        keymap = config.keys if config else {}
        rekey(keymap)
        self.set_keymap({name: ",".join(keys) for name, keys in keymap.items() if keys})
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.first_theme(self, self._wanted_theme, os.environ if config else {})

    @property
    def _wanted_theme(self) -> str:
        chosen = self.config.theme if self.config else ""
        return chosen or (self.memory.theme if self.memory else "")

    def get_default_screen(self) -> Screen[None]:
        if self.session is not None:
            return MainScreen(self.session)
        from .screens.tapes import TapesScreen

        return TapesScreen(self.folder)

    def open_tape(self, path: str, step: int = 0, then: str = "") -> MainScreen | None:
        """Show another tape on top of what is open, on that step; `q` there leads back.

        `then`: the id of an action to do once it is shown. A tape that is open already keeps its
        place and marks. None, and a notice, where the file cannot be opened.
        """
        session = self._session_of(path)
        if session is None:
            try:
                session = self._session(Tape(path))
            except TapeError as error:
                notify_plain(self, error, "cannot be opened", "error")
                return None
        top = self.screen
        if isinstance(top, MainScreen) and top.session is session:
            screen = top
        else:
            screen = MainScreen(session)
            self.push_screen(screen)
        if step:
            screen.call_later(screen.jump, step)
        if then:
            screen.call_later(screen.action_do, then)
        return screen

    # What is kept from session to session

    def on_mount(self) -> None:
        self.set_interval(IDLE, self._collect)
        if not self.is_headless and os.isatty(STDIN):
            self.set_interval(IDLE, self._leave_a_terminal_that_is_gone)
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def on_ready(self) -> None:
        self.screen.call_later(self._greet)

    def _greet(self) -> None:
        """Say what the user has to know about his settings and where he is."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if not isinstance(screen, MainScreen) or not screen.is_attached:
            return
        session = screen.session
        if self.memory is not None and session.cursor > 1:
            first = ACTIONS["first"].key
            screen.say(f"back at step {session.cursor}, where you left it; {first}: the first step")
        if self.config is not None and self.config.mistake:
            screen.say(self.config.mistake)
        if self.memory is not None:
            self.memory.opened += 1
            if self.memory.opened <= FIRST_SESSIONS:
                self._show_first_steps(screen)

    def _show_first_steps(self, screen: MainScreen) -> None:
        if screen.size.height < LOW:
            return
        from .widgets.firststeps import FirstSteps

        self._first_steps = FirstSteps()
        screen.mount(self._first_steps)

    def _collect(self) -> None:
        """Look for garbage while nobody types: with large bodies open it takes a while."""
        if gc.get_count()[1] > FEW_YOUNG and time.monotonic() - self._typed > IDLE:
            gc.collect()

    def _leave_a_terminal_that_is_gone(self) -> None:
        """Where the terminal went away without a signal, nothing else would end the app."""
        if not os.isatty(STDIN):
            self.exit(return_code=1)

    # Keys, one at a time

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed = time.monotonic()
        if self._first_steps and self._first_steps.pressed():
            self._first_steps = None
        await self._keys.take(event)

    def on_passed(self, message: Passed) -> None:
        self._keys.passed(message)

    def retype(self, event: Key) -> None:
        """Have a key typed again that came before it was known where it belongs."""
        self._keys.again(event)

    def hold_keys(self, holder: DOMNode) -> None:
        """Have keys wait until it is known where they belong; Escape is for the holder."""
        self._keys.hold(holder)

    def release_keys(self) -> None:
        self._keys.release()

    @property
    def sessions(self) -> list[Session]:
        """What is open, the lowest screen first."""
        return [one.session for one in self.screen_stack if isinstance(one, MainScreen)]

    def _session(self, tape: Tape) -> Session:
        """A session that stands where the user left the tape."""
        session = Session(tape)
        self._opened.append(session)
        if self.memory is not None:
            session.typed = self.memory.typed
        left = self.memory.place(tape) if self.memory else 0
        if left:
            session.cursor = left
        return session

    def _session_of(self, path: str) -> Session | None:
        """The session of that very file, if one of the screens shows it."""
        place = identity(path)
        return next((one for one in self.sessions if place and one.place == place), None)

    def left(self, session: Session) -> None:
        """A tape is closed: keep its place."""
        if self.memory is not None and session.count:
            self.memory.leave(session.tape, session.cursor)
        if self.sessions.count(session) < 2 and session in self._opened:
            self._opened.remove(session)

    def remember(self) -> None:
        """Keep what is to be known in the next session."""
        if self.memory is not None:
            for session in [*self._opened]:
                self.left(session)
            self.memory.save()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last thing between a widget and the terminal: no control character passes.

        The filter stays the same object while it does the same: lines know by it that they have
        been through it.
        """
        others = [COLOURLESS] if self.no_color else super().get_line_filters()
        if self._filter is None or self._filter.others != others:
            self._filter = ControlFilter(others)
        return [self._filter]
