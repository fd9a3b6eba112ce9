"""From what the user asks for to a run: trust, consent to what costs money, a place for the tape.

Each question is asked in turn; whoever says no is back where he was.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.app import App

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .jobs import ForkJob, Job, Order, ReplayJob
from .look import command_of
from .screens.asking import Answer, Ask, AskLive, AskPath
from .screens.run import RunScreen
from .session import Session

if TYPE_CHECKING:
    from ..replay.estimate import Estimate

MOST_TOLD = 8

Say = Callable[[str], None]
Started = Callable[[], None]


def start(app: App[Any], session: Session, order: Order, say: Say, started: Started) -> None:
    """Ask what must be asked, then run. `say` gets what speaks against it; `started` is called
    just before the run is shown."""

    async def run() -> None:
        try:
            job = await _prepare(app, session, order)
        except TapeError as error:
            say(str(error))
        except Exception as error:
            say(f"{type(error).__name__}: {error}")
        else:
            if job is not None:
                started()
                app.push_screen(RunScreen(job, session))

    app.run_worker(run(), group="start", exclusive=True, exit_on_error=False)


async def place_to_run(app: App[Any], session: Session) -> str:
    """Where the agent may be run again: "here", "copy", or "" for not at all. Raises TapeError."""
    if session.growing:
        raise TapeError("the tape is still being written: wait until its run has ended")
    return await _where(app, session) if await _trusted(app, session) else ""


async def _prepare(app: App[Any], session: Session, order: Order) -> Job | None:
    where = await place_to_run(app, session)
    if not where:
        return None
    path = session.tape.path
    if not order.at:
        return ReplayJob(path, where == "copy")
    if order.tail == "live":
        limits = await app.push_screen_wait(
            AskLive(await asyncio.to_thread(_estimate, path, order))
        )
        if limits is None:
            return None
        order = replace(order, max_calls=limits.calls, max_cost=limits.cost)
    out = await _place(app, path)
    return ForkJob(path, order, out, where == "copy") if out else None


async def _trusted(app: App[Any], session: Session) -> bool:
    """Whether the tape's command may be run: recorded here, or the user says so, once a tape."""
    if session.trusted or await asyncio.to_thread(_made_here, session.tape.path):
        return True
    words = command_of(session.tape.header)
    if not words:
        raise TapeError("the tape names no command to run: it was recorded from within a process")
    from ..replay.environment import spelled

    lines = [
        f"{session.name} was not recorded by you on this machine.",
        "To go on, this would be run as you, with your rights:",
        "",
        f"    {spelled(words)}",
        f"    in {_home(session.tape)}",
    ]
    ask = Ask("Run this tape's command?", lines, Answer("y", "Run it"))
    session.trusted = await app.push_screen_wait(ask) == "y"
    return session.trusted


async def _where(app: App[Any], session: Session) -> str:
    """Where to run what changed things outside of itself: "here", "copy", or "" for not at all.
    Asked once a tape."""
    if not session.where:
        touched = await asyncio.to_thread(_touches, session.tape.path)
        if not touched:
            return "here"
        lines = ["The recorded run changed things, and would change them again:", ""]
        lines += [f"    {line}" for line in touched[:MOST_TOLD]]
        lines += [f"    and {len(touched) - MOST_TOLD} more"] * (len(touched) > MOST_TOLD)
        here, copy = Answer("y", "Run it here"), Answer("c", "In a copy of its folder")
        answer = await app.push_screen_wait(Ask("Run it again?", lines, here, copy))
        session.where = {"y": "here", "c": "copy"}.get(answer, "")
    return session.where


def _touches(path: str) -> list[str]:
    from ..replay.copying import touches

    with Tape(path) as tape:
        return touches(tape)


def _made_here(path: str) -> bool:
    from ..replay.environment import user_secret
    from ..tape.seal import made_here

    with Tape(path) as tape:
        return made_here(tape, user_secret())


def _home(tape: Tape) -> str:
    from ..replay.environment import home_of

    return home_of(tape.path, str(tape.header.get("cwd", ".")))


def _estimate(path: str, order: Order) -> Estimate:
    from ..replay.estimate import estimate
    from ..replay.plan import Fork

    with Tape(path) as tape:
        return estimate(tape, Fork(tape, order.at, order.intervention, order.tail))


async def _place(app: App[Any], parent: str) -> str:
    """Where the fork's tape goes: beside its parent, or where the user says; "" for nowhere."""
    from ..replay.plan import fork_path

    out = fork_path(parent)
    refused = _refused(out)
    if refused:
        elsewhere = fork_path(os.path.join(os.getcwd(), os.path.basename(parent)))
        out = await app.push_screen_wait(AskPath(refused, elsewhere, _refused))
    return out


def _refused(path: str) -> str:
    """Why a tape cannot be put there, or ""."""
    from ..replay.launch import check_output

    try:
        check_output(path, force=False)
    except TapeError as error:
        return str(error)
    return ""
