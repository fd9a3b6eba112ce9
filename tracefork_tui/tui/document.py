"""What a line view shows: harmless lines, each of a kind that decides its colours; sections of
them fold, and the lines of a fold that was never open need not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TypeVar

from .text import plain, plain_lines

T = TypeVar("T")
Span = tuple[int, int, str]
"""Start, end, and the name of a colour."""

MOST_OPEN = 200_000
"""As many lines as `open_all` stops at."""


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


class Fold:
    """A line and the lines below it that can be put away.

    `size`: how many of them are in the document, 0 while it is closed. `other`: what the line
    says in its other state. `make` gives the lines when they are first wanted; `holds` tells
    whether a text may be among them without making them. `twice`: they only say in another way
    what the heading line says, and are no part of the document's text.
    """

    __slots__ = ("_holds", "_make", "about", "hidden", "other", "parent", "size", "twice")

    def __init__(
        self,
        parent: Fold | None = None,
        other: str = "",
        make: Callable[[Fold], Document] | None = None,
        holds: Callable[[str], bool] | None = None,
        twice: bool = False,
    ) -> None:
        self.parent = parent
        self.twice = twice
        self.about: object = None
        """What the lines are about, for whoever made them."""
        self.other = other
        self.size = 0
        self.hidden: Document | None = None
        self._make = make
        self._holds = holds

    @property
    def closed(self) -> bool:
        return self.hidden is not None or self._make is not None

    def inside(self) -> Document:
        """The lines that are put away."""
        if self._make is not None:
            self.hidden, self._make = self._make(self), None
        return self.hidden or Document()

    def holds(self, needle: str) -> bool:
        """Whether a text, in lower case unless it has a capital, may be in there."""
        if self._make is not None and self._holds is not None:
            return self._holds(needle)
        return self.inside().find(needle, (0, -1), look=True) is not None


class Document:
    """Lines to show. `fresh`: the first line that is new in this step; the view starts there.

    `wrap`: whether long lines are wrapped unless the user says otherwise. `folds`: by the line
    that heads them. `marks`: coloured pieces of lines, besides those that their kind gives.
    """

    def __init__(self, wrap: bool = True) -> None:
        self.lines: list[str] = []
        self.kinds = bytearray()
        self.folds: dict[int, Fold] = {}
        self.marks: dict[int, list[Span]] = {}
        self.fresh = 0
        self.wrap = wrap
        self.about: object = None
        """What the sections that begin from here on are about."""
        self._section: tuple[int, object] | None = None

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

    def section(self, text: str, kind: Kind) -> None:
        """A heading whose lines, up to the next section or `end_section`, fold."""
        self.end_section()
        if self.lines and self.lines[-1]:
            self.line("")
        self.line(text, kind)
        self._section = len(self.lines) - 1, self.about

    def end_section(self) -> None:
        """What is added from here on belongs to no section."""
        section, self._section = self._section, None
        if section is None:
            return
        (head, about), end = section, len(self.lines)
        while not self.lines[end - 1]:
            end -= 1
        if end - head > 1:
            fold = self.folds[head] = Fold()
            fold.size, fold.about = end - head - 1, about
            fold.other = f"{self.lines[head]} ⋯ {fold.size:,} line{'s' * (fold.size != 1)}"
            for line, inner in self.folds.items():
                if head < line < end and inner.parent is None:
                    inner.parent = fold

    def extend(self, other: Document) -> None:
        """The lines of another document, with their folds."""
        at = len(self.lines)
        self.lines += other.lines
        self.kinds += other.kinds
        self.folds |= {at + line: fold for line, fold in other.folds.items()}
        self.marks |= {at + line: spans for line, spans in other.marks.items()}

    def mark_fresh(self) -> None:
        """What is added from here on is new in this step."""
        self.end_section()
        self.fresh = len(self.lines)

    # Folds

    def toggle(self, line: int) -> bool:
        """Open or close the fold that a line heads; False if it heads none."""
        fold = self.folds.get(line)
        if fold is None:
            return False
        if fold.closed:
            inside = fold.inside()
            fold.hidden = None
            self._replace(line, 0, inside)
        else:
            inside, start = Document(), line + 1
            end = start + fold.size
            inside.lines, inside.kinds = self.lines[start:end], self.kinds[start:end]
            inside.folds = {n - start: one for n, one in self.folds.items() if start <= n < end}
            inside.marks = {n - start: one for n, one in self.marks.items() if start <= n < end}
            self._replace(line, fold.size, Document())
            fold.hidden = inside
        self.lines[line], fold.other = fold.other, self.lines[line]
        return True

    def head_of(self, line: int) -> int | None:
        """The line that heads the innermost fold which a line is in, or heads itself."""
        heads = (n for n, fold in self.folds.items() if n <= line <= n + fold.size)
        return max(heads, default=None)

    def about_at(self, line: int) -> object:
        """What the section that a line is in is about."""
        head = self.head_of(line)
        fold = None if head is None else self.folds[head]
        while fold is not None and fold.about is None:
            fold = fold.parent
        return fold.about if fold is not None else None

    def close_all(self) -> bool:
        """Close every outermost fold that is open, or what is right inside of the only one; False
        if all of them were closed."""
        outer = [fold for fold in self.folds.values() if fold.parent is None]
        only = outer[0] if len(outer) == 1 and not outer[0].closed else None
        heads = [n for n, fold in self.folds.items() if fold.parent is only and not fold.closed]
        for line in sorted(heads, reverse=True):
            self.toggle(line)
        return bool(heads)

    def open_all(self) -> None:
        """Open every fold, inner ones too, as far as MOST_OPEN lines."""
        line = 0
        while line < len(self.lines) and len(self.lines) < MOST_OPEN:
            fold = self.folds.get(line)
            if fold is not None and fold.closed:
                self.toggle(line)
            line += 1

    def _replace(self, head: int, gone: int, came: Document) -> None:
        """Other lines below a head, for as many that are there."""
        start, shift = head + 1, len(came.lines) - gone
        self.lines[start : start + gone] = came.lines
        self.kinds[start : start + gone] = came.kinds

        def moved(kept: dict[int, T], added: dict[int, T]) -> dict[int, T]:
            stay = {n: one for n, one in kept.items() if n <= head}
            below = {n + shift: one for n, one in kept.items() if n >= start + gone}
            return stay | {start + n: one for n, one in added.items()} | below

        self.folds = moved(self.folds, came.folds)
        self.marks = moved(self.marks, came.marks)
        if self.fresh > head:
            self.fresh = max(head, self.fresh + shift)
        above: Fold | None = self.folds[head]
        while above is not None:
            above.size += shift
            above = above.parent

    # Text

    def all_lines(self) -> Iterator[str]:
        """Every line, those that are put away too."""
        skip = 0
        for line, text in enumerate(self.lines):
            fold = self.folds.get(line)
            if skip:
                skip -= 1
            elif fold is None:
                yield text
            elif fold.twice:
                yield text if fold.closed else fold.other
                skip = fold.size
            elif fold.closed:
                yield fold.other
                yield from fold.inside().all_lines()
            else:
                yield text

    @property
    def text(self) -> str:
        return "\n".join(self.all_lines())

    def find(
        self, needle: str, start: tuple[int, int], way: int = 1, look: bool = False
    ) -> tuple[int, int] | None:
        """The (line, column) of the next match after (way 1) or before (way -1) a place.

        A fold that holds it is opened, unless `look` asks only if there is one.
        """
        case = any(map(str.isupper, needle))
        line, column = start
        while 0 <= line < len(self.lines):
            fold = self.folds.get(line)
            if way < 0 and column < 0 and self._reveals(line, fold, needle, look):
                if look:
                    return line, 0
                line += self.folds[line].size
                continue
            text = self.lines[line] if case else self.lines[line].lower()
            if way > 0:
                found = text.find(needle, column + 1 if column >= 0 else 0)
            else:
                end = len(text) + len(needle) if column < 0 else column + len(needle) - 1
                found = text.rfind(needle, 0, max(0, end))
            if found >= 0:
                return line, found
            if way > 0 and self._reveals(line, fold, needle, look) and look:
                return line, 0
            line, column = line + way, -1
        return None

    def _reveals(self, line: int, fold: Fold | None, needle: str, look: bool) -> bool:
        """Open a closed fold that may hold a text; whether it does."""
        if fold is None or fold.twice or not fold.closed or not fold.holds(needle):
            return False
        if not look:
            self.toggle(line)
        return True


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
