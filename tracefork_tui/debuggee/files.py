"""What an audit event says of a file: what is done to which, and whether it comes to be by that."""

from __future__ import annotations

import os
from types import FrameType
from typing import Any, NamedTuple, Optional

from .callers import ours

CACHE = "__pycache__"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NO_FOLDER = -1
DATABASE = "database"


class Way(NamedTuple):
    """A verb, and where among an event's arguments the path and the folder that it is in are."""

    verb: str
    path: int = 0
    folder: Optional[int] = None  # noqa: UP045


EVENTS = {
    "os.remove": Way("removes", 0, 1),
    "os.rename": Way("renames", 0, 2),
    "os.mkdir": Way("makes", 0, 2),
    "os.rmdir": Way("removes", 0, 1),
    "shutil.rmtree": Way("removes"),
    "os.link": Way("links", 1, 3),
    "os.symlink": Way("links", 1, 2),
    "os.truncate": Way("cuts"),
    "os.chmod": Way("changes the mode of", 0, 2),
    "os.chown": Way("changes the owner of", 0, 3),
    "os.utime": Way("sets the times of", 0, 3),
    "sqlite3.connect": Way(DATABASE),
    "open": Way("writes"),
}
ENDING = ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree")
LINKS = ("os.remove", "os.rename", "os.link", "os.symlink")
"""What is done to a link itself, not to what it leads to."""
MAKING = ("os.mkdir", "os.link", "os.symlink", "sqlite3.connect", "open")
ABOUT = ("os.chmod", "os.chown", "os.utime")


class Touch(NamedTuple):
    """`path`: what is touched, as a real path; `made`: what comes to be, that was not there, or "".

    `verb`: "" where it comes to nothing, as that is `there` already. `written`: what is of this run
    from then on: nothing where only what is said of a file changes, or another name is given it.
    """

    verb: str
    path: str
    made: str
    written: tuple[str, ...]
    there: bool


def touch(event: str, args: Any) -> Touch | None:
    """What an event that is about to happen does; None where it does nothing.

    Of "open" only those that write: see `for_writing`.
    """
    way = EVENTS[event]
    given = _place(args[way.path], args[way.folder] if way.folder is not None else NO_FOLDER)
    if not given or CACHE in given or ":memory:" in given:
        return None
    path = _itself(given) if event in LINKS else os.path.realpath(given)
    there = os.path.lexists(path)
    if event in ENDING and not there:
        return None
    if event == "os.mkdir" and there:
        return Touch("", path, "", (), there)
    if event == "os.rename":
        new = _place(args[1], args[3])
        made = "" if os.path.lexists(new) else _itself(new)
        return Touch(way.verb, path, made, (given, path, new, _itself(new)), False)
    made = path if event in MAKING and not there else ""
    written = () if event in (*ABOUT, "os.link", "os.symlink") else (given, path)
    return Touch(way.verb, path, made, written, there and event in MAKING)


def for_writing(args: Any) -> bool:
    """True for an "open" by which a file may be written."""
    path, mode, flags = args
    if not isinstance(path, (str, bytes)) or os.fsdecode(path).startswith("/dev/"):
        return False
    if os.path.isdir(path):  # the folder of a file without a name
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & WRITES)


def of_a_whole(frame: FrameType | None) -> bool:
    """True for a part of what is told already, or leaves nothing: shutil removes what is in a
    folder, tempfile tries where it can write to.
    """
    while frame is not None and ours(frame.f_code.co_filename):
        frame = frame.f_back
    name = frame.f_code.co_name if frame is not None else ""
    return name == "_get_default_tempdir" or name.startswith("_rmtree")


def _itself(path: str) -> str:
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _place(path: Any, folder: Any) -> str:
    """A path, that of a file in an open folder too; "" for what is none, as a descriptor."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if not isinstance(path, (str, bytes)):
        return ""
    name = os.fsdecode(path)
    if not isinstance(folder, int) or folder == NO_FOLDER or os.path.isabs(name):
        return name
    try:
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
    except OSError:
        return name
