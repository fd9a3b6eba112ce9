"""The debugger itself, on tapes, on a folder of them, or told what to do in advance."""

from __future__ import annotations

import os

import click

from .group import cli
from .output import debugger, on_terminal, open_tape


@cli.command("open", hidden=True)
@click.argument("tapes", nargs=-1)
@click.option("--run", "script", metavar="COMMANDS", help="Do these first; see the README.")
def open_(tapes: tuple[str, ...], script: str | None) -> int:
    """Open the debugger on tapes."""
    if script is not None:
        return _scripted(list(tapes), script)
    if not tapes:
        return _tapes_here()
    for path in tapes:
        open_tape(path).close()
    return debugger(list(tapes))


def _scripted(paths: list[str], text: str) -> int:
    """A session told in advance; it goes on at the terminal unless it quits."""
    from ..tui import run
    from ..tui.actions import Mistake
    from ..tui.script import read

    try:
        commands = read(text)
    except Mistake as mistake:
        raise click.UsageError(f"--run: {mistake}") from None
    quits = commands[-1:] in (["q"], ["quit"])
    for path in paths:
        open_tape(path).close()
    return run(paths, commands[:-1] if quits else commands, on_terminal() and not quits)


def _tapes_here() -> int:
    """The debugger on the tapes of this folder; a plain list where there is none to show them."""
    from ..tui.family import read_folder

    folder = read_folder(os.getcwd())
    if folder.tapes and on_terminal():
        return debugger([])
    from ..tui.tapes_text import lines

    for line in lines(folder):
        print(line)
    return 0
