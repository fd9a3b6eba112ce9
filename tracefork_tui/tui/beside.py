"""What the user has put beside a tape: marks, notes, breakpoints, watches. It is kept in a file
next to the tape, `run.msgpack.notes.json`, never in the tape, and is data as untrusted as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from .lens import Filter

SUFFIX = ".notes.json"
MOST_BYTES = 1 << 20
MOST = 1000
LONGEST = 2000


@dataclass
class Breakpoint:
    """Where the debugger stops: at `step`, or where the expression `when` is true.

    `hits`: the steps of which it is true, as far as they have been looked for.
    """

    step: int = 0
    when: str = ""
    enabled: bool = True
    hits: Filter | None = None


class Beside:
    """The file of one tape. What belongs to steps is dropped where the tape is another one than
    the file was made for: `foreign` is then True, and the file is set aside when it is written.
    """

    def __init__(self, tape: Tape) -> None:
        self.path = tape.path + SUFFIX
        self._made_for = identity(tape)
        self.foreign = False
        self.marks: dict[str, int] = {}
        self.notes: dict[int, str] = {}
        self.breakpoints: list[Breakpoint] = []
        self.watches: list[str] = []
        self._read()

    @property
    def break_steps(self) -> set[int]:
        """The steps with a breakpoint of their own that is on."""
        return {one.step for one in self.breakpoints if one.step and one.enabled}

    def save(self) -> None:
        """Write the file anew, as a whole or not at all. Raises OSError."""
        if self.foreign:
            os.replace(self.path, f"{self.path}.old")
            self.foreign = False
        temporary = f"{self.path}.{os.getpid()}.tmp"
        text = json.dumps(self._value(), ensure_ascii=False, indent=1) + "\n"
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                      encoding="utf-8", errors="surrogatepass") as file:  # fmt: skip
                file.write(text)
            os.replace(temporary, self.path)
        except OSError:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise

    def _value(self) -> dict[str, Any]:
        return {
            "tape": self._made_for,
            "marks": self.marks,
            "notes": {str(n): self.notes[n] for n in sorted(self.notes)},
            "breakpoints": [
                ({"when": one.when} if one.when else {"step": one.step}) | {"enabled": one.enabled}
                for one in self.breakpoints
            ],
            "watches": self.watches,
        }

    def _read(self) -> None:
        try:
            with open(self.path, "rb") as file:
                value = json.loads(file.read(MOST_BYTES))
        except OSError:
            return
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            self.foreign = True
            return
        self.foreign = value.get("tape") != self._made_for
        for one in _items(value.get("breakpoints")):
            if isinstance(one, dict):
                self._take_breakpoint(one)
        self.watches = list(dict.fromkeys(filter(_is_line, _items(value.get("watches")))))
        if self.foreign:
            return
        for key, step in _pairs(value.get("marks")):
            if len(key) == 1 and _is_step(step):
                self.marks[key] = step
        for key, text in _pairs(value.get("notes")):
            if key.isdecimal() and len(key) < 10 and _is_line(text):
                self.notes[int(key)] = text

    def _take_breakpoint(self, one: dict[str, Any]) -> None:
        when, step, enabled = one.get("when"), one.get("step"), one.get("enabled") is not False
        if _is_line(when):
            self.breakpoints.append(Breakpoint(when=str(when), enabled=enabled))
        elif _is_step(step) and not self.foreign:
            self.breakpoints.append(Breakpoint(int(step or 0), enabled=enabled))


def identity(tape: Tape) -> str:
    """What tells one recording from another of the same name: a digest of its header."""
    return hashlib.sha256(repr(tape.header).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _items(value: Any) -> list[Any]:
    return value[:MOST] if isinstance(value, list) else []


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(value.items())[:MOST] if isinstance(value, dict) else []


def _is_step(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and "\n" not in value
