"""Where in the agent a step was made, when, and how it is known to be what it is."""

from __future__ import annotations

from ...tape.steps import Draw, Exchange
from ..document import Document, Kind
from ..look import Reader
from ..times import moment, to_chunk, to_head, took
from ..units import size, span

UNKNOWN = "(not known: the source of this tape does not have it)"
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
    frames(page, reader, step)
    page.heading("When")
    sent = "sent" if isinstance(step, Exchange) else "read"
    page.field(sent, moment(reader, step.at) or UNKNOWN)
    if isinstance(step, Exchange):
        _timings(page, reader, step)
    page.heading("What it is")
    page.field("provenance", PROVENANCE.get(step.provenance, step.provenance))
    if reader.lacks:
        from ...interop.imported import origin

        page.field("source", origin(reader.tape))
    page.field("task", step.task or "(none)")
    if isinstance(step, Exchange):
        page.field("request", f"{size(step.request.size)}, SHA-256 {step.request.body_hash.hex()}")
    page.field("fingerprint", step.fingerprint)
    return page


def frames(page: Document, reader: Reader, step: Exchange | Draw) -> None:
    """The call stack in the agent's own code, innermost first."""
    page.heading("Call site")
    for depth, frame in enumerate(step.call_site):
        page.line(f"{'at' if depth == 0 else 'by'} {frame}", Kind.TEXT if depth == 0 else Kind.DIM)
    if not step.call_site:
        absent = "call sites" in reader.lacks
        page.line(UNKNOWN if absent else "(not in the agent's own code)", Kind.DIM)


def _timings(page: Document, reader: Reader, step: Exchange) -> None:
    head, chunk, whole = to_head(reader, step), to_chunk(reader, step, 0), took(reader, step)
    if step.first_at is not None:
        page.field("head", _after(reader, step.first_at, head))
    if step.response and step.response.chunks:
        page.field("first chunk", UNKNOWN if chunk is None else f"after {span(chunk)}")
    if step.ended_at is None:
        page.field("end", "not on the tape")
    else:
        page.field("end", f"{_after(reader, step.ended_at, whole)} ({step.ended or 'open'})")


def _after(reader: Reader, at: float, seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    return ", ".join(filter(None, [moment(reader, at), f"after {span(seconds)}"]))
