"""The registry of actions: keys, hints, help, palette and command line are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .screens.main import MainScreen
    from .session import Session

Run = Callable[["MainScreen", int | None], None]
Give = Callable[["MainScreen", str], None]
When = Callable[["Session"], bool]


class Mistake(Exception):
    """What the user asked for cannot be done; one line, told on the screen, or by a script that
    ends there."""


def always(session: Session) -> bool:
    return True


def with_steps(session: Session) -> bool:
    return session.count > 0


class Action(NamedTuple):
    """Something the user can do.

    `run` gets the screen and the count that was typed, None without one. `give` gets the words
    that follow the name on the command line, for actions that otherwise ask for them, and with
    `expression` they are one. `hint`: its place in the line of key hints, 0 for none.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    run: Run
    when: When = always
    hint: int = 0
    give: Give | None = None
    expression: bool = False

    @property
    def key(self) -> str:
        """Its first key, as it is written on a keyboard."""
        return shown_key(self.keys[0]) if self.keys else ""


ACTIONS: dict[str, Action] = {}
KEYS: dict[str, str] = {}
"""The action that each key stands for."""
_OWN_KEYS: dict[str, tuple[str, ...]] = {}
GROUPS = ("Move", "Jump", "Search", "Ask", "View", "Fork", "Tape")


def action(
    *keys: str,
    label: str,
    help: str,
    group: str,
    when: When = with_steps,
    hint: int = 0,
    give: Give | None = None,
    expression: bool = False,
) -> Callable[[Run], Run]:
    """Register a function as an action; its name is the action's id (`break_` is break)."""

    def register(run: Run) -> Run:
        name = run.__name__.rstrip("_")
        ACTIONS[name] = Action(name, keys, label, help, group, run, when, hint, give, expression)
        _OWN_KEYS[name] = keys
        KEYS.update(dict.fromkeys(keys, name))
        return run

    return register


def rekey(keymap: Mapping[str, tuple[str, ...]]) -> None:
    """Give some actions keys of the user's choice; the others have their own, less those that
    were given away."""
    given = {key for keys in keymap.values() for key in keys}
    for name, one in ACTIONS.items():
        own = tuple(key for key in _OWN_KEYS[name] if key not in given)
        ACTIONS[name] = one._replace(keys=keymap.get(name, own))
    KEYS.clear()
    KEYS.update((key, name) for name, one in ACTIONS.items() for key in one.keys)


def hints(session: Session) -> list[tuple[str, str]]:
    """Keys and labels for the line of hints, the most wanted first."""
    chosen = sorted((one for one in ACTIONS.values() if one.hint), key=lambda one: one.hint)
    return [(one.key, one.label) for one in chosen if one.when(session)]


def by_group() -> dict[str, list[Action]]:
    groups: dict[str, list[Action]] = {name: [] for name in GROUPS}
    for one in ACTIONS.values():
        groups.setdefault(one.group, []).append(one)
    return {name: found for name, found in groups.items() if found}


def named(word: str) -> Action | None:
    """The action of that name, or the only one that begins so."""
    wanted = word.replace("-", "_")
    if wanted in ACTIONS:
        return ACTIONS[wanted]
    found = [one for one in ACTIONS.values() if one.id.startswith(wanted)]
    return found[0] if wanted and len(found) == 1 else None


KEY_NAMES = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "apostrophe": "'",
    "comma": ",",
    "backslash": "\\",
    "ampersand": "&",
    "asterisk": "*",
    "number_sign": "#",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "full_stop": ".",
    "plus": "+",
    "minus": "-",
    "escape": "Esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "space": "Space",
}


def pressed_key(shown: str) -> str:
    """The key that a hint names; of several, "j/k", the first."""
    first = shown.partition("/")[0] or shown
    named = {words: key for key, words in KEY_NAMES.items()}
    return named.get(first) or (first if len(first) == 1 else first.lower().replace("-", "+"))


def shown_key(key: str) -> str:
    """A key as it is written on a keyboard: Ctrl-O, Tab, }."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    modifier, plus, rest = key.partition("+")
    return f"{modifier.capitalize()}-{rest.upper()}" if plus and rest else key
