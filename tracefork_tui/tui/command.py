"""The command line: `:12`, or the name of an action and the words it takes."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from .actions import ACTIONS, Action, Mistake, named
from .text import short

if TYPE_CHECKING:
    from .screens.main import MainScreen

SHORT = {"q": "quit", "h": "help", "wq": "quit", "x": "quit"}
GOTO = ("goto", "go", "step")


def obey(screen: MainScreen, line: str) -> None:
    """Do what a command line says; a Mistake in it is told on the last line."""
    try:
        do(screen, line)
    except Mistake as mistake:
        screen.say(str(mistake))


def do(screen: MainScreen, line: str) -> None:
    """The same; raises Mistake."""
    word, rest = words_of(line)
    if not word:
        return
    if is_number(word):
        n = int(word)
        screen.jump(screen.session.cursor + n if word[0] in "+-" else n)
        return
    found = action_of(word)
    if not found.when(screen.session):
        raise Mistake(f"{found.id.replace('_', '-')} is not possible here")
    if rest and found.give:
        found.give(screen, rest)
    elif rest and not is_number(rest):
        raise Mistake(f"{found.id.replace('_', '-')} takes a count, not “{short(rest, 40)}”")
    else:
        found.run(screen, abs(int(rest)) if rest else None)


def words_of(line: str) -> tuple[str, str]:
    """The command of a line, and what follows it."""
    line = line.strip()
    if line[:1] == "/":
        return "search", line[1:].strip()
    if line[:1] == "@":
        return "goto", line
    word, _, rest = line.partition(" ")
    if word in GOTO and is_number(rest.strip()):
        word, rest = rest.strip(), ""
    return word, rest.strip()


def action_of(word: str) -> Action:
    """The action that a word names. Raises Mistake."""
    found = named(SHORT.get(word, word))
    if found is None:
        close = get_close_matches(word, names(), 1)
        hint = f"did you mean {close[0]}?" if close else "? lists them"
        raise Mistake(f"no command {short(word, 40)}: {hint}")
    return found


def is_number(word: str) -> bool:
    return word[word[:1] in ("+", "-") :].isdecimal() and word.isascii() and len(word) < 12


def names() -> list[str]:
    """What can be typed, for completion."""
    return sorted(name.replace("_", "-") for name in ACTIONS if name not in ("command", "cancel"))
