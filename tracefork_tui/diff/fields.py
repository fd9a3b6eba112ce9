"""What changed between two steps that are aligned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ..tape.chain import RESPONSE_HEADERS
from ..tape.steps import Draw, Exchange, Response, Step
from ..wire import Part, Reply, reply_of
from ..wire.body import Decoded, as_json, decode, decode_chunks
from .values import FieldChange, changes

MOST = 50
"""The most changes that are listed of each side of an exchange."""

COUNTED = 10_000
"""How far the changes beyond that are counted."""

BY_HASH = "request (sha256)"
"""The path of a request that was not taken apart, or differs in bytes only."""


class Changes(list[FieldChange]):
    """What differs; `left` counts the changes that are not listed."""

    def __init__(self, found: Iterable[FieldChange] = ()) -> None:
        super().__init__(found)
        self.left = 0

    def take(self, found: Iterator[FieldChange]) -> int:
        """List what is found, as far as there is room; gives how much was found."""
        before = len(self)
        self.extend(islice(found, MOST))
        left = sum(1 for _ in islice(found, COUNTED))
        self.left += left
        return len(self) - before + left


def step_changes(a: Step, b: Step, *, bodies: bool = True) -> Changes:
    """The changes from `a` to `b`: the step itself, `request`, `reply`, provenance.

    Without `bodies` the requests are compared by size and hash only.
    """
    found = Changes()
    if isinstance(a, Draw) and isinstance(b, Draw):
        found.take(changes("type", a.type, b.type))
        found.take(changes("given", a.given, b.given))
        found.take(changes("value", a.value, b.value))
    elif isinstance(a, Exchange) and isinstance(b, Exchange):
        found.take(_of_exchange(a, b))
        if a.request.body_hash != b.request.body_hash:
            known = bodies and found.take(changes("request", _asked(a), _asked(b)))
            if not known:
                found.take(changes(BY_HASH, a.request.body_hash.hex(), b.request.body_hash.hex()))
        if not found.take(_of_response(a, b)):
            found.take(_raw_bytes(a, b))
    found.take(changes("provenance", a.provenance, b.provenance))
    return found


def _of_exchange(a: Exchange, b: Exchange) -> Iterator[FieldChange]:
    yield from changes("method", a.request.method, b.request.method)
    yield from changes("url", a.request.url, b.request.url)


def _of_response(a: Exchange, b: Exchange) -> Iterator[FieldChange]:
    before, after = a.response, b.response
    yield from changes("status", before and before.status, after and after.status)
    yield from changes("error", a.error and str(a.error), b.error and str(b.error))
    yield from changes("ended", a.ended, b.ended)
    for name in RESPONSE_HEADERS:
        pair = (before and before.header(name)), (after and after.header(name))
        yield from changes(f"headers[{name}]", *pair)
    if _received(before) != _received(after):
        yield from changes("reply", _answered(a), _answered(b))


def _raw_bytes(a: Exchange, b: Exchange) -> Iterator[FieldChange]:
    """Bytes that differ and mean the same: white space, the framing of a stream."""
    before, after = _received(a.response), _received(b.response)
    if before != after:
        yield FieldChange("reply (bytes)", f"{len(before)} bytes", f"{len(after)} bytes")


def _received(response: Response | None) -> bytes:
    return response.body if response else b""


def _asked(step: Exchange) -> Any:
    return _readable(decode(step.request.body, step.request.headers))


def _answered(step: Exchange) -> Any:
    reply = reply_of(step)
    if reply is not None:
        return reply_json(reply)
    if step.response is None:
        return None
    chunks = [chunk.data for chunk in step.response.chunks]
    decoded: Decoded = decode_chunks(chunks, step.response.headers)
    return _readable(b"".join(decoded.chunks))


def _readable(body: bytes) -> Any:
    value = as_json(body)
    return body.decode("utf-8", "replace") if value is None else value


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply in one shape for all providers, members without a value left out."""
    error, usage = reply.error, reply.usage
    whole = {
        "error": error and {"type": error.type, "message": error.message},
        "problem": reply.problem,
        "stop_reason": reply.stop_reason,
        "stop_sequence": reply.stop_sequence,
        "content": [_part_json(part) for part in reply.parts],
        "model": reply.model,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "id": reply.id,
    }
    return {key: value for key, value in whole.items() if value not in (None, "")}


def _part_json(part: Part) -> dict[str, Any]:
    call = part.kind in ("tool_use", "server_tool_use")
    extra = {
        "text": part.text,
        "name": part.name,
        "raw_input": part.raw_input if part.broken else "",
        "parts": [_part_json(inner) for inner in part.parts],
        "is_error": part.is_error,
        "media_type": part.media_type,
        "source": part.source,
        "citations": list(part.citations),
        "signature": part.signature,
        "problem": part.problem,
        "id": part.id,
    }
    whole: dict[str, Any] = {"type": part.kind}
    if call:
        whole["input"] = part.input
    return whole | {key: value for key, value in extra.items() if value}
