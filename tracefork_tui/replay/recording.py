"""`record`: an agent's run, bare but for the tape."""

from __future__ import annotations

import signal
from collections.abc import Callable

from ..tape import records
from ..tape.reader import Tape
from .boundary import named
from .launch import Launch, block_signals, exit_code, start

SMALL_FILE = 256 * 1024

Say = Callable[[str], None]


def record_command(
    command: list[str],
    out: str,
    force: bool,
    say: Say,
    user: list[str] | None = None,
    variables: list[str] | None = None,
    stdout: int | None = None,
    capture_files: int = 0,
) -> int:
    """Record a command; gives its exit code, or 1 where it gave 0 and nothing was captured.

    `user`: packages whose code is the user's too; `variables`: environment variables whose reads
    are draws; `stdout`: in place of ours; `capture_files`: the tape keeps files that the agent
    reads, up to this size in bytes. Raises TapeError if it cannot be started or the tape
    cannot be written.
    """
    before = block_signals()
    try:
        plan = {"user": user or [], "variables": variables or [], "capture_files": capture_files}
        run = start(Launch(command, out, plan=plan, force=force), stdout=stdout)
        code = exit_code(run.forward_signals())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    tape = run.finish()
    if tape is None:
        say(
            f"nothing was recorded: no Python that {command[0]} started loaded the recorder "
            "(a Python with -I, -E or -S, a cleared environment, or no Python at all)"
        )
        return code or 1
    with tape:
        if not exchanges(tape):
            say(
                f"nothing was captured in {out}: the agent sent no request that httpx or httpx2 saw"
            )
            for effect in named(tape):
                say(f"  {effect.line}")
            return code or 1
    return code


def exchanges(tape: Tape) -> int:
    """How many exchanges a tape has."""
    return tape.index.kinds.count(records.SEND)
