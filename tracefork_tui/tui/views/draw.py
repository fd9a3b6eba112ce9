"""A draw: the value in full, where it was read, and what the same source gave before and after."""

from __future__ import annotations

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
    page = Document()
    if not isinstance(step, Draw):
        return page
    page.line(f"◇ {step.name}", Kind.HEADING)
    page.line(" · ".join(filter(None, [step.type, moment(reader, step.at)])), Kind.DIM)
    page.line("")
    if step.given is not None:
        page.line("given", Kind.DIM)
        page.add(value_text(step.given, indent=2), Kind.JSON, 2)
        page.line("")
        page.line("gave", Kind.DIM)
    value = value_text(step.value, indent=2)
    kind = Kind.VALUE if isinstance(step.value, (str, bytes)) else Kind.JSON
    page.add(value, kind, 2)
    if value == "":
        page.line("  (an empty text)", Kind.DIM)
    showed = moment_of(step)
    if showed is not None and not isinstance(step.value, str):
        page.line(f"  {showed:%Y-%m-%d %H:%M:%S.%f} UTC", Kind.DIM)
    frames(page, reader, step)
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
