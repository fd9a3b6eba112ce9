"""The user's own settings: `$XDG_CONFIG_HOME/tracefork-tui/config.toml`.

    theme = "contrast"          # dark, light, contrast, plain, or a theme of Textual's

    [keys]                      # an action's name, as the help lists it, and its key or keys
    next-error = "ctrl+n"
    fork = ["f", "F5"]
    zoom = ""                   # no key

What cannot be used is told, and the rest is used.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .actions import ACTIONS, KEY_NAMES, shown_key

_MODIFIERS = re.compile(r"(?:(?:ctrl|alt|shift|super|meta)\+)*", re.IGNORECASE)
FORMS = {"theme": 'write theme = "light"', "keys": 'write [keys], then next-error = "ctrl+n"'}
FREE = "digits are counts: they take no action"


@dataclass
class Config:
    """Settings; empty where the user has none. `mistakes`: one line each, without the file."""

    path: str = ""
    theme: str = ""
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    @property
    def mistake(self) -> str:
        """What is wrong in the file, in a line; "" where nothing is."""
        if not self.mistakes:
            return ""
        more = f" (and {len(self.mistakes) - 1} more)" if len(self.mistakes) > 1 else ""
        return f"{os.path.basename(self.path)}: {self.mistakes[0]}{more}"


def config_path() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "tracefork-tui" / "config.toml"


def load(path: Path) -> Config:
    """The settings in a file; none where there is no file."""
    config = Config(str(path))
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return config
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        config.mistakes.append(f"cannot be read: {reason}")
        return config
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        config.mistakes.append(f"not TOML: {error}; nothing in it is used")
        return config
    _take(config, document)
    return config


def _take(config: Config, document: dict[str, Any]) -> None:
    for name, value in document.items():
        if name == "theme" and isinstance(value, str):
            config.theme = value
        elif name == "keys" and isinstance(value, dict):
            for action, keys in value.items():
                _take_keys(config, action, keys)
        elif name in ("theme", "keys"):
            config.mistakes.append(f"{name} is not as it should be: {FORMS[name]}")
        else:
            config.mistakes.append(f"{name}: there is theme, and [keys]")


def _take_keys(config: Config, name: str, value: Any) -> None:
    action = name.replace("-", "_")
    if action not in ACTIONS:
        close = get_close_matches(action, ACTIONS, 1)
        hint = f"did you mean {close[0].replace('_', '-')}?" if close else "the help lists them"
        config.mistakes.append(f"no action {name}: {hint}")
        return
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        config.mistakes.append(f"{name}: a key is a text, keys are a list of texts")
        return
    keys = []
    for word in filter(None, words):
        problem = _problem(config, action, word)
        if problem:
            config.mistakes.append(f"{name} = {word!r}: {problem}")
        else:
            keys.append(key_of(word))
    if keys or not any(words):
        config.keys[action] = tuple(keys)


def _problem(config: Config, action: str, word: str) -> str:
    key = key_of(word)
    if len(word) == 1 and word.isdecimal():
        return FREE
    if not _is_key(word):
        return "no such key; write ctrl+n, alt+x, f5, tab, space, } or G"
    other = next((one for one, keys in config.keys.items() if key in keys and one != action), None)
    if other:
        return f"{shown_key(key)} is taken by {other.replace('_', '-')}"
    return ""


def _is_key(word: str) -> bool:
    from textual.keys import Keys

    last = word[len(_MODIFIERS.match(word)[0]) :]  # type: ignore[index]  # it matches anything
    names = {one.value for one in Keys} | set(KEY_NAMES)
    return (len(last) == 1 and last.isprintable()) or last.lower() in names


def key_of(word: str) -> str:
    """A key as the screen names it: `}` is right_curly_bracket, Ctrl+N is ctrl+n."""
    from textual.keys import _character_to_key

    if len(word) == 1:
        return _character_to_key(word)
    *modifiers, last = word.split("+") if not word.endswith("+") else [*word[:-2].split("+"), "+"]
    last = _character_to_key(last) if len(last) == 1 and not last.isalpha() else last.lower()
    return "+".join([*(one.lower() for one in modifiers), last])
