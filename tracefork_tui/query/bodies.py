"""Bodies as the values that paths go into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..wire import anthropic, api_of, decode, events_of, is_stream, openai, reply_of
from ..wire.model import Part

if TYPE_CHECKING:
    from ..tape.steps import Exchange, Headers
    from ..wire.sse import Event


def request_bytes(step: Exchange) -> bytes:
    """The request's body, decoded. Raises TapeError where the tape is damaged."""
    return decode(step.request.body, step.request.headers)


def request_value(step: Exchange) -> Any:
    """The request's JSON, else its text. Raises TapeError where the tape is damaged."""
    return value_of(request_bytes(step))


def response_value(step: Exchange) -> Any:
    """The response's JSON, that of a stream put together, else its text; None without one."""
    response = step.response
    if response is None:
        return None
    body = decode(response.body, response.headers)
    if response.status < 400 and is_stream(response.headers, body):
        return _assembled(step, response.headers, body)
    return value_of(body)


def value_of(body: bytes) -> Any:
    """The JSON value of a body, else its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _assembled(step: Exchange, headers: Headers, body: bytes) -> Any:
    """What a stream spells: the message that an answer without streaming would have held."""
    api, events = api_of(step.request.url), events_of(headers, [body])
    if api == "messages":
        return anthropic.assemble(events).message
    if api == "chat":
        return openai.assemble(events).completion
    last = _last_response(events) if api == "responses" else None
    said = reply_of(step)
    if last is not None or said is None:
        return last if last is not None else body.decode("utf-8", "replace")
    return {
        "id": said.id,
        "model": said.model,
        "role": said.role,
        "content": [_block(part) for part in said.parts],
        "stop_reason": said.stop_reason,
    }


def _last_response(events: list[Event]) -> Any:
    """The whole response that the last event of a Responses stream carries, else None."""
    for event in reversed(events):
        data = value_of(event.data.encode())
        whole = data.get("response") if isinstance(data, dict) else None
        if isinstance(whole, dict) and whole.get("output"):
            return whole
    return None


def _block(part: Part) -> Any:
    call = {"name": part.name, "input": part.input} if part.name else {}
    return {"type": part.kind, **({"text": part.text} if part.text else {}), **call}
