"""What a run was made of besides its draws: the user's code, and the files that it read.

Each is noted once, by hash, so that a replay can say what changed since; the text of code follows
when the run ends, once every credential that it may spell out is known.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import Any

from .session import Session

CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
ELSEWHERE = ("/dev/", "/proc/", "/sys/")
LONGEST_TEXT = 256 * 1024
LONGEST_INPUT = 64 * 1024 * 1024


_texts: dict[str, str] = {}


def code(session: Session, name: str) -> None:
    """A file of the user's that is about to be executed."""
    if not name.endswith(".py") or not session.callers.user_file(name):
        return
    data = _read(name, LONGEST_TEXT)
    if data is not None:
        shown = session.callers.shown(name)
        _texts[shown] = data.decode("utf-8", "replace")
        session.note("code", {"what": shown, "sha256": sha256(data).hexdigest()}, once=name)


def texts(session: Session) -> None:
    """The text of the code that was executed."""
    for shown, text in _texts.items():
        session.note("code text", {"what": shown, "text": text}, once=shown)


def read(session: Session, path: Any, site: list[str]) -> None:
    """A file that the user's code opens to read."""
    if not site or not isinstance(path, (str, bytes)):
        return
    name = os.path.abspath(os.fsdecode(path))
    if name.endswith(CODE) or name.startswith((*ELSEWHERE, sys.prefix, sys.base_prefix)):
        return
    data = _read(name, LONGEST_INPUT)
    if data is not None:
        digest = sha256(data).hexdigest()
        what = {"what": session.callers.shown(name), "sha256": digest, "size": len(data)}
        session.note("input", {**what, "site": site}, once=(name, digest))


def _read(name: str, longest: int) -> bytes | None:
    """The file's bytes; None for what is no readable file or longer than `longest`."""
    try:
        if not os.path.isfile(name) or os.path.getsize(name) > longest:
            return None
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return None
