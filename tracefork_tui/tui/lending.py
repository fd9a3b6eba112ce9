"""pdb at a step: the command line's own, in the terminal that the app lends to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

from textual.app import App, SuspendNotSupported

from ..tape.errors import TapeError
from .session import Session
from .starting import Say, place_to_run

GOODS = {0: "proven", 1: "not proven, or stopped"}


def open_pdb(app: App[Any], session: Session, n: int, say: Say) -> None:
    """Ask what must be asked, then replay to step `n` in the terminal; `say` gets what came of
    it."""

    async def run() -> None:
        try:
            where = await place_to_run(app, session)
            if where:
                code = _lend(app, _words(session, n, where))
                say(f"pdb at step {n}: the replay was {GOODS.get(code, 'not started')}")
        except SuspendNotSupported:
            say("this terminal cannot be lent to pdb")
        except TapeError as error:
            say(str(error))

    app.run_worker(run(), group="start", exclusive=True, exit_on_error=False)


def _words(session: Session, n: int, where: str) -> list[str]:
    words = [sys.executable, "-m", "tracefork_tui", "replay", session.tape.path]
    return [*words, "--trust", "--pdb", str(n), *["--in-copy"] * (where == "copy")]


def _lend(app: App[Any], words: list[str]) -> int:
    """Run a command in the terminal; Ctrl-C is for the command. Gives its exit code."""
    with app.suspend():
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            code = subprocess.call(words)
            print("[Enter] back to the tape ", end="", flush=True)
            sys.__stdin__.readline() if sys.__stdin__ else ""
        finally:
            signal.signal(signal.SIGINT, before)
    return code
