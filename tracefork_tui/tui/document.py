"""What a line view shows: harmless lines, each of a kind that decides its colours."""

from __future__ import annotations

from enum import IntEnum

from .text import plain, plain_lines


class Kind(IntEnum):
    """What a line is. The view colours by it; the words on the line carry the meaning."""

    TEXT = 0
    PROSE = 1
    JSON = 2
    DIM = 3
    HEADING = 4
    SYSTEM = 5
    USER = 6
    ASSISTANT = 7
    THINKING = 8
    CALL = 9
    RESULT = 10
    ERROR = 11
    NEW = 12
    FIELD = 13
    VALUE = 14
    GONE = 15


class Document:
    """Lines to show. `fresh`: the first line that is new in this step; the view starts there.

    `wrap`: whether long lines are wrapped unless the user says otherwise.
    """

    def __init__(self, wrap: bool = True) -> None:
        self.lines: list[str] = []
        self.kinds = bytearray()
        self.fresh = 0
        self.wrap = wrap

    def add(self, text: object, kind: Kind = Kind.TEXT, indent: int = 0) -> None:
        """Recorded text, of any number of lines."""
        lines = plain_lines(text if isinstance(text, str) else str(text))
        if indent:
            margin = " " * indent
            lines = [margin + line for line in lines]
        self.lines += lines
        self.kinds += bytes((kind,)) * len(lines)

    def line(self, text: str, kind: Kind = Kind.TEXT) -> None:
        """One line, whatever is in it."""
        self.lines.append(plain(text))
        self.kinds.append(kind)

    def field(self, name: str, value: object) -> None:
        """A name and a value, aligned with other fields."""
        self.line(f"{name:<12} {value if isinstance(value, str) else str(value)}", Kind.FIELD)

    def heading(self, text: str) -> None:
        """A heading, with an empty line before it."""
        if self.lines:
            self.line("")
        self.line(text, Kind.HEADING)

    def mark_fresh(self) -> None:
        """What is added from here on is new in this step."""
        self.fresh = len(self.lines)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def find(self, needle: str, start: tuple[int, int], way: int = 1) -> tuple[int, int] | None:
        """The (line, column) of the next match after (way 1) or before (way -1) a place."""
        fold = not any(map(str.isupper, needle))
        line, column = start
        while 0 <= line < len(self.lines):
            text = self.lines[line].lower() if fold else self.lines[line]
            if way > 0:
                found = text.find(needle, column + 1 if column >= 0 else 0)
            else:
                end = len(text) + len(needle) if column < 0 else column + len(needle) - 1
                found = text.rfind(needle, 0, max(0, end))
            if found >= 0:
                return line, found
            line, column = line + way, -1
        return None


def matches(text: str, needle: str) -> list[tuple[int, int]]:
    """Where `needle` is in a line: (start, end), ignoring case unless it has a capital."""
    if not needle:
        return []
    if not any(map(str.isupper, needle)):
        text = text.lower()
    found: list[tuple[int, int]] = []
    at = text.find(needle)
    while at >= 0:
        found.append((at, at + len(needle)))
        at = text.find(needle, at + len(needle))
    return found
