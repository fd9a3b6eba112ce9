"""The views over a step: each turns one step into a document. Everything recorded goes through
`build`, which shows in plain words what a view cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...tape.steps import Exchange
from ..document import Document, Kind
from ..look import Damaged, Reader, Seen

Builder = Callable[[Reader, int], Document]


class View(NamedTuple):
    """`new` gives only what is new in a step, for views whose documents repeat earlier steps.

    `far`: its cost grows with the step's number. `wide`: it reads many steps, `sums`: it shows the
    sums of the run.
    """

    name: str
    build: Builder
    new: Builder | None = None
    far: bool = False
    wide: bool = False
    sums: bool = False


WIDE = 1 << 20
NOTHING = View("", lambda reader, n: Document())


def views_of(step: Seen | None) -> tuple[View, ...]:
    """The views that a step has, in the order of their tabs."""
    from . import bodies, chat, cost, draw, headers, site, stream

    if step is None:
        return (View("STEPS", _empty),)
    if isinstance(step, Damaged):
        return (View("DAMAGED", _damaged),)
    if step.kind == "draw":
        return (View("VALUE", draw.build, draw.build_own), View("SITE", site.build, far=True))
    return (
        View("CHAT", chat.build, chat.build_delta),
        View("DELTA", chat.build_delta),
        View("REQUEST", bodies.build_request),
        View("RESPONSE", bodies.build_response),
        View("STREAM", stream.build),
        View("HEADERS", headers.build),
        View("COST", cost.build, wide=True, sums=True),
        View("SITE", site.build, far=True),
    )


def build(view: View, reader: Reader, n: int, new: bool = False) -> Document:
    """The document of a view over step `n`. Never raises, whatever the tape holds."""
    try:
        return (view.new if new and view.new else view.build)(reader, n)
    except Exception as error:  # whatever a damaged or hostile tape holds
        page = Document()
        page.line("✗ This part of the step cannot be shown.", Kind.ERROR)
        reason = str(error).removeprefix(f"{reader.tape.path}: ")
        page.add(f"{type(error).__name__}: {reason}" if reason else type(error).__name__, Kind.DIM)
        return page


def weight(view: View, reader: Reader, n: int) -> int:
    """About how many bytes a view over step `n` has to read."""
    step = reader.step(n)
    far = 64 * n if view.far else WIDE if view.wide else 0
    if not isinstance(step, Exchange):
        return far
    chunks = step.response.chunks if step.response else ()
    try:
        return far + step.request.size + sum(len(chunk.data) for chunk in chunks)
    except TypeError:  # records of another shape than any writer's
        return far


def _empty(reader: Reader, n: int) -> Document:
    page = Document()
    page.line("The tape has no steps." if reader.ended else "No steps yet: the run has just begun.")
    return page


def _damaged(reader: Reader, n: int) -> Document:
    page = Document()
    step = reader.step(n)
    page.line("✗ This step is damaged and cannot be shown.", Kind.ERROR)
    if isinstance(step, Damaged):
        page.add(step.reason, Kind.TEXT)
    page.line("")
    page.line("The steps around it are not affected. `check` tells what the file lost.", Kind.DIM)
    return page
