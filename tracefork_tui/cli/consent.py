"""Before the agent of a tape is run again: may it be, and how."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ..tape.errors import TapeError
from .output import say

if TYPE_CHECKING:
    from ..replay.plan import Manner
    from ..tape.reader import Tape

MOST_TOLD = 40


def consent(tape: Tape, trust: bool, command: Sequence[str]) -> None:
    """A tape from elsewhere is not run until the user says so."""
    from ..replay.environment import spelled, user_secret
    from ..tape.seal import made_here
    from ..wire.visible import visible

    if trust or command or made_here(tape, user_secret()):
        return
    words = visible(spelled(tape.header.get("command")))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TapeError(
            f"{tape.path}: it was not recorded by you on this machine and would run "
            f"`{words}`; pass --trust, or the command behind --"
        )
    say(f"{tape.path} was not recorded by you on this machine. It would run: {words}")
    if not click.confirm("Run it?", err=True):
        raise TapeError(f"{tape.path}: not run")


@contextlib.contextmanager
def manner_of(
    tape: Tape, in_copy: bool, rerun_tools: bool, stops: tuple[int, ...] = ()
) -> Iterator[Manner]:
    """How the agent is run again; what it would touch again outside of a copy is said first."""
    from ..replay.copying import copied_home, touches
    from ..replay.plan import Manner

    told = touches(tape, copied=in_copy)
    outside = set(touches(tape, copied=True))
    if len(told) > MOST_TOLD:
        told.sort(key=lambda line: line not in outside)
    for line in told[:MOST_TOLD]:
        remedy = "" if line in outside else "; --in-copy runs it in a copy"
        say(f"it will touch this again: {line}{remedy}")
    if len(told) > MOST_TOLD:
        say(f"it will touch {len(told) - MOST_TOLD} more again: `show` tells them all")
    if in_copy:
        with copied_home(tape) as folder:
            yield Manner(rerun_tools, folder, stops)
        return
    yield Manner(rerun_tools, stops=stops)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """While an agent runs in our terminal, Ctrl-C is for the agent."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
