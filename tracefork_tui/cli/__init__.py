"""The command line: a module for each kind of command. What they do is in the rooms below."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from ..tape.errors import TapeError
from . import doctoring, files, forking, opening, reading, running
from .group import cli
from .output import say

__all__ = ["cli", "doctoring", "files", "forking", "main", "opening", "reading", "running"]


def main(args: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code. Errors are one line on stderr, exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(args=args, prog_name="tracefork-tui", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _failed(error.format_message())
    except click.Abort:
        return _failed("interrupted")
    except TapeError as error:
        return _failed(str(error))
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{(error.strerror or str(error)).lower()}")
    return code if isinstance(code, int) else 0


def _failed(message: str) -> int:
    say(" ".join(message.split()))
    return 2
