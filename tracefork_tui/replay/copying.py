"""A run in a copy of the working directory, so that what it writes and removes is the copy's."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .boundary import made, of_family
from .environment import home_of

KEPT = "input data"
BESIDE = ("-journal", "-shm", "-wal")
"""Behind the name of a database: files of what was written to it last."""
LEFT_OUT = (".git", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".mypy_cache")
TOUCHING = {"file": "", "database": "opens the database ", "subprocess": "runs ", "fork": "calls "}


@contextlib.contextmanager
def copied_home(tape: Tape) -> Iterator[str]:
    """A copy of the tape's working directory, without what can be made again and without what the
    recorded run made, as a replay does that; gone at the end.

    Raises TapeError where it cannot be copied.
    """
    home = home_of(tape.path, str(tape.header.get("cwd", ".")))
    new, usual = made(tape), shutil.ignore_patterns(*LEFT_OUT, "*.sock")

    def ignored(folder: str, names: list[str]) -> set[str]:
        paths = {name: os.path.relpath(os.path.join(folder, name), home) for name in names}
        return usual(folder, names) | {name for name in names if _all_new(home, paths[name], new)}

    with tempfile.TemporaryDirectory(prefix="tracefork-copy-") as folder:
        copy = os.path.join(folder, os.path.basename(home) or "home")
        try:
            shutil.copytree(home, copy, symlinks=True, ignore=ignored)
        except (OSError, shutil.Error) as error:
            raise TapeError(f"{home}: cannot be copied: {error}") from None
        _restore(tape, copy)
        yield copy


def _restore(tape: Tape, copy: str) -> None:
    """Databases that the tape kept are in the copy as they were; other files are served."""
    for note in tape.notes:
        if note.kind == KEPT and note.data.get("database") and "data" in note.data:
            place = os.path.realpath(os.path.join(copy, str(note.data["what"])))
            if place.startswith(os.path.join(os.path.realpath(copy), "")) and os.path.isfile(place):
                Path(place).write_bytes(note.data["data"])
                for ending in BESIDE:
                    Path(place + ending).unlink(missing_ok=True)


def _all_new(home: str, path: str, new: set[str]) -> bool:
    """True for what the run made, a folder only with all that is in it."""
    place = os.path.join(home, path)
    if path not in new or os.path.islink(place) or not os.path.isdir(place):
        return path in new
    return all(_all_new(home, os.path.join(path, name), new) for name in os.listdir(place))


def touches(tape: Tape, copied: bool = False) -> list[str]:
    """What the recorded run changed outside of itself, and a replay would change again.

    `copied`: even in a copy of its working directory.
    """
    found = []
    for effect in of_family(tape):
        if effect.again and (effect.outside or not copied):
            what = effect.what.removeprefix("database ")
            verb = TOUCHING["database" if what != effect.what else effect.kind]
            found.append(f"{verb}{what}{f'  ({effect.site[0]})' if effect.site else ''}")
    return found
