"""From an exchange's bytes to the neutral model, and from that to what a timeline shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from . import (
    anthropic,
    cohere,
    completions,
    converse,
    eventstream,
    gemini,
    openai,
    responses,
    sse,
)
from .address import api_of, asks_stream, model_of, path_of, provider_of
from .body import Decoded, Headers, as_json, decode, decode_chunks, header
from .calls import calling, names
from .loose import string
from .model import Conversation, Delta, ErrorInfo, Part, Reply, Turn
from .visible import printed

Found = TypeVar("Found", Conversation, Reply)


class Api(Protocol):
    """What the module of an API reads; each gives what its bodies alone tell."""

    def conversation(self, request: dict[str, Any], provider: str, /) -> Conversation: ...

    def reply(self, message: dict[str, Any], provider: str, /) -> Reply: ...

    def read_stream(self, events: list[sse.Event], provider: str, /) -> Reply: ...


APIS: dict[str, Api] = {
    "messages": anthropic,
    "chat": openai,
    "completions": completions,
    "responses": responses,
    "generate": gemini,
    "converse": converse,
    "cohere": cohere,
}


def conversation(method: str, url: str, headers: Headers, body: bytes) -> Conversation | None:
    """What a request asks, None if it is no model request that we can read."""
    api, provider = api_of(url), provider_of(url)
    if not api or method.upper() != "POST":
        return None
    request = as_json(decode(body, headers))
    if not isinstance(request, dict):
        return None
    try:
        return _named(APIS[api].conversation(request, provider), path_of(url))
    except RecursionError:
        return None


def reply(url: str, status: int | None, headers: Headers, chunks: Sequence[bytes]) -> Reply | None:
    """What came back, None if there is no response or the URL is no model API.

    Errors, truncated streams and bodies that are no JSON give a reply that says so.
    """
    api, provider = api_of(url), provider_of(url)
    if not api or status is None:
        return None
    body = decode_chunks(chunks, headers)
    try:
        found = _read(api, provider, path_of(url), status, headers, body)
    except RecursionError:
        found = Reply(provider, complete=False, problem="JSON nested too deep to read")
    if found and found.error and found.error.request_id is None:
        request_id = header(headers, "request-id") or header(headers, "x-request-id") or None
        found = replace(found, error=replace(found.error, request_id=request_id))
    return found


def is_sse(headers: Headers, body: bytes) -> bool:
    """Whether a decoded body is a stream of events, by its content type or its first bytes."""
    declared = "text/event-stream" in header(headers, "content-type").lower()
    return declared or body.startswith((b"event:", b"data:"))


def is_stream(headers: Headers, body: bytes) -> bool:
    """Whether a decoded body is a stream of events, as server-sent events or in AWS's frames."""
    return is_sse(headers, body) or eventstream.is_frames(headers, body)


def stream_parser(headers: Headers, body: bytes) -> sse.Parser | eventstream.Parser:
    """What reads a decoded body's events, fed chunk by chunk."""
    return eventstream.Parser() if eventstream.is_frames(headers, body) else sse.Parser()


def events_of(headers: Headers, chunks: Sequence[bytes]) -> list[sse.Event]:
    """All whole events of decoded chunks."""
    framed = eventstream.is_frames(headers, b"".join(chunks))
    return eventstream.parse(chunks) if framed else sse.parse(chunks)


def label(conversation: Conversation | None, reply: Reply | None) -> str:
    """One short line for a timeline: calls, first words, error, and what is odd about it."""
    if reply is None:
        return "no reply"
    if reply.error and not reply.parts:
        return _error_words(reply.error)
    words = _calls(reply.parts) or _text(reply.parts)
    if not words and reply.usage.input_tokens is not None and reply.stop_reason is None:
        words = f"{reply.usage.input_tokens} input tokens"
    return " · ".join(filter(None, [words, *_marks(reply)])) or "empty"


def added(previous: Conversation | None, current: Conversation) -> Delta:
    """What a request adds to the one before it, or what it changes.

    A request that continues a server-side thread sends only what is new.
    """
    if previous is None:
        return Delta(added=current.turns)
    system = not _equal(previous.system, current.system)
    tools = not _equal(previous.tools, current.tools)
    if current.previous_message_id is not None:
        sent_system, sent_tools = bool(current.system), bool(current.tools)
        return Delta(current.turns, (), system and sent_system, tools and sent_tools)
    kept = _shared(previous.turns, current.turns)
    return Delta(current.turns[kept:], previous.turns[kept:], system, tools)


def _named(found: Found, path: str) -> Found:
    """With the model and the stream flag that are in the path."""
    if isinstance(found, Conversation) and asks_stream(path):
        found = replace(found, stream=True)
    return replace(found, model=found.model or model_of(path))


def _read(
    api: str, provider: str, path: str, status: int, headers: Headers, body: Decoded
) -> Reply | None:
    joined = b"".join(body.chunks)
    if status < 400 and is_stream(headers, joined):
        found = _named(APIS[api].read_stream(events_of(headers, body.chunks), provider), path)
        error = found.error and replace(found.error, status=status)
        return replace(found, error=error, problem=body.problem or found.problem)
    value = as_json(joined)
    if api == "generate" and isinstance(value, list) and status < 400:
        return gemini.read_list(value, provider)
    failed = _read_error(api, status, value, joined)
    if failed:
        return Reply(provider, error=failed, problem=body.problem)
    if not isinstance(value, dict):
        return _not_json(provider, joined, body.problem)
    return _named(APIS[api].reply(value, provider), path)


def _read_error(api: str, status: int, value: Any, body: bytes) -> ErrorInfo | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and (status >= 400 or api != "responses"):
        read = anthropic.error if api == "messages" else openai.error
        told = read(value, status)
        if told:
            return told
    if status < 400:
        return None
    message = string(value.get("message")) if isinstance(value, dict) else ""
    return ErrorInfo("", message or printed(body[:400].decode("utf-8", "replace"), 200), status)


def _not_json(provider: str, body: bytes, problem: str) -> Reply:
    if not body:
        return Reply(provider, complete=False, problem=problem or "the body is empty")
    text = body[:4000].decode("utf-8", "replace")
    problem = problem or "the body is not a JSON object"
    part = Part("unknown", text=text, problem=problem)
    return Reply(provider, parts=(part,), complete=False, problem=problem)


def _shared(before: Sequence[Turn], after: Sequence[Turn]) -> int:
    """How many leading turns are equal."""
    pairs = enumerate(zip(before, after, strict=False))
    other = (i for i, (a, b) in pairs if a is not b and not _equal(a, b))
    return next(other, min(len(before), len(after)))


def _equal(one: object, other: object) -> bool:
    try:
        return one == other
    except RecursionError:  # JSON nested too deep to compare
        return False


def _error_words(error: ErrorInfo) -> str:
    status = str(error.status) if error.status and error.status >= 400 else ""
    told = printed(error.type, 60) or printed(error.message, 40)
    return " ".join(filter(None, [status, told])) or "error"


def _calls(parts: Sequence[Part]) -> str:
    told = names(calling(parts))
    return f"→ {told}" if told else ""


def _text(parts: Sequence[Part]) -> str:
    for kind in ("text", "refusal", "thinking", "unknown"):
        words = printed(" ".join(part.text for part in parts if part.kind == kind), 60)
        if words:
            return words if kind in ("text", "refusal") else f"{kind}: {words}"
    return ""


_USUAL = {None, "end_turn", "tool_use", "stop", "tool_calls", "function_call", "completed", "STOP"}
_USUAL |= {"COMPLETE", "TOOL_CALL"}


def _marks(reply: Reply) -> list[str]:
    marks = [] if reply.stop_reason in _USUAL else [printed(string(reply.stop_reason), 30)]
    if "refusal" not in marks and any(part.kind == "refusal" for part in reply.parts):
        marks.append("refusal")
    if any(part.broken for part in reply.parts):
        marks.append("broken input")
    if reply.error:
        marks.append(_error_words(reply.error))
    elif not reply.complete:
        marks.append("cut short" if reply.parts else reply.problem)
    return marks
