"""What was proven of the tape that is open, to be read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .actions import ACTIONS
from .acts.compare import pair_of
from .reports import report

if TYPE_CHECKING:
    from .app import DebuggerApp
    from .screens.main import MainScreen


def show(screen: MainScreen) -> None:
    """The receipt of the last replay; for a fork that of its beginning, made anew."""
    session = screen.session
    if session.receipt:
        _push(screen, session.receipt)
    elif session.is_fork:
        screen.say("comparing it with its parent …")
        screen.run_worker(_compare(screen), group="receipt", exclusive=True, exit_on_error=False)
    else:
        screen.say(f"not replayed yet; {ACTIONS['replay'].key} replays it")


async def _compare(screen: MainScreen) -> None:
    import asyncio

    path, app = screen.session.tape.path, cast("DebuggerApp", screen.app)
    others = [one.tape.path for one in app.sessions if one is not screen.session]
    pair, why = await asyncio.to_thread(pair_of, path, others)
    if pair is None:
        screen.say(why)
        return
    try:
        lines = await asyncio.to_thread(_judged, *pair)
    except TapeError as error:
        screen.say(str(error))
        return
    screen.say("")
    _push(screen, lines)


def _judged(parent: str, fork: str) -> list[str]:
    from ..replay.fork import judged
    from ..replay.receipt import fork_lines

    with Tape(parent) as one, Tape(fork) as other:
        return list(fork_lines(judged(one, other)))


def _push(screen: MainScreen, lines: Sequence[str]) -> None:
    from .screens.help import HelpScreen

    good = not any("NOT PROVEN" in line for line in lines)
    screen.app.push_screen(HelpScreen(f"receipt · {screen.session.name}", report(lines, good)))
