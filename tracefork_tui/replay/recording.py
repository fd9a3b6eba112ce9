"""`record`: an agent's run, bare but for the tape."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

from ..tape import records
from ..tape.reader import Tape
from .boundary import named
from .children import Child, children
from .launch import Launch, block_signals, exit_code, start

SMALL_FILE = 256 * 1024
MOST_MISSED = 3

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
    secrets: list[str] | None = None,
) -> int:
    """Record a command; gives its exit code, or 1 where it gave 0 and nothing was captured.

    `user`: packages whose code is the user's too; `variables`: environment variables whose reads
    are draws; `stdout`: in place of ours; `capture_files`: the tape keeps files that the agent
    reads, up to this size in bytes; `secrets`: patterns of what is redacted too. Raises TapeError
    if it cannot be started or the tape cannot be written.
    """
    before = block_signals()
    try:
        plan = {
            "user": user or [],
            "variables": variables or [],
            "secrets": secrets or [],
            "capture_files": capture_files,
        }
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
        below = [child for child in _family(tape) if _asks(child.path)]
        if not exchanges(tape) and not below:
            say(
                f"nothing was captured in {out}: the agent sent no request that httpx or httpx2 saw"
            )
            for effect in named(tape):
                say(f"  {effect.line}")
            return code or 1
        if not exchanges(tape):
            where = ", ".join(os.path.basename(child.path) for child in below)
            say(f"{out} has no exchange of its own; those of its children are in {where}")
        _say_missed(tape, say)
    return code


def _say_missed(tape: Tape, say: Say) -> None:
    """What went past the seam, so that nobody takes the tape for all there was."""
    sockets = [effect for effect in named(tape) if effect.kind == "socket"]
    missed = [effect.line for effect in sockets if not effect.what.startswith("listens on ")]
    for line in missed[:MOST_MISSED]:
        say(f"not captured, and refused by a replay: {line}")
    if len(missed) > MOST_MISSED:
        say(f"  and {len(missed) - MOST_MISSED} more: tracefork-tui show {tape.path}")


def _family(tape: Tape) -> Iterator[Child]:
    """The children of a run that have tapes, and theirs."""
    for child in children(tape):
        if child.path:
            yield child
            with Tape(child.path) as own:
                yield from _family(own)


def _asks(path: str) -> bool:
    with Tape(path) as tape:
        return exchanges(tape) > 0


def exchanges(tape: Tape) -> int:
    """How many exchanges a tape has."""
    return tape.index.kinds.count(records.SEND)
