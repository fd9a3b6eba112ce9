"""Files that the agent reads: hashed, or kept; where a replay finds another, it is given the kept.

What the agent wrote itself in this run is no input.
"""

from __future__ import annotations

import builtins
import io
import os
import stat
import sys
from types import FrameType
from typing import Any

from ..tape.credentials import of_settings
from ..tape.hashing import sha256
from .callers import PACKAGES
from .session import Session
from .standin import stand_in

KEPT = "input data"
SERVED = "served"
GONE = "gone"
LOOKED_UP = "looked up"
MOST_LOOKED_UP = 1000
PLACE = 12
LONGEST_INPUT = 64 * 1024 * 1024
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ELSEWHERE = ("/dev/", "/proc/", "/sys/")
SETTINGS = ".env"
CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")

Kept = dict[str, dict[str, Any]]
"""What was kept, by the name that is shown and the place."""


class Inputs:
    """What was read so far. `keep`: the bytes of files up to this size go on the tape."""

    def __init__(self, session: Session, keep: int = 0) -> None:
        self._session = session
        self._keep = keep
        self._written: set[str] = set()
        self._served: dict[str, bytes] = {}
        self._looked_up: set[str] = set()

    def wrote_itself(self, path: Any) -> bool:
        return absolute(path) in self._written

    def looked_up(self, path: Any, found: os.stat_result | None, frame: FrameType) -> None:
        """The user's code asks whether this file is there, or what it is like."""
        name = absolute(path)
        known = name in self._looked_up or len(self._looked_up) >= MOST_LOOKED_UP
        if known or not name or name in self._written or name in self._served or _aside(name):
            return
        self._looked_up.add(name)
        callers = self._session.callers
        what = {"what": callers.shown(name), "there": found is not None}
        if found is not None and stat.S_ISREG(found.st_mode):
            what["mtime_ns"] = found.st_mtime_ns
        self._session.note(LOOKED_UP, {**what, "site": callers.site(frame)})

    def wrote(self, path: Any) -> None:
        """The agent writes this file itself."""
        name = absolute(path)
        if name:
            self._written.add(name)

    def read(self, path: Any, site: list[str], database: bool = False) -> None:
        """The user's code opens a file to read; one that is a `database`, to write to as well."""
        name = absolute(path)
        if not site or not name or name in self._written or name in self._served or _aside(name):
            return
        session, shown = self._session, self._session.callers.shown(name)
        data = contents(name, LONGEST_INPUT)
        if data is None:
            if not os.path.exists(name):
                session.note(GONE, {"what": shown, "site": site}, once=name)
            return
        if os.path.basename(name).startswith(SETTINGS) or name.endswith(SETTINGS):
            session.redactor.learn(of_settings(data))
        digest = sha256(data).hexdigest()
        what = {"what": shown, "sha256": digest, "size": len(data)}
        session.note("input", {**what, "site": site}, once=(name, digest))
        if 0 < self._keep >= len(data):
            clean = session.redactor.data(data)
            kept: dict[str, Any] = {"data": clean} if clean == data else {"redacted": True}
            kept |= {"database": True} if database else {}
            kept["place"] = self._place(name)
            session.note(KEPT, {"what": shown, "sha256": digest, **kept}, once=(name, digest))

    # Served

    def serve(self, parent: Any) -> None:
        """Have the files that the tape kept opened as they were, where they are not so any more."""
        kept: Kept = {}
        for note in parent.notes:
            if note.kind == KEPT and "data" in note.data:
                places = kept.setdefault(str(note.data["what"]), {})
                places.setdefault(str(note.data.get("place") or ""), note.data)
        if kept:
            self._patch_open(kept)

    def _patch_open(self, kept: Kept) -> None:
        namespace: Any = builtins
        real, real_os = namespace.open, os.open

        def descriptor(name: str) -> int:
            number = os.memfd_create("tracefork-input", getattr(os, "MFD_CLOEXEC", 1))
            os.write(number, self._served[name])
            os.lseek(number, 0, os.SEEK_SET)
            return number

        def open(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
            plain = len(args) < 6 and "opener" not in kwargs
            reads = isinstance(mode, str) and not any(letter in mode for letter in "wax+")
            name = self._to_serve(file, kept) if plain and reads else ""
            if not name:
                return real(file, mode, *args, **kwargs)
            return real(file, mode, *args, **kwargs, opener=lambda path, flags: descriptor(name))

        def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            plain = not flags & WRITES and kwargs.get("dir_fd") is None
            name = self._to_serve(path, kept) if plain else ""
            return descriptor(name) if name else real_os(path, flags, *args, **kwargs)

        namespace.open = io.open = stand_in(open, real)
        os.open = stand_in(os_open, real_os)

    def _to_serve(self, path: Any, kept: Kept) -> str:
        """The file's absolute name if the tape's bytes are to be opened in its place."""
        session = self._session
        if session.inside.value or session.detached:
            return ""
        name = absolute(path)
        if not name or name in self._written:
            return ""
        places = kept.get(session.callers.shown(name), {})
        alone = next(iter(places.values())) if len(places) == 1 else None
        data = places.get(self._place(name), alone)
        if data is None or not session.callers.site(sys._getframe(2)):
            return ""
        if name not in self._served:
            now = contents(name, LONGEST_INPUT)
            if now is not None and sha256(now).hexdigest() == data["sha256"]:
                return ""
            self._served[name] = data["data"]
            how = "is gone" if now is None else "changed since"
            what = {"what": data["what"], "sha256": data["sha256"], "how": how}
            session.note(SERVED, what, once=name)
        return name

    def _place(self, name: str) -> str:
        """What tells files outside of the working directory apart, which are shown by their name
        alone; a hash, as a tape tells nothing of a machine's folders.
        """
        outside = self._session.callers.outside_of_home(os.path.realpath(name))
        return sha256(os.fsencode(name)).hexdigest()[:PLACE] if outside else ""


def contents(name: str, longest: int) -> bytes | None:
    """The file's bytes; None for what is no readable file or longer than `longest`."""
    try:
        if not os.path.isfile(name) or os.path.getsize(name) > longest:
            return None
        with io.FileIO(name) as file:
            return file.readall()
    except OSError:
        return None


def absolute(path: Any) -> str:
    """The file's absolute name; "" for what can be no file's."""
    try:
        name = os.path.abspath(os.fsdecode(path))
    except (TypeError, ValueError):
        return ""
    return "" if "\0" in name else name


def _aside(name: str) -> bool:
    ours = (*ELSEWHERE, sys.prefix, sys.base_prefix)
    return name.endswith(CODE) or name.startswith(ours) or bool(PACKAGES.search(name))
