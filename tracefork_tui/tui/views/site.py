"""Where in the agent a step was made, when, and how it is known to be what it is."""

from __future__ import annotations

from ...tape.steps import Draw, Exchange
from ..document import Document, Kind
from ..look import Reader
from ..units import since, size, span

PROVENANCE = {
    "live": "live: it really happened in this run",
    "recorded": "recorded: served from the parent's tape, the request was the same",
    "stale": "stale: a recorded reply, served to a request that was not the recorded one",
    "edited": "edited: the answer was written by hand",
    "fault": "fault: an injected failure",
    "scripted": "scripted: a script gave the answer",
    "human": "human: somebody answered in person",
}


def build(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    page = Document()
    if not isinstance(step, (Exchange, Draw)):
        return page
    frames(page, step)
    page.heading("When")
    page.field("sent" if isinstance(step, Exchange) else "read", since(step.at))
    if isinstance(step, Exchange):
        _timings(page, step)
    page.heading("What it is")
    page.field("provenance", PROVENANCE.get(step.provenance, step.provenance))
    page.field("task", step.task or "(none)")
    if isinstance(step, Exchange):
        page.field("request", f"{size(step.request.size)}, SHA-256 {step.request.body_hash.hex()}")
    page.field("fingerprint", step.fingerprint)
    return page


def frames(page: Document, step: Exchange | Draw) -> None:
    """The call stack in the agent's own code, innermost first."""
    page.heading("Call site")
    for depth, frame in enumerate(step.call_site):
        page.line(f"{'at' if depth == 0 else 'by'} {frame}", Kind.TEXT if depth == 0 else Kind.DIM)
    if not step.call_site:
        page.line("(not in the agent's own code)", Kind.DIM)


def _timings(page: Document, step: Exchange) -> None:
    if step.first_at is not None:
        page.field("head", f"{since(step.first_at)}, after {span(step.first_at - step.at)}")
    chunks = step.response.chunks if step.response else []
    if chunks:
        page.field("first chunk", f"after {span(chunks[0].at - step.at)}")
    if step.ended_at is None:
        page.field("end", "not on the tape")
    else:
        how = step.ended or "open"
        page.field("end", f"{since(step.ended_at)}, after {span(step.ended_at - step.at)} ({how})")
