"""What is in a folder, and in which order: the tape's on replay, where a command that a replay does
not run may have put it there.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .files import of_a_whole
from .session import Session
from .standin import stand_in

if TYPE_CHECKING:
    from .machine import Machine

FOLDER = "/"
"""Behind the name of a folder, in a draw of `os.scandir`."""


def install(session: Session, machine: Machine) -> None:
    list_real, scan_real = os.listdir, os.scandir

    def listdir(path: Any = None) -> Any:
        given = () if path is None else (path,)
        frame = machine.asked(sys._getframe(1))
        if frame is None or isinstance(path, bytes):
            return list_real(*given)
        with _of(path):
            return session.draw("os.listdir", "names", lambda: list_real(*given), frame)

    def scandir(path: Any = None) -> Any:
        given = () if path is None else (path,)
        frame = machine.asked(sys._getframe(1))
        if frame is None or isinstance(path, bytes) or of_a_whole(sys._getframe(1)):
            return scan_real(*given)
        read: list[dict[str, Any]] = []

        def entries() -> dict[str, Any]:
            with scan_real(*given) as found:
                read.append({entry.name: entry for entry in found})
            return read[0]

        def names() -> list[str]:
            return [name + FOLDER * entry.is_dir() for name, entry in entries().items()]

        with _of(path):
            told = session.draw("os.scandir", "names", names, frame)
        try:
            there = read[0] if read else session.aside(entries, (), {})
        except OSError:
            there = {}
        place = "" if isinstance(path, int) else os.fspath(path or ".")
        return Scanned([there.get(name.rstrip(FOLDER)) or Gone(place, name) for name in told])

    for real, new in ((list_real, listdir), (scan_real, scandir)):
        setattr(os, real.__name__, stand_in(new, real))


@contextlib.contextmanager
def _of(path: Any) -> Iterator[None]:
    """An error from the tape is about the path that was asked for."""
    try:
        yield
    except OSError as error:
        if path is None or error.filename is not None or not error.errno:
            raise
        failed: OSError = type(error)(error.errno, os.strerror(error.errno), path)
        raise failed from None


class Scanned:
    """What os.scandir gives, over entries that were read already."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Scanned:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


class Gone:
    """An os.DirEntry of what was there when the run was recorded."""

    def __init__(self, folder: str, told: str) -> None:
        self.name = told.rstrip(FOLDER)
        self.path = os.path.join(folder, self.name)
        self._folder = told.endswith(FOLDER)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._folder

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return not self._folder

    def is_symlink(self) -> bool:
        return False

    def is_junction(self) -> bool:
        return False

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path, follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        return self.stat().st_ino

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"
