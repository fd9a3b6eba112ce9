"""The border between a tape and the screen: text that was recorded is made harmless here.

`plain` maps every character that a terminal obeys, or that hides or reorders what is read, to one
visible character, so that offsets stay as they were. `ControlFilter` is the second line of
defence: it deletes control characters from whatever is about to be drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.app import App
    from textual.color import Color
    from textual.notifications import SeverityLevel

TAB = 4

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = "\u00ad\u180e\u200b\u2028\u2029\u2060\u2061\u2062\u2063\u2064\ufeff\ufff9\ufffa\ufffb"
_MARK_BIDI = "⇄"
_MARK_UNSEEN = "␣"
_MARK_C1 = "␦"
_MARK_BROKEN = "�"

_HIDDEN = "\x7f-\x9f" + _BIDI + _UNSEEN + "\ud800-\udfff\U000e0000-\U000e007f"
_HARMFUL = re.compile(f"[\x00-\x1f{_HIDDEN}]")
_HARMFUL_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{_HIDDEN}]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def plain(value: object) -> str:
    """Text on one line that does nothing but be read; of the same length as `str(value)`."""
    text = value if isinstance(value, str) else str(value)
    return _HARMFUL.sub(_picture, text)


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each harmless, tabs expanded."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if "\t" in text:
        lines = [line.expandtabs(TAB) if "\t" in line else line for line in lines]
    if _HARMFUL_IN_LINES.search(text):
        lines = [_HARMFUL.sub(_picture, line) for line in lines]
    return lines


def is_plain(text: str) -> bool:
    """True if a text of several lines has nothing in it that `plain_lines` would replace."""
    return not _HARMFUL_IN_LINES.search(text)


def escaped(text: str) -> str:
    """JSON text with every character that is not harmless in an escape of JSON's own."""
    return _HARMFUL_IN_LINES.sub(_escape, text)


def short(value: object, most: int) -> str:
    """The beginning of a value on one harmless line, at most `most` characters."""
    text = value if isinstance(value, str) else str(value)
    line = plain(" ".join(text[: most * 4].split()))
    return line if len(line) <= most else line[: max(0, most - 1)].rstrip() + "…"


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _picture(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0xA0:
        return _MARK_C1
    if character in _BIDI:
        return _MARK_BIDI
    return _MARK_BROKEN if 0xD800 <= code <= 0xDFFF else _MARK_UNSEEN


def notify_plain(
    app: App[Any], message: object, title: str = "", severity: SeverityLevel = "information"
) -> None:
    """A notification whose text is never read as markup and never reaches the terminal raw."""
    lines = "\n".join(plain_lines(str(message)))
    app.notify(lines, title=plain(title), severity=severity, markup=False)


class ControlFilter(LineFilter):
    """Deletes the control characters that are left in what is about to be drawn, and applies
    other filters in the same pass."""

    def __init__(self, others: Sequence[LineFilter] = ()) -> None:
        super().__init__()
        self.others = list(others)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        for other in self.others:
            segments = other.apply(segments, background)
        if not any(_CONTROL.search(text) for text, _, control in segments if not control):
            return segments
        return [
            segment if control else Segment(_CONTROL.sub("", text), style)
            for segment in segments
            for text, style, control in (segment,)
        ]
