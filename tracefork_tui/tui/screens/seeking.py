"""Looking for a step: in the background, with its progress on the last line, to be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from .. import work

if TYPE_CHECKING:
    from .main import MainScreen

GROUP = "seek"


class Seeker:
    """One search at a time; starting another ends the one before."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._serial = 0
        self._running = False
        self._what = self._nothing = ""
        self._found: Callable[[], None] | None = None

    def start(
        self,
        wanted: work.Wanted,
        way: int,
        what: str,
        nothing: str,
        found: Callable[[], None] | None,
    ) -> None:
        """Jump to the next step that is wanted, then call `found`; or say `nothing`."""
        screen = self._screen
        self._serial += 1
        self._running = True
        self._what, self._nothing, self._found = what, nothing, found
        session, serial = screen.session, self._serial

        def run() -> None:
            work.seek(screen.post_message, get_current_worker(), session, wanted, way, serial)

        screen.run_worker(run, group=GROUP, thread=True, exclusive=True, exit_on_error=False)

    def take(self, message: work.Sought) -> None:
        """News from the search."""
        screen = self._screen
        if message.serial != self._serial or not self._running:
            return
        if not message.done:
            at = f"step {message.n:,} of {screen.session.count:,}"
            screen.say(f"looking for {self._what}: {at} (Esc ends it)")
            return
        self._running = False
        screen.say("" if message.found else self._nothing)
        if message.found:
            screen.jump(message.n, self._found)

    def stop(self) -> bool:
        """End the search; False if there is none."""
        was, self._running = self._running, False
        if was:
            self._screen.workers.cancel_group(self._screen, GROUP)
        return was
