"""The debugger itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..actions import Mistake, action, always
from ..text import short

if TYPE_CHECKING:
    from ..app import DebuggerApp
    from ..screens.main import MainScreen


@action("O", label="output", help="how the run ended, and what the agent printed",
        group="Tape", when=always)  # fmt: skip
def output(screen: MainScreen, count: int | None) -> None:
    from ..screens.output import OutputScreen

    screen.app.push_screen(OutputScreen(screen.session))


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


def _theme(screen: MainScreen, words: str) -> None:
    from ..themes import close_to, name_of, theme_of

    app = cast("DebuggerApp", screen.app)
    theme = theme_of(app, words)
    if app.no_color:
        raise Mistake("NO_COLOR is set: there are no colours to choose")
    if not theme:
        raise Mistake(f"no theme “{short(words, 20)}”: {close_to(app, words)}")
    app.theme = theme
    kept = ""
    if app.config is not None and app.config.theme:
        kept = f"; the next session has {short(app.config.theme, 20)} again, as your config says"
    elif app.memory is not None:
        app.memory.theme = name_of(theme)
    screen.say(f"theme {name_of(theme)}{kept}")


@action(label="theme", help="colours: dark, light, contrast, plain; without a name the next",
        group="Tape", when=always, give=_theme)  # fmt: skip
def theme(screen: MainScreen, count: int | None) -> None:
    from ..themes import following, name_of

    _theme(screen, name_of(following(screen.app.theme)))


@action("ctrl+z", label="suspend", help="back to the shell; fg there leads here again",
        group="Tape", when=always)  # fmt: skip
def suspend(screen: MainScreen, count: int | None) -> None:
    screen.app.action_suspend_process()
