"""The user's code that a run was made of.

Each file is noted once, by hash, so that a replay can say what changed since; its text follows
when the run ends, once every credential that it may spell out is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import CodeType, FrameType

from ..tape.hashing import sha256
from . import addresses
from .inputs import contents
from .session import Session

LONGEST_TEXT = 256 * 1024
CLOCK = "datetime64"
NOW = ("now", "today")
VERBS = r"\s*(?:select|insert|update|delete|replace|create|alter|with)\s"
QUOTED = rf"(?i)[\"']{VERBS}".encode()
DRAWN = (
    r"(?i)\b(?:random|rand|randomblob|gen_random_uuid|uuid|now|getdate|sysdate|julianday)\s*\(\s*\)"
    r"|\brandomblob\s*\(|\bcurrent_(?:timestamp|date|time)\b"
    r"|\b(?:datetime|date|time|julianday|unixepoch|strftime)\s*\([^()]*'now'"
)
"""What a database draws itself."""

_texts: dict[str, str] = {}


def executes(session: Session, code: object, frame: FrameType | None) -> None:
    """Code that is about to be executed, of a module or of a text, by `frame`.

    A text that a library executes is as a rule its own, such as a method that it makes up.
    """
    if isinstance(code, CodeType) and _users(session, code.co_filename):
        if not code.co_filename.startswith("<") or session.callers.user(frame):
            _name(session, code)
        _file(session, code.co_filename)


def runs(session: Session, name: str) -> None:
    """The file that Python was started with."""
    if _users(session, name):
        _spelled(session, _file(session, name), name)


def runs_text(session: Session, text: str) -> None:
    """The text that Python was started with."""
    _spelled(session, text.encode("utf-8", "replace"), "<string>")


def _spelled(session: Session, text: bytes, name: str) -> None:
    """Name what a program asks for that no seam can hold; it is known by its text."""
    if addresses.SPELLED.search(text) or CLOCK.encode() in text or re.search(QUOTED, text):
        try:
            _name(session, compile(text, name, "exec", dont_inherit=True))
        except (SyntaxError, ValueError):
            return


def _name(session: Session, code: CodeType) -> None:
    addresses.asked(session, code)
    for inner in addresses.all_of(code):
        if CLOCK in inner.co_names:
            _name_clock(session, inner)
        texts = (one for one in inner.co_consts if isinstance(one, str))
        if any(_drawn_in(text) for text in texts):
            _name_sql(session, inner)


def _name_clock(session: Session, code: CodeType) -> None:
    """numpy.datetime64("now"), which is C code that can be no other's."""
    for line, value in _constants(code):
        if value in NOW:
            site = f"{session.callers.shown(code.co_filename)}:{line} in {code.co_name}"
            what = f"numpy.{CLOCK}({value!r})"
            session.note("source", {"what": what, "site": [site]}, once=(what, site))


def _name_sql(session: Session, code: CodeType) -> None:
    """What a database is asked to draw, in an SQL text of the user's."""
    for line, value in _constants(code):
        found = _drawn_in(value)
        if found:
            site = f"{session.callers.shown(code.co_filename)}:{line} in {code.co_name}"
            what = f"{found[0]} in SQL, which the database draws"
            session.note("source", {"what": what, "site": [site]}, once=(what, site))


def _drawn_in(text: str) -> re.Match[str] | None:
    return re.search(DRAWN, text) if re.match(VERBS, text, re.I) else None


def _constants(code: CodeType) -> Iterator[tuple[int, str]]:
    """The texts that code uses, each with its line."""
    import dis

    line, starts = code.co_firstlineno, dict(dis.findlinestarts(code))
    for step in dis.get_instructions(code):
        line = starts.get(step.offset) or line
        if step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            yield line, step.argval


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
