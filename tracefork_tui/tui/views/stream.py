"""The events of a response as they came: when, in which chunk, and what each said."""

from __future__ import annotations

import json

from ... import wire
from ...tape.steps import Exchange, Response
from ...wire import sse
from ...wire.body import as_json, decode_chunks
from ..document import Document, Kind
from ..look import Reader
from ..times import CHUNKS, to_chunk, to_head
from ..units import size, span
from .parts import failure

ADDED = ("text", "thinking", "partial_json", "content")


class StreamPage(Document):
    """`times`: seconds after the request, by the first line that came then; in order."""

    def __init__(self) -> None:
        super().__init__(wrap=False)
        self.times: list[tuple[int, float]] = []

    def upto(self, seconds: float) -> StreamPage:
        """What had come by then."""
        cut = next((line for line, at in self.times if at > seconds), len(self.lines))
        page = StreamPage()
        page.lines, page.kinds = self.lines[:cut], self.kinds[:cut]
        return page


def build(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    page = StreamPage()
    if not isinstance(step, Exchange):
        return page
    response = step.response
    if response is None:
        page.line("There is no response.", Kind.DIM)
    elif wire.is_stream(response.headers, response.body):
        _events(page, reader, step, response)
    else:
        _chunks(page, reader, step, response)
    failure(page, step)
    page.end_section()
    return page


def _events(page: StreamPage, reader: Reader, step: Exchange, response: Response) -> None:
    decoded = decode_chunks([chunk.data for chunk in response.chunks], response.headers)
    parser = wire.stream_parser(response.headers, b"".join(decoded.chunks))
    events = [event for chunk in decoded.chunks for event in parser.feed(chunk)] + parser.close()
    page.line(_head(reader, step, response, f"{len(events)} events"), Kind.DIM)
    page.line(f"{'after':>8}  chunk  event", Kind.DIM)
    before = -1
    for event in events:
        told = "", ""
        if event.chunk != before:
            before = event.chunk
            told = _arrival(page, reader, step, event.chunk)
        page.line(f"{told[0]:>8}  {told[1]:>5}  {_gist(event):<34}  {event.data}", Kind.JSON)
    if parser.tail is not None:
        left = sum(map(len, decoded.chunks)) - parser.tail
        page.line(f"✗ cut off: {size(left)} of an event that was not completed", Kind.ERROR)
    if decoded.problem:
        page.line(f"✗ {decoded.problem}", Kind.ERROR)


def _head(reader: Reader, step: Exchange, response: Response, what: str) -> str:
    words = [what]
    if CHUNKS in reader.lacks:
        words.append("how they were cut into chunks, and when they came, is not on this tape")
    else:
        words[0] += f" in {len(response.chunks)} chunk{'s' * (len(response.chunks) != 1)}"
    first = to_head(reader, step)
    words += [] if first is None else [f"head after {span(first)}"]
    return " · ".join(words)


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


def _chunks(page: StreamPage, reader: Reader, step: Exchange, response: Response) -> None:
    page.line(_head(reader, step, response, "Not an event stream; its body arrived"), Kind.DIM)
    page.line(f"{'after':>8}  chunk  bytes", Kind.DIM)
    for index, chunk in enumerate(response.chunks):
        after, number = _arrival(page, reader, step, index)
        page.line(f"{after:>8}  {number:>5}  {len(chunk.data):,}")
    if not response.chunks:
        page.line("(no body)", Kind.DIM)


def _arrival(page: StreamPage, reader: Reader, step: Exchange, index: int) -> tuple[str, str]:
    """When a chunk came and its number, for the line that comes next."""
    after = to_chunk(reader, step, index)
    if after is not None:
        page.times.append((len(page.lines), after))
    number = "" if CHUNKS in reader.lacks else str(index + 1)
    return "" if after is None else f"{after:.3f} s", number
