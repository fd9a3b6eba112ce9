"""What commands share: our words on stderr, documents on stdout, a tape opened."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ..tape.errors import TapeError

if TYPE_CHECKING:
    from ..tape.reader import Tape


def say(message: str) -> None:
    """A line of our own, on stderr."""
    from ..wire.visible import visible

    print(visible(f"tracefork-tui: {message}"), file=sys.stderr)


def print_json(document: dict[str, Any]) -> None:
    """One document on stdout, in ASCII where the terminal holds no more."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    json.dump(document, sys.stdout, ensure_ascii=plain)
    sys.stdout.write("\n")


def open_tape(path: str) -> Tape:
    """Raises TapeError for what is no tape."""
    from ..tape.reader import Tape

    return Tape(path)


def fileno(stream: Any) -> int | None:
    return None if stream is None else int(stream.fileno())


def on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def debugger(paths: list[str]) -> int:
    """The app on tapes, or on the folder; gives its exit code. Raises TapeError off a terminal."""
    if paths and not on_terminal():
        raise TapeError(f"{paths[0]}: the debugger needs a terminal; use `show` or `show --json`")
    from ..tui import run

    return run(paths)
