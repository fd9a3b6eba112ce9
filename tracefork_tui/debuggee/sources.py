"""The user's code that a run was made of.

Each file is noted once, by hash, so that a replay can say what changed since; its text follows
when the run ends, once every credential that it may spell out is known.
"""

from __future__ import annotations

from hashlib import sha256

from .inputs import contents
from .session import Session

LONGEST_TEXT = 256 * 1024

_texts: dict[str, str] = {}


def code(session: Session, name: str) -> None:
    """A file of the user's that is about to be executed."""
    if not name.endswith(".py") or not session.callers.user_file(name):
        return
    data = contents(name, LONGEST_TEXT)
    if data is not None:
        shown = session.callers.shown(name)
        _texts[shown] = data.decode("utf-8", "replace")
        session.note("code", {"what": shown, "sha256": sha256(data).hexdigest()}, once=name)


def texts(session: Session) -> None:
    """The text of the code that was executed."""
    for shown, text in _texts.items():
        session.note("code text", {"what": shown, "text": text}, once=shown)
