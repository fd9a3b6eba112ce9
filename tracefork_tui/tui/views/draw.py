"""A draw: the value in full, where it was read, and what the same source gave before and after."""

from __future__ import annotations

from typing import Any

from ...tape.steps import Draw
from ..document import Document, Kind
from ..look import Reader
from ..rows import draw_value, moment_of, value_text
from ..text import short
from ..times import moment
from .site import frames

NEIGHBOURS = 3
LOOK = 60


def build(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    if not isinstance(step, Draw):
        return Document()
    page = own(reader, step)
    page.heading(f"Around it, {step.name}")
    found = [*reversed(_near(reader, step, -1)), step, *_near(reader, step, 1)]
    width = len(str(found[-1].n))
    for one in found:
        mark = "▸" if one is step else " "
        text = (
            f"{mark} {one.n:>{width}}  {moment(reader, one.at):>10}  {short(draw_value(one), 200)}"
        )
        page.line(text, Kind.TEXT if one is step else Kind.DIM)
    if len(found) == 1:
        page.line(f"(no other among the {LOOK} draws on either side)", Kind.DIM)
    return page


def build_own(reader: Reader, n: int) -> Document:
    """Without the draws around it."""
    step = reader.step(n)
    return own(reader, step) if isinstance(step, Draw) else Document()


def own(reader: Reader, step: Draw) -> Document:
    """What a draw's own records tell."""
    page = Document()
    page.line(f"◇ {step.name}", Kind.HEADING)
    page.line(source(reader, step.type, step.at), Kind.DIM)
    page.line("")
    if step.given is not None:
        page.line("given", Kind.DIM)
        page.add(value_text(step.given, indent=2), Kind.JSON, 2)
        page.line("")
        page.line("gave", Kind.DIM)
    add_value(page, step.name, step.type, step.value)
    frames(page, reader, step)
    return page


def source(reader: Reader, kind: str, at: float) -> str:
    """What a value stands for, and when it was read."""
    return " · ".join(filter(None, [kind, moment(reader, at)]))


def add_value(page: Document, name: str, kind: str, value: Any) -> None:
    """A value in full; of a clock that counts seconds, the date and time that it showed too."""
    text = value_text(value, indent=2)
    page.add(text, Kind.VALUE if isinstance(value, (str, bytes)) else Kind.JSON, 2)
    if text == "":
        page.line("  (an empty text)", Kind.DIM)
    showed = None if isinstance(value, str) else moment_of(name, kind, value)
    if showed is not None:
        page.line(f"  {showed:%Y-%m-%d %H:%M:%S.%f} UTC", Kind.DIM)


def _near(reader: Reader, step: Draw, way: int) -> list[Draw]:
    """Draws of the same name before or after, nearest first; not looked for without end."""
    found: list[Draw] = []
    n = step.n
    for _ in range(LOOK):
        near = reader.neighbour(n, way, "draw")
        if near is None or len(found) == NEIGHBOURS:
            break
        n = near
        other = reader.step(n)
        if isinstance(other, Draw) and other.name == step.name:
            found.append(other)
    return found
