"""Faults of the transport and of raw bodies: what breaks whatever the bytes mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from tracefork_tui.tape.answer import Answer, Error
from tracefork_tui.wire import sse
from tracefork_tui.wire.body import as_json

from .failures import OVERLOADED, request_id
from .model import Fault, FaultError, Param, Params, Sight, Sights
from .recorded import Chunks, Recorded, a_reply, a_stream, something, split

STREAM_CUT = (
    "peer closed connection without sending complete message body (incomplete chunked read)"
)
BODY_CUT = (
    "peer closed connection without sending complete message body (received {} bytes, expected {})"
)
HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>\n"
    b"<body><h1>Checking your connection</h1></body></html>\n"
)
NOT_JSON = b"upstream connect error or disconnect/reset before headers\n"


def _raise(name: str, message: str, recorded: Recorded, params: Params) -> Answer:
    return Answer(status=None, error=Error("", name, message))


def _disconnect(recorded: Recorded, params: Params) -> Answer:
    whole = recorded.chunks
    arrived = _first(recorded, params["after"])
    received, expected = (sum(map(len, chunks)) for chunks in (arrived, whole))
    message = STREAM_CUT if recorded.streamed else BODY_CUT.format(received, expected)
    return recorded.serve(arrived, Error("", "RemoteProtocolError", message))


def _truncated(recorded: Recorded, params: Params) -> Answer:
    return recorded.serve(_first(recorded, params["after"]))


def _first(recorded: Recorded, after: int | None) -> Chunks:
    """The first `after` events of a stream, or bytes of any other body; by default half."""
    size = sum(map(len, recorded.chunks))
    last, unit = (len(recorded.events), "events") if recorded.streamed else (size, "bytes")
    if after is None:
        after = last // 2
    if after >= last:
        raise FaultError(f"the recorded reply has {last} {unit}: after must be less")
    at = recorded.events[after - 1].end if recorded.streamed and after else after
    return split(recorded.chunks, at)[0]


def _malformed_event(recorded: Recorded, params: Params) -> Answer:
    event = _event(recorded, params["at"])
    before, rest = split(recorded.chunks, event.start)
    after = split(rest, event.end - event.start)[1]
    name = "content_block_delta" if event.name == "ping" else event.name
    broken = event.data[: len(event.data) // 2]
    if not broken or as_json(broken) is not None:
        broken = '{"type":'
    return recorded.serve([*before, sse.encode(name, broken), *after])


def _error_event(recorded: Recorded, params: Params) -> Answer:
    event = _event(recorded, params["at"])
    body = OVERLOADED.body(recorded.api, request_id(recorded, "error_event"))
    if recorded.api == "responses":
        body = {"type": "error"} | body
    name = "error" if recorded.api in ("messages", "responses") else ""
    text = json.dumps(body, separators=(",", ":"))
    return recorded.serve([*split(recorded.chunks, event.start)[0], sse.encode(name, text)])


def _event(recorded: Recorded, at: int | None) -> sse.Event:
    """The event number `at`, from 1; by default one in the middle."""
    events = recorded.events
    if at is None:
        at = len(events) // 2 + 1
    if at > len(events):
        raise FaultError(f"the recorded stream has {len(events)} events: at must not be more")
    return events[at - 1]


def _body(body: bytes, content_type: str, recorded: Recorded, params: Params) -> Answer:
    kind = content_type or ("text/event-stream" if recorded.streamed else "application/json")
    headers = [("content-type", kind), ("content-length", str(len(body)))]
    return Answer(200, headers, [body] if body else [], reason="OK")


def _latency(recorded: Recorded, params: Params) -> Answer:
    return recorded.answer._replace(delay=float(params["seconds"]))


def _raising(name: str, summary: str, seen: str, error: str, message: str) -> Fault:
    make: Callable[[Recorded, Params], Answer] = partial(_raise, error, message)
    sights = Sights(Sight(seen, True), http=Sight(f"the HTTP library's {error}"))
    return Fault(name, "exchange", summary, sights, make)


def _ok(name: str, summary: str, body: bytes, content_type: str, seen: str, http: str) -> Fault:
    sights = Sights(
        Sight(seen),
        stream=Sight("create(stream=True) gives no events, silently; stream() an AssertionError"),
        openai_stream=Sight("no exception: the stream gives no chunks"),
        http=Sight(http),
    )
    return Fault(name, "exchange", summary, sights, partial(_body, body, content_type))


_AFTER = Param("after", "int", help="how many events (or bytes, without a stream) arrive", least=0)
_AT = Param("at", "int", help="which event, from 1", least=1)
_NOT_JSON = "JSONDecodeError, not retried"

FAULTS = (
    _raising(
        "connect_error",
        "no connection can be made",
        "APIConnectionError",
        "ConnectError",
        "[Errno 111] Connection refused",
    ),
    _raising(
        "timeout",
        "no answer comes in time",
        "APITimeoutError",
        "ReadTimeout",
        "The read operation timed out",
    ),
    _raising(
        "reset",
        "the connection is reset before an answer",
        "APIConnectionError",
        "ReadError",
        "[Errno 104] Connection reset by peer",
    ),
    Fault(
        "disconnect",
        "exchange",
        "the connection breaks within the body",
        Sights(
            Sight("APIConnectionError", True),
            stream=Sight("the events before, then the HTTP library's bare RemoteProtocolError"),
            openai_stream=Sight("the chunks before, then APIConnectionError, not retried"),
            http=Sight("the HTTP library's RemoteProtocolError within the body"),
        ),
        _disconnect,
        (_AFTER,),
        (a_reply,),
    ),
    Fault(
        "truncated",
        "exchange",
        "the body ends early, as if it were whole",
        Sights(
            Sight(_NOT_JSON),
            stream=Sight("no exception: a partial message, stop_reason None if that is cut off"),
            openai_stream=Sight("no exception: the chunks before, no finish_reason"),
            http=Sight("a body that is cut short"),
        ),
        _truncated,
        (_AFTER,),
        (a_reply,),
    ),
    Fault(
        "malformed_event",
        "exchange",
        "one event of the stream is broken JSON",
        Sights(Sight("the events before, then JSONDecodeError")),
        _malformed_event,
        (_AT,),
        (a_reply, a_stream),
    ),
    Fault(
        "error_event",
        "exchange",
        "the stream breaks off with an error event: overloaded",
        Sights(
            Sight("the events before, then a plain APIStatusError, not retried"),
            openai=Sight("the chunks before, then a plain APIError, not retried"),
            http=Sight("a stream that ends in an error event"),
        ),
        _error_event,
        (_AT,),
        (a_reply, a_stream),
    ),
    _ok("empty", "200 with an empty body", b"", "", _NOT_JSON, "a 200 with an empty body"),
    _ok(
        "not_json",
        "200 that says JSON, with a proxy's plain text",
        NOT_JSON,
        "application/json",
        _NOT_JSON,
        "a 200 whose body is not JSON",
    ),
    _ok(
        "html",
        "200 with a page of HTML, as from a captive portal",
        HTML,
        "text/html",
        "a str in place of a message, AttributeError when it is used",
        "a 200 with a page of HTML",
    ),
    Fault(
        "latency",
        "exchange",
        "the recorded reply, late",
        Sights(Sight("the recorded reply that many seconds later; the client does not time out")),
        _latency,
        (Param("seconds", "number", 30, help="how late", least=0),),
        (something,),
    ),
)
