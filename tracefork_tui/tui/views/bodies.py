"""The bodies that went over the wire, as JSON that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ... import wire
from ...tape.steps import Exchange
from ...wire.body import as_json, decode_chunks, header
from ...wire.eventstream import is_frames
from ..document import Document, Kind
from ..look import Reader
from ..times import took
from ..units import size, span
from . import tree
from .parts import failure

HEX_ROWS = 8192
BYTES = 8
"""In a row: as many as fit beside the list of steps in 80 columns."""


def build_request(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    page = Document()
    if isinstance(step, Exchange):
        request = step.request
        page.line(f"{request.method} {request.url} · {size(request.size)}", Kind.DIM)
        add_body(page, [request.body], request.headers)
    return page


def build_response(reader: Reader, n: int) -> Document:
    """The response's body; of an event stream, the message that it spells."""
    step = reader.step(n)
    page = Document()
    if not isinstance(step, Exchange):
        return page
    response = step.response
    if response is None:
        page.line("There is no response.", Kind.DIM)
        failure(page, step)
        return page
    chunks = [chunk.data for chunk in response.chunks]
    streamed = wire.is_stream(response.headers, response.body)
    facts = [f"{response.http_version} {response.status} {response.reason}".strip()]
    facts.append(size(sum(map(len, chunks))))
    seconds = took(reader, step)
    if seconds is not None:
        facts.append(span(seconds))
    message = wire.message_of(step.request.url, response.headers, chunks) if streamed else None
    if message is not None:
        facts.append("put together from its events")
    page.line(" · ".join(facts), Kind.DIM)
    if message is not None:
        page.line("")
        tree.add_value(page, message)
    elif is_frames(response.headers, response.body):
        decoded = decode_chunks(chunks, response.headers).chunks
        found = wire.events_of(response.headers, decoded)
        page.line("")
        told = [{"event": one.name, "data": as_json(one.data) or one.data} for one in found]
        tree.add_value(page, told)
    else:
        add_body(page, chunks, response.headers)
    failure(page, step)
    return page


def add_body(page: Document, chunks: Sequence[bytes], headers: Any) -> None:
    """Bytes as JSON, else as text, else as numbers."""
    decoded = decode_chunks(chunks, headers)
    body = b"".join(decoded.chunks)
    if decoded.problem:
        page.line(f"✗ {decoded.problem}", Kind.ERROR)
    page.line("")
    if not body:
        page.line("(empty)", Kind.DIM)
        return
    if body.lstrip()[:1] in (b"{", b"[", b'"'):
        with suppress(ValueError, RecursionError):
            tree.add_value(page, tree.parse(body))
            return
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        binary = "text" not in header(headers, "content-type")
        if binary:
            _hex(page, body)
            return
        text = body.decode("utf-8", "replace")
    page.add(text, Kind.VALUE)


def _hex(page: Document, body: bytes) -> None:
    most = min(len(body), BYTES * HEX_ROWS)
    digits = max(4, len(f"{most:x}"))
    for at in range(0, most, BYTES):
        row = body[at : at + BYTES]
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        page.line(f"{at:0{digits}x}  {row.hex(' '):<23}  {text}", Kind.VALUE)
    left = len(body) - most
    if left > 0:
        page.line(f"… {size(left)} more are not shown", Kind.DIM)
