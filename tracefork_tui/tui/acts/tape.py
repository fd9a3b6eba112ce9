"""The debugger itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action, always

if TYPE_CHECKING:
    from ..screens.main import MainScreen


@action("colon", label="command", help="command line: a step's number, or a name from this list",
        group="Tape", when=always)  # fmt: skip
def command(screen: MainScreen, count: int | None) -> None:
    from ..command import obey
    from ..judging import Judge, in_command

    judge = Judge(screen, in_command, commands=True)
    screen.ask_line(":", lambda text: obey(screen, text), judge=judge)


@action("ctrl+p", label="palette", help="find a command by its name", group="Tape", when=always)
def palette(screen: MainScreen, count: int | None) -> None:
    screen.app.action_command_palette()


@action("question_mark", label="help", help="this list", group="Tape", when=always, hint=90)
def help(screen: MainScreen, count: int | None) -> None:
    from ..screens.help import HelpScreen

    screen.app.push_screen(HelpScreen())


@action("escape", label="cancel", help="end a search, forget a count, leave the zoom",
        group="Tape", when=always)  # fmt: skip
def cancel(screen: MainScreen, count: int | None) -> None:
    screen.cancel()


@action("q", label="quit", help="back to what was open before; else end the debugger",
        group="Tape", when=always, hint=91)  # fmt: skip
def quit(screen: MainScreen, count: int | None) -> None:
    if not screen.leave():
        screen.app.exit(return_code=0)
