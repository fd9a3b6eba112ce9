"""The user's code that a run was made of.

Each file is noted once, by hash, so that a replay can say what changed since; its text follows
when the run ends, once every credential that it may spell out is known.
"""

from __future__ import annotations

from hashlib import sha256
from types import CodeType, FrameType

from . import addresses
from .inputs import contents
from .session import Session

LONGEST_TEXT = 256 * 1024

_texts: dict[str, str] = {}


def executes(session: Session, code: object, frame: FrameType | None) -> None:
    """Code that is about to be executed, of a module or of a text, by `frame`.

    A text that a library executes is as a rule its own, such as a method that it makes up.
    """
    if isinstance(code, CodeType) and _users(session, code.co_filename):
        if not code.co_filename.startswith("<") or session.callers.user(frame):
            addresses.asked(session, code)
        _file(session, code.co_filename)


def runs(session: Session, name: str) -> None:
    """The file that Python was started with."""
    if _users(session, name):
        addresses.asked_by(session, _file(session, name), name)


def runs_text(session: Session, text: str) -> None:
    """The text that Python was started with."""
    addresses.asked_by(session, text.encode("utf-8", "replace"), "<string>")


def _users(session: Session, name: str) -> bool:
    """A console script is not asked about: before it ran it is not known whose it is."""
    return name.endswith((".py", ">")) and session.callers.user_file(name)


def _file(session: Session, name: str) -> bytes:
    """Note the file of the user's that code is from; gives its text."""
    data = contents(name, LONGEST_TEXT) if name.endswith(".py") else None
    if data is None:
        return b""
    shown = session.callers.shown(name)
    _texts[shown] = data.decode("utf-8", "replace")
    session.note("code", {"what": shown, "sha256": sha256(data).hexdigest()}, once=name)
    return data


def texts(session: Session) -> None:
    """The text of the code that was executed."""
    for shown, text in _texts.items():
        session.note("code text", {"what": shown, "text": text}, once=shown)
