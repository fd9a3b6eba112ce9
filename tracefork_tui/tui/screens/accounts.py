"""What the context column tells: sums and facts of the run, gathered off the main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from ...tape.steps import Exchange
from .. import work
from ..times import START_TIMES, to_head, took
from ..widgets.context import Context, Facts

if TYPE_CHECKING:
    from ..forks import Kin
    from .main import MainScreen

SPARKS = 12
FEW = 4
"""As many steps are summed at once, where the prices are at hand already."""


class Accounts:
    """Keeps the context column up to date while it is on screen."""

    def __init__(self, screen: MainScreen, column: Context) -> None:
        self._screen = screen
        self._column = column
        self._totals = screen.session.totals
        self.learned: work.Learned | None = None
        self._forks: list[tuple[str, str]] = []
        self._running = False
        self._warm = False
        self._grown = False

    def update(self) -> None:
        """Show the step under the cursor; start what is missing for it."""
        screen, session = self._screen, self._screen.session
        if not screen.is_mounted or not (self._column.display or screen.view.sums):
            return
        n, totals = session.cursor, self._totals
        if self._warm and not self._running and 0 < n - totals.upto <= FEW:
            while totals.upto < n:
                totals.extend(session.reader)
        step, reader = session.step, session.reader
        exchange = step if isinstance(step, Exchange) else None
        known = totals.upto > 0 and totals.at(n) is not None
        self._column.show(
            Facts(
                step=step,
                reply=session.reader.reply(n) if step is not None else None,
                spent=totals.at(n) if known else None,
                before=totals.at(n - 1) if known else None,
                summed=f"adding up, step {totals.upto:,} …" if totals.upto else "",
                recent=totals.recent(n, SPARKS) if known else [],
                took=took(reader, exchange) if exchange else None,
                to_head=to_head(reader, exchange) if exchange else None,
                timed=START_TIMES not in reader.lacks,
                origin=self._origin(),
                ended=not session.growing,
                notes=self.learned.notes if self.learned else [],
                outcome=self.learned.outcome if self.learned else None,
                damage=session.tape.damage,
                forks=self._forks,
                watches=screen.watching.parts(),
            )
        )
        if n and not self._running and (not known or (self._grown and not totals.settled)):
            self._add_up(n)

    def _origin(self) -> str:
        from ...interop.imported import origin

        tape = self._screen.session.tape
        return origin(tape) if tape.header.get("imported") else ""

    def learn(self) -> None:
        """Read the facts of the run, again if they may have changed."""
        self._grown = True
        screen = self._screen
        screen.run_worker(
            lambda: work.learn(screen.post_message, screen.session),
            group="learn",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def learn_family(self) -> None:
        """Look for the tape's parent and forks."""
        from ..forks import tell

        screen, path = self._screen, self._screen.session.tape.path
        screen.run_worker(
            lambda: tell(screen.post_message, get_current_worker(), path),
            group="family",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def take(self, message: work.Summed | work.Learned | Kin) -> None:
        """News from the background."""
        if isinstance(message, work.Learned):
            self.learned = message
        elif not isinstance(message, work.Summed):
            self._forks = message.lines
        elif message.done:
            self._running = False
            self._warm = True
            if self._screen.view.sums:
                self._screen.show_again()
        self.update()

    def _add_up(self, n: int) -> None:
        screen, totals = self._screen, self._totals
        self._running = True
        self._grown = False

        def run() -> None:
            work.add_up(screen.post_message, get_current_worker(), screen.session, totals, n)

        screen.run_worker(run, group="sum", thread=True, exit_on_error=False)
