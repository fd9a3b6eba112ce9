"""A tape of a family in words: its page in the tree."""

from __future__ import annotations

from datetime import datetime

from ..diff import Totals
from .diff_words import counts
from .document import Document, Kind
from .family import Glance, Node, end_words, intervention
from .look import command_of
from .units import size
from .views.changes import cost, duration

ANSWER = 2000


def about(
    node: Node, glance: Glance | None, totals: Totals | None, roles: tuple[str, ...] = ()
) -> Document:
    """What is known of a tape, in full; `roles` are what it is to the user just now."""
    page = Document()
    if node.tape is None:
        page.line(f"{node.name} is not in this folder.", Kind.HEADING)
        page.line("Only its forks tell of it, by its fingerprint:", Kind.DIM)
        page.line(node.fingerprint, Kind.DIM)
        return page
    parent = node.parent
    head = (f"{node.name} · {size(node.tape.size)}{_started(node)}", *roles)
    page.line(" · ".join(head), Kind.HEADING)
    if parent:
        up = node.up.name if node.up else str(parent.get("file", ""))
        page.field("forked", f"from {up} at step {node.step}: {intervention(parent)}")
        page.field("tail", str(parent.get("tail", "")))
    if glance is not None:
        page.field("ended", " ".join(end_words(glance)) + _why(glance))
    if totals is not None:
        page.field("came to", f"{counts(totals)} · {cost(totals)} · {duration(totals)}")
    from ..replay.environment import spelled

    if command := spelled(command_of(node.tape.header)):
        page.field("command", command)
    if totals is not None and totals.answer:
        page.line("final answer", Kind.NEW)
        page.add(totals.answer[:ANSWER], Kind.PROSE, 2)
    return page


def nothing() -> Document:
    page = Document()
    page.line("There are no tapes in this folder.", Kind.DIM)
    return page


def _started(node: Node) -> str:
    try:
        return f" · {datetime.fromtimestamp(node.started):%Y-%m-%d %H:%M}" if node.started else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _why(glance: Glance) -> str:
    if glance.problem:
        return f": {glance.problem}"
    outcome = glance.outcome
    return f" · {outcome.exception}" if outcome is not None and outcome.exception else ""


def cost_of(totals: Totals | None) -> str:
    """A run's cost for a narrow column; "" while it is not known."""
    return cost(totals) if totals is not None and totals.cost is not None else ""
