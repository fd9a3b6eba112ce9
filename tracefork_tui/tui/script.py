"""A session told in advance: `--run "goto 12; view delta; print"`.

Each command is a line of the app's own command line. Besides: `print` gives the text of what is
open, `print screen` the screen as it stands, `press KEY ...` types keys. Commands are parted by
semicolons or line ends; double quotes and a backslash keep a semicolon.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .actions import Mistake
from .command import action_of, do, is_number, words_of
from .screens.main import MainScreen
from .text import plain, short

if TYPE_CHECKING:
    from textual.pilot import Pilot

ASKING = "start"
"""The group of workers that may wait for the user's answer to a question."""

_PIECE = re.compile(r'(?:\\[;\\]|"(?:\\.|[^"\\\n])*"|[^;\n])+')
_ESCAPED = re.compile(r"\\([;\\])")


def read(text: str) -> list[str]:
    """The commands of a script. Raises Mistake for one that there is not."""
    lines = [_unescaped(piece).strip() for piece in _PIECE.findall(text)]
    commands = [line for line in lines if line]
    for command in commands:
        word, rest = words_of(command)
        if word == "print":
            if rest not in ("", "screen"):
                raise Mistake(f"print takes nothing, or screen, not “{short(rest, 40)}”")
        elif word == "press":
            if not rest:
                raise Mistake("press takes keys: press j j enter")
        elif not is_number(word):
            action_of(word)
    return commands


def _unescaped(piece: str) -> str:
    return piece if '"' in piece else _ESCAPED.sub(r"\1", piece)


class Script:
    """Does commands one after the other, each once what the one before set off is done.

    `printed`: what it was told to print. `said`: messages of the app, with the command they
    answer. `mistake`: what ended it early, or "".
    """

    def __init__(self, commands: Sequence[str], end: bool) -> None:
        """`end`: whether the app ends with the script; then the last screen is printed where
        nothing else was."""
        self.printed: list[str] = []
        self.said: list[str] = []
        self.mistake = ""
        self._commands = commands
        self._end = end

    async def __call__(self, pilot: Pilot[Any]) -> None:
        app = pilot.app
        await _settle(pilot)
        for command in self._commands:
            try:
                await self._do(pilot, command)
            except Mistake as mistake:
                self.mistake = f"{short(command, 60)}: {mistake}"
            if self.mistake or not app.is_running:
                break
        if self.mistake:
            app.exit(return_code=2)
        elif self._end and app.is_running:
            if not self.printed:
                self.printed.append(_screen_text(pilot))
            app.exit(return_code=0)

    async def _do(self, pilot: Pilot[Any], command: str) -> None:
        app = pilot.app
        word, rest = words_of(command)
        if word == "print":
            self.printed.append(_screen_text(pilot) if rest else _page_text(pilot))
            return
        if word == "press":
            await pilot.press(*rest.split())
        elif isinstance(app.screen, MainScreen):
            app.screen.say("")
            _check(app.screen, word)
            do(app.screen, command)
        elif word in ("q", "quit", "back"):
            await pilot.press("q")
        else:
            raise Mistake("not on this screen: q leads back, press types its keys")
        await _settle(pilot)
        screen = app.screen
        if app.is_running and isinstance(screen, MainScreen) and screen.said:
            self.said.append(f"{short(command, 60)}: {screen.said}")


def _check(screen: MainScreen, word: str) -> None:
    """Nobody sees that a number which is too large leads to the last step."""
    count = screen.session.count
    if word.isdecimal() and is_number(word) and not 1 <= int(word) <= count:
        raise Mistake(f"there is no step {word}; the tape has {count}")


async def _settle(pilot: Pilot[Any]) -> None:
    """Until everything that was set off is on the screen."""
    app, quiet = pilot.app, 0
    while app.is_running and quiet < 2:
        await pilot.pause()
        await asyncio.sleep(0.02)
        busy = any(not one.is_finished and one.group != ASKING for one in app.workers)
        screen = app.screen
        busy |= isinstance(screen, MainScreen) and not screen.settled
        quiet = 0 if busy else quiet + 1


def _screen_text(pilot: Pilot[Any]) -> str:
    """The characters on the screen, line by line."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(plain(strip.text.rstrip()) for strip in strips[: pilot.app.size.height])


def _page_text(pilot: Pilot[Any]) -> str:
    """What is open, whole: a view's text; of another screen what stands there."""
    screen = pilot.app.screen
    return screen.body.document.text if isinstance(screen, MainScreen) else _screen_text(pilot)
