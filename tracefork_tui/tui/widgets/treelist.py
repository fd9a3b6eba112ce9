"""Tapes as a tree: which was forked from which, at what step, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from ..family import Glance, Node, end_words, intervention
from ..text import plain
from ..units import size
from .rowlist import RowList, cell, readable
from .steprow import middle

STEPS, SIZE, END, COST = 8, 10, 10, 9
NAMED = 100
INKS = {"✓": "came", "✗": "bad", "!": "bad"}


@dataclass
class Line:
    """A tape in the tree. `guides`: the lines of the tree before it."""

    node: Node
    guides: str
    glance: Glance | None = None
    cost: str = ""


def lines_of(roots: Sequence[Node]) -> list[Line]:
    """The tapes of some families, with the guides that make a tree of them."""
    lines: list[Line] = []
    for root in roots:
        waiting: list[tuple[Node, str, str]] = [(root, "", "")]
        while waiting:
            node, guides, below = waiting.pop()
            lines.append(Line(node, guides))
            for fork in reversed(node.forks):
                last = fork is node.forks[-1]
                mark, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
                waiting.append((fork, below + mark, below + under))
    return lines


class TreeList(RowList):
    """`current` and `marked` are the places of the tape that is open and of the marked one.
    `sizes`: whether the files' sizes are shown."""

    def __init__(self, id: str | None = None, sizes: bool = False) -> None:
        super().__init__(id=id)
        self._bytes = SIZE * sizes
        self.lines: list[Line] = []
        self.current: tuple[int, int] | None = None
        self.marked: tuple[int, int] | None = None

    def show(self, lines: list[Line]) -> None:
        self.lines = lines
        self.changed()

    @property
    def height(self) -> int:
        return len(self.lines)

    def draw(self, line: int, width: int, here: bool) -> list[Segment]:
        shown = self.lines[line]
        node, seen = shown.node, shown.glance
        base = self.ground(here)
        place = node.tape.place if node.tape else None
        current, marked = place and place == self.current, place and place == self.marked
        sign, words = end_words(seen) if seen else ("", "")
        tail = [
            (f"{seen.steps if seen else node.tape.steps:>{STEPS - 2},}  " if node.tape else "", ""),
            (f"{size(node.tape.size):>{SIZE - 2}}  " if node.tape else "", "dim"),
            (f"{sign} {words}", INKS.get(sign, "dim")),
            (shown.cost, ""),
        ]
        room = max(10, width - 4 - STEPS - self._bytes - END - COST)
        head = [
            ("▸" if here else " ", "text"),
            ("●" if current else " ", "came"),
            ("m" if marked else " ", "mark"),
        ]
        segments = [Segment(text, readable(base, self.inks, part)) for text, part in head]
        segments += self._label(shown, room, base, bool(current))
        for (text, part), room in zip(tail, (STEPS, self._bytes, END, COST), strict=True):
            end = f"{text:>{room - 1}} " if room == COST else cell(text, room)
            segments.append(Segment(end, readable(base, self.inks, part or "text")))
        return segments

    def _label(self, shown: Line, room: int, base: Style, current: bool) -> list[Segment]:
        node, parent = shown.node, shown.node.parent
        guides = shown.guides if len(shown.guides) <= room // 2 else "… " + shown.guides[-3:]
        left = room - len(guides)
        segments = [Segment(guides, readable(base, self.inks, "dim"))]
        part = "text" if node.tape else "dim"
        if not parent or not guides:
            gone = "" if node.tape else "  (not in this folder)"
            name = middle(plain(node.name), left - len(gone)) + gone
            segments.append(Segment(cell(name, left), readable(base, self.inks, part)))
            return segments
        words = f"{plain(intervention(parent))} · {plain(parent.get('tail', ''))}"
        step = f"@{node.step} "
        segments.append(Segment(step, base + self.inks["number"]))
        left -= len(step)
        if room >= NAMED - 40:
            end = min(40, left // 2)
            name = cell(middle(plain(node.name), end - 1), end)
            segments.append(Segment(cell(words, left - end), readable(base, self.inks, part)))
            segments.append(Segment(name, readable(base, self.inks, "dim")))
        else:
            segments.append(Segment(cell(words, left), readable(base, self.inks, part)))
        return segments
