"""`python -m tracefork_tui`, and the command: opening a tape on a terminal needs no command line
parser, and is what most starts are."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Open the tape that is named; all else, and all that goes wrong, is the command line's."""
    words = sys.argv[1:]
    if len(words) == 1 and _is_path(words[0]) and sys.stdin.isatty() and sys.stdout.isatty():
        from .tape.errors import TapeError
        from .tui import run

        try:
            return run(words)
        except TapeError:
            pass
    from .cli import main as command_line

    return command_line()


def _is_path(word: str) -> bool:
    """A file, and not the name of a command."""
    return ("." in word or os.sep in word) and os.path.isfile(word)


if __name__ == "__main__":
    raise SystemExit(main())
