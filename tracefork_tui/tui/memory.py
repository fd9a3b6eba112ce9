"""What the debugger remembers from one session to the next: where the user stood on each tape, the
theme that was chosen, how often it was opened, the lines that were typed. Kept in
`state_folder()`, never in a tape."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from ..tape.reader import Tape

MOST = 500
MOST_LINES = 100
FILE = "sessions.json"


class Memory:
    """Values by name; a file that cannot be read is an empty one, and one that cannot be written
    is left alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        kept = self._read()
        self.theme = str(kept.get("theme") or "")
        opened = kept.get("opened")
        self.opened = opened if isinstance(opened, int) else 0
        self.typed = _lines(kept)
        """Lines by what they were for, the newest last."""
        self._fresh: dict[str, dict[str, Any]] = {}
        self._kept = _places(kept)

    def place(self, tape: Tape) -> int:
        """The step on which the user left that tape, 0 where that is not known."""
        kept = self._fresh.get(_key(tape)) or self._kept.get(_key(tape))
        if not kept or kept.get("started") != tape.header.get("started"):
            return 0
        step = kept.get("step")
        return step if isinstance(step, int) and 0 < step <= len(tape.index.first) else 0

    def leave(self, tape: Tape, step: int) -> None:
        """Remember where the user stands on a tape."""
        self._fresh[_key(tape)] = {"step": step, "started": tape.header.get("started")}

    def save(self) -> None:
        """Write what is new, beside what another session may have written meanwhile."""
        kept = self._read()
        places = _places(kept)
        for key, place in self._fresh.items():
            places.pop(key, None)
            places[key] = place
        typed = {
            name: _joined(older, self.typed.get(name, [])) for name, older in _lines(kept).items()
        }
        kept |= {"theme": self.theme, "opened": self.opened, "typed": self.typed | typed}
        kept["places"] = dict(list(places.items())[-MOST:])
        with contextlib.suppress(OSError, TypeError, ValueError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_name(f"{FILE}.{os.getpid()}")
            new.touch(0o600)
            new.write_text(json.dumps(kept))
            new.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError, RecursionError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _places(kept: dict[str, Any]) -> dict[str, dict[str, Any]]:
    places = kept.get("places")
    places = places if isinstance(places, dict) else {}
    return {key: place for key, place in places.items() if isinstance(place, dict)}


def _lines(kept: dict[str, Any]) -> dict[str, list[str]]:
    typed = kept.get("typed")
    found = typed.items() if isinstance(typed, dict) else ()
    return {name: [one for one in lines if isinstance(one, str) and one.isprintable()]
            for name, lines in found if isinstance(lines, list)}  # fmt: skip


def _joined(older: list[str], newer: list[str]) -> list[str]:
    """Both lists, the newer lines last, each line once."""
    return [*(line for line in older if line not in newer), *newer][-MOST_LINES:]


def _key(tape: Tape) -> str:
    return os.path.realpath(tape.path)
