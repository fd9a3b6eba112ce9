"""One row of the list of steps, painted."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from ..ink import Inks
from ..layout import cells
from ..rows import WORDS, Row

LANE_INKS = ("edge", "key", "string", "number")
CUT = "¢ "
"""Before an exchange at which the cached prompt broke."""

KEPT = ("rec",)
BREAK = "■"


class Look(NamedTuple):
    """All that decides how the line of a row looks. `focus`: whether the list has it, None for
    all rows but the cursor's; `lanes`: the signs before the words; `stops`: a breakpoint."""

    row: Row
    focus: bool | None
    width: int
    digits: int
    lanes: str
    cut: bool
    note: str
    folded: int
    mark: str
    stops: bool
    is_fork: bool
    theme: str


def paint(look: Look, inks: Inks) -> Strip:
    """The line of a row."""
    row, here = look.row, look.focus is not None
    base = inks.under_cursor(bool(look.focus)) if here else inks.page
    dim = row.glyph == "◇"
    glyph = "bad" if row.bad else "draw" if dim else "exchange"
    words = "bad" if row.bad else "draw" if dim else "text"
    tail = f" {row.provenance}" if look.is_fork else ""
    signs = [
        (sign, glyph if sign == row.glyph else LANE_INKS[column % len(LANE_INKS)])
        for column, sign in enumerate(look.lanes)
    ]
    room = look.width - look.digits - 4 - len(signs) - len(tail) - 1
    room -= len(CUT) if look.cut else 0
    said = f"✎ {look.note} · " if look.note else ""
    said += f"×{look.folded} " if look.folded > 1 else ""
    lead = fit(said, room) if said else ""
    room -= cells(lead)
    told = told_in(row, room)
    room -= sum(cells(text) for text, _ in told)
    part = "kept" if row.provenance in KEPT else "changed"
    pieces = (
        ("▸" if here else " ", "text"),
        (look.mark, "mark"),
        (f"{row.n:>{look.digits}}", "draw"),
        (BREAK if look.stops else " ", "bad"),
        *signs[:-1],
        (f"{signs[-1][0]} ", signs[-1][1]),
        (CUT if look.cut else "", "bad"),
        (lead, words),
        *((text, "draw" if quiet else words) for text, quiet in told),
        (" " * room, "text"),
        (tail, part),
    )
    segments = [Segment(one, base if here else base + inks[ink]) for one, ink in pieces if one]
    edge = Segment("│", inks.page + inks["edge"])
    return Strip([*Strip(segments).crop_extend(0, look.width - 1, base), edge])


def said(row: Row, room: int = WORDS) -> str:
    """A row's words in so many cells."""
    return "".join(text for text, _ in told_in(row, room))


def told_in(row: Row, room: int) -> list[tuple[str, bool]]:
    """A row's words in so many cells, in pieces, each with whether it tells of arguments."""
    if not row.core:
        return [(fit(row.words, room), False)]
    from ...wire.calls import within

    return within(row.words, row.core, row.calls, room)


def middle(name: str, room: int) -> str:
    """As much of a name as fits into so many cells; what is left out is left out in its middle."""
    if cells(name) <= room or room < 8:
        return fit(name, room)
    end = name[-(room // 2) :]
    while cells(end) > room // 2:
        end = end[1:]
    return fit(name, room - cells(end)) + end


def name_in(words: str, room: int) -> str:
    """Words in so many cells; if they are a name alone, its end stays in sight too."""
    return fit(words, room) if " · " in words else middle(words, room)


def fit(text: str, room: int) -> str:
    """As much of a text as fits into so many cells, with an ellipsis where some is left out."""
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[: max(0, min(len(text) - 1, room - 1))]
    return text.rstrip() + "…" if room > 0 else ""
