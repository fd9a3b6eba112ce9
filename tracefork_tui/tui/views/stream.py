"""The events of a response as they came: when, in which chunk, and what each said."""

from __future__ import annotations

import json

from ... import wire
from ...tape.steps import Exchange, Response
from ...wire import sse
from ...wire.body import as_json, decode_chunks
from ..document import Document, Kind
from ..look import Reader
from ..units import size, span
from .parts import failure

ADDED = ("text", "thinking", "partial_json", "content")


def build(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    page = Document(wrap=False)
    if not isinstance(step, Exchange):
        return page
    response = step.response
    if response is None:
        page.line("There is no response.", Kind.DIM)
    elif wire.is_sse(response.headers, response.body):
        _events(page, step, response)
    else:
        _chunks(page, step, response)
    failure(page, step)
    return page


def _events(page: Document, step: Exchange, response: Response) -> None:
    decoded = decode_chunks([chunk.data for chunk in response.chunks], response.headers)
    parser = sse.Parser()
    events = [event for chunk in decoded.chunks for event in parser.feed(chunk)] + parser.close()
    first = "" if step.first_at is None else f" · head after {span(step.first_at - step.at)}"
    chunks = f"{len(response.chunks)} chunk{'s' * (len(response.chunks) != 1)}"
    page.line(f"{len(events)} events in {chunks}{first}", Kind.DIM)
    page.line(f"{'after':>8}  chunk  event", Kind.DIM)
    before = -1
    for event in events:
        same = event.chunk == before
        before = event.chunk
        at = "" if same else _after(step, response, event.chunk)
        number = "" if same else str(event.chunk + 1)
        page.line(f"{at:>8}  {number:>5}  {_gist(event):<34}  {event.data}", Kind.JSON)
    if parser.tail is not None:
        left = sum(map(len, decoded.chunks)) - parser.tail
        page.line(f"✗ cut off: {size(left)} of an event that was not completed", Kind.ERROR)
    if decoded.problem:
        page.line(f"✗ {decoded.problem}", Kind.ERROR)


def _gist(event: sse.Event) -> str:
    """What an event adds, in a few words: the data in full stands behind it."""
    data = as_json(event.data)
    if not isinstance(data, dict):
        return event.name
    delta = data.get("delta")
    if not isinstance(delta, dict):
        block = data.get("content_block")
        kind = f" {block.get('type')}" if isinstance(block, dict) else ""
        return f"{event.name}{kind}"
    added = next((delta[key] for key in ADDED if isinstance(delta.get(key), str)), None)
    kind = str(delta.get("type") or event.name)
    return kind if added is None else f"{kind} {json.dumps(added, ensure_ascii=False)}"


def _chunks(page: Document, step: Exchange, response: Response) -> None:
    page.line("Not an event stream; how its body arrived:", Kind.DIM)
    page.line(f"{'after':>8}  chunk  bytes", Kind.DIM)
    for index, chunk in enumerate(response.chunks):
        page.line(f"{_after(step, response, index):>8}  {index + 1:>5}  {len(chunk.data):,}")
    if not response.chunks:
        page.line("(no body)", Kind.DIM)


def _after(step: Exchange, response: Response, chunk: int) -> str:
    if not 0 <= chunk < len(response.chunks):
        return ""
    return f"{response.chunks[chunk].at - step.at:.3f} s"
