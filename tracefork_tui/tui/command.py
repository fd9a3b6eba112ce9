"""The command line: `:12`, or the name of an action and the word it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actions import ACTIONS, Action, named
from .text import short

if TYPE_CHECKING:
    from .screens.main import MainScreen

SHORT = {"q": "quit", "h": "help", "wq": "quit", "x": "quit"}


def obey(screen: MainScreen, line: str) -> None:
    """Do what a command line says."""
    word, _, rest = line.strip().partition(" ")
    if not word:
        return
    if word.lstrip("+-").isdigit() and len(word) < 12:
        n = int(word)
        screen.jump(screen.session.cursor + n if word[0] in "+-" else n)
        return
    if word[0] == "/":
        word, rest = "search", line.strip()[1:]
    found = named(SHORT.get(word, word))
    if found is None:
        screen.say(f"no command {short(word, 40)}: ? lists them")
    elif not found.when(screen.session):
        screen.say(f"{found.id.replace('_', '-')} is not possible here")
    else:
        _run(screen, found, rest.strip())


def _run(screen: MainScreen, found: Action, words: str) -> None:
    if words and found.give:
        found.give(screen, words)
    else:
        found.run(screen, int(words) if words.isdigit() and len(words) < 12 else None)


def names() -> list[str]:
    """What can be typed, for completion."""
    return sorted(name.replace("_", "-") for name in ACTIONS if name not in ("command", "cancel"))
