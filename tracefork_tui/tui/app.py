"""The debugger's app: it opens a tape, keeps recorded text harmless, and shows screens."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import App
from textual.command import Provider
from textual.filter import LineFilter
from textual.screen import Screen

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .screens.main import MainScreen
from .session import Session, identity
from .text import ControlFilter, notify_plain


def _actions() -> type[Provider]:
    from .palette import Actions

    return Actions


class DebuggerApp(App[None]):
    """Shows a tape, or the tapes of a folder, and others on top of it. Raises nothing for what is
    on them: damage is shown in place. `marked`: the path of the tape that the user has marked to
    compare with, or "".
    """

    TITLE = "tracefork-tui"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}

    def __init__(self, tape: Tape | None, folder: str = ".") -> None:
        super().__init__()
        self.session = Session(tape) if tape is not None else None
        self.folder = os.path.abspath(folder)
        self.marked = ""

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
                session = Session(Tape(path))
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

    @property
    def sessions(self) -> list[Session]:
        """What is open, the lowest screen first."""
        return [one.session for one in self.screen_stack if isinstance(one, MainScreen)]

    def _session_of(self, path: str) -> Session | None:
        """The session of that very file, if one of the screens shows it."""
        place = identity(path)
        return next((one for one in self.sessions if place and one.place == place), None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last thing between a widget and the terminal: no control character passes."""
        return [ControlFilter(super().get_line_filters())]
