"""Edited replies back to bytes, in the shape of the recorded exchange: JSON or a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from . import anthropic, eventstream, openai, sse
from .address import api_of
from .body import Headers, as_json, decode_chunks, header, pairs
from .loose import obj, seq, string
from .read import events_of, is_stream

Encoded = tuple[list[tuple[str, str]], list[bytes]]
"""Headers and chunks."""

FRAMED = "/invoke-with-response-stream"
"""The end of a path where Bedrock frames a model's own events."""

_SSE = "text/event-stream"
_PIECE = 48
"""Characters of text in one streamed delta."""


class NotAMessage(ValueError):
    """The edit cannot be a reply of this exchange; its text is one line that names the place."""


def message_of(url: str, headers: Headers, chunks: Sequence[bytes]) -> dict[str, Any] | None:
    """The recorded reply as a message that can be edited and given to `encode_reply`.

    An Anthropic message, or the message of an OpenAI chat completion with its `finish_reason`.
    None where the exchange has none (an error, another API, unreadable bytes).
    """
    whole = _recorded(url, headers, chunks)
    if api_of(url) == "messages":
        return whole if "content" in whole and ("role" in whole or "id" in whole) else None
    choice = _first_choice(whole)
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    return message | {"finish_reason": choice.get("finish_reason")}


def check_message(message: Mapping[str, Any], like_url: str) -> None:
    """Raise NotAMessage unless the edit can be a reply of an exchange with this URL."""
    api = api_of(like_url)
    if api not in ("messages", "chat"):
        where = urlsplit(like_url).path or like_url
        raise NotAMessage(f"{where} takes no edited message, only raw bytes: {_SUPPORTED}")
    if not isinstance(message, Mapping):
        raise NotAMessage(f"a message must be an object, got {_kind(message)}")
    if "choices" in message:
        raise NotAMessage("give the message itself, not the completion: what choices[0] holds")
    try:
        json.dumps(message, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotAMessage(f"the message is not JSON: {error}") from None
    if api == "messages":
        _check_anthropic(message)
    else:
        _check_openai(message)


def encode_reply(
    message: Mapping[str, Any],
    like_url: str,
    like_headers: Headers,
    like_chunks: Sequence[bytes],
    *,
    stream: bool | None = None,
) -> Encoded:
    """Headers and chunks that carry `message` as the recorded exchange would have.

    What the message lacks is taken from the recorded reply. `stream` overrides the recorded
    shape; it is needed where that was an error, which is JSON whatever was asked for.
    """
    check_message(message, like_url)
    whole = _recorded(like_url, like_headers, like_chunks)
    streamed = _is_stream(like_headers, like_chunks) if stream is None else stream
    kind = _SSE if streamed else "application/json"
    if api_of(like_url) == "messages":
        full = _fill_anthropic(message, whole)
        events = list(_anthropic_events(full)) if streamed else []
        if streamed and urlsplit(like_url).path.endswith(FRAMED):
            kind = eventstream.MEDIA_TYPE
            chunks = [eventstream.wrapped(data) for data in events if data["type"] != "ping"]
        else:
            chunks = [_event(data) for data in events] or [_json(full)]
    else:
        completion = _fill_openai(message, whole)
        chunks = list(_openai_events(completion)) if streamed else [_json(completion)]
    return _headers(like_headers, chunks, kind, streamed), chunks


_SUPPORTED = "messages are known for Anthropic messages and OpenAI chat completions"
_BLOCK_STRINGS = {
    "text": ("text",),
    "thinking": ("thinking",),
    "redacted_thinking": ("data",),
    "tool_use": ("id", "name"),
    "server_tool_use": ("id", "name"),
    "mcp_tool_use": ("id", "name"),
}
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def _check_anthropic(message: Mapping[str, Any]) -> None:
    if "content" not in message and "stop_reason" not in message:
        raise NotAMessage("the message has neither content nor stop_reason")
    for key in ("id", "model", "role", "type"):
        if key in message:
            _want(message[key], str, key)
    for key in ("stop_reason", "stop_sequence"):
        if message.get(key) is not None:
            _want(message[key], str, key)
    if "usage" in message:
        _want(message["usage"], dict, "usage")
    content = message.get("content", [])
    if isinstance(content, str):
        return
    for index, block in enumerate(_want(content, list, "content")):
        _check_block(block, f"content[{index}]")


def _check_block(block: Any, place: str) -> None:
    _want(block, dict, place)
    kind = _member(block, "type", str, place)
    for key in _BLOCK_STRINGS.get(kind, ()):
        _member(block, key, str, place)
    if kind in _CALLS:
        _member(block, "input", dict, place)


def _check_openai(message: Mapping[str, Any]) -> None:
    known = ("content", "tool_calls", "refusal", "function_call", "finish_reason", "stop_reason")
    if not any(key in message for key in known):
        raise NotAMessage("the message has neither content nor tool_calls nor finish_reason")
    for key in ("content", "refusal", "finish_reason", "stop_reason"):
        if message.get(key) is not None and not (key == "content" and _mistral(message[key])):
            _want(message[key], str, key)
    calls = message.get("tool_calls")
    for index, call in enumerate([] if calls is None else _want(calls, list, "tool_calls")):
        place = f"tool_calls[{index}]"
        _member(_want(call, dict, place), "id", str, place)
        if call.get("type", "function") == "function":
            function = _member(call, "function", dict, place)
            _member(function, "name", str, f"{place}.function")
            if function.get("arguments", "") is not None:
                _member(function, "arguments", str, f"{place}.function")


def _mistral(content: Any) -> bool:
    """Content as a list of text and thinking parts, which some servers of this dialect send."""
    kinds = {string(obj(part).get("type")) for part in seq(content)}
    return bool(kinds) and kinds <= {"text", "thinking", "refusal"}


def _member(value: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    if key not in value:
        raise NotAMessage(f"{place}.{key} is missing")
    return _want(value[key], kind, f"{place}.{key}")


def _want(value: Any, kind: type, place: str) -> Any:
    if not isinstance(value, kind):
        raise NotAMessage(f"{place} must be {_KINDS[kind]}, got {_kind(value)}")
    return value


_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    shown = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, str) else ""
    kind = next((name for cls, name in _KINDS.items() if isinstance(value, cls)), "a number")
    return f"{kind} {shown[:40]}".rstrip() + ("…" if len(shown) > 40 else "")


def _is_stream(headers: Headers, chunks: Sequence[bytes]) -> bool:
    return is_stream(headers, b"".join(decode_chunks(chunks, headers).chunks))


def _recorded(url: str, headers: Headers, chunks: Sequence[bytes]) -> dict[str, Any]:
    """The recorded message or completion as JSON, {} if there is none."""
    api = api_of(url)
    body = decode_chunks(chunks, headers).chunks
    if is_stream(headers, b"".join(body)):
        events = events_of(headers, body)
        if api == "messages":
            return anthropic.assemble(events).message
        return openai.assemble(events).completion if api == "chat" else {}
    value = obj(as_json(b"".join(body)))
    wanted = {"messages": "content", "chat": "choices"}.get(api)
    return value if wanted in value else {}


def _fill_anthropic(edit: Mapping[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    content = edit.get("content", recorded.get("content", []))
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    defaults: dict[str, Any] = {
        "id": "msg_edited",
        "type": "message",
        "role": "assistant",
        "model": "edited",
        "content": [],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    full = defaults | recorded | dict(edit) | {"content": content}
    if "stop_reason" not in edit:
        asks = any(string(obj(block).get("type")) == "tool_use" for block in content)
        stop = full["stop_reason"]
        full["stop_reason"] = "tool_use" if asks else "end_turn" if stop == "tool_use" else stop
    return full


_STREAMED_USAGE = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)
_AT_THE_END = ("stop_reason", "stop_sequence", "stop_details", "container")
_BESIDE = ("context_management",)


def _anthropic_events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usage = obj(message.get("usage"))
    late = {key: message[key] for key in _AT_THE_END if key in message}
    beside = {key: message[key] for key in _BESIDE if message.get(key) is not None}
    start = {key: value for key, value in message.items() if key not in _BESIDE}
    start |= dict.fromkeys(late) | {"content": []}
    yield {"type": "message_start", "message": start}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        opening, deltas = _block_deltas(block)
        yield {"type": "content_block_start", "index": index, "content_block": opening}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counts = {key: usage[key] for key in _STREAMED_USAGE if usage.get(key) is not None}
    sums = {"output_tokens": 0} | counts
    yield {"type": "message_delta", "delta": late, "usage": sums} | beside
    yield {"type": "message_stop"}


def _block_deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a stream spells a block: what its start holds, and the deltas."""
    kind = block["type"]
    if kind == "text":
        cited = seq(block.get("citations"))
        opening = block | {"text": ""} | ({"citations": []} if cited else {})
        marks = [{"type": "citations_delta", "citation": one} for one in cited]
        return opening, _pieces(block["text"], "text_delta", "text") + marks
    if kind == "thinking":
        deltas = _pieces(block["thinking"], "thinking_delta", "thinking")
        if signature := string(block.get("signature")):
            deltas.append({"type": "signature_delta", "signature": signature})
        return block | {"thinking": "", "signature": ""}, deltas
    if kind in _CALLS:
        text = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
        pieces = _pieces(text, "input_json_delta", "partial_json")
        return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": ""}, *pieces]
    return block, []


def _pieces(text: str, kind: str, key: str) -> list[dict[str, Any]]:
    return [{"type": kind, key: text[at : at + _PIECE]} for at in range(0, len(text), _PIECE)]


def _event(data: dict[str, Any]) -> bytes:
    return sse.encode(data["type"], _json(data).decode())


def _first_choice(completion: Mapping[str, Any]) -> dict[str, Any]:
    choices = seq(completion.get("choices"))
    return obj(choices[0]) if choices else {}


_STOPS = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}


def _fill_openai(edit: Mapping[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    choice = _first_choice(recorded)
    old = obj(choice.get("message"))
    message = {key: edit[key] for key in edit if key not in ("finish_reason", "stop_reason")}
    if not message:
        message = old
    message = {"role": "assistant", "content": None} | message
    asks = bool(message.get("tool_calls"))
    if "finish_reason" in edit or "stop_reason" in edit:
        given = edit.get("finish_reason", edit.get("stop_reason"))
        stop = _STOPS.get(string(given), given)
    else:
        stop = choice.get("finish_reason") or "stop"
        stop = "tool_calls" if asks else "stop" if stop == "tool_calls" else stop
    same = choice.get("logprobs") if message == old else None
    first = {"index": 0} | choice | {"message": message, "finish_reason": stop, "logprobs": same}
    if "logprobs" not in choice:
        del first["logprobs"]
    defaults: dict[str, Any] = {"id": "chatcmpl-edited", "object": "chat.completion", "created": 0}
    rest = seq(recorded.get("choices"))[1:]
    choices = {"choices": [first, *rest]}
    return defaults | {"model": "edited"} | recorded | choices


def _openai_events(completion: dict[str, Any]) -> Iterator[bytes]:
    usage = completion.get("usage")
    shared = {key: completion[key] for key in completion if key not in ("choices", "usage")}
    shared["object"] = "chat.completion.chunk"
    for choice in completion["choices"]:
        index = choice.get("index", 0)
        for delta in _message_deltas(obj(choice.get("message"))):
            part = {"index": index, "delta": delta, "finish_reason": None}
            yield _data(shared | {"choices": [part]})
        last = {key: value for key, value in choice.items() if key != "message"} | {"delta": {}}
        yield _data(shared | {"choices": [last]})
    if usage is not None:
        yield _data(shared | {"choices": [], "usage": usage})
    yield sse.encode("", "[DONE]")


_GROWING = ("reasoning_content", "reasoning", "content", "refusal")


def _message_deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    opening = {key: value for key, value in message.items() if key != "tool_calls"}
    growing = [key for key in _GROWING if key in opening]
    yield opening | {key: "" if opening[key] == "" else None for key in growing}
    for key in _GROWING:
        value = message.get(key)
        if isinstance(value, str):
            yield from ({key: value[at : at + _PIECE]} for at in range(0, len(value), _PIECE))
        elif value is not None:
            yield {key: value}
    for index, call in enumerate(seq(message.get("tool_calls"))):
        yield from _call_deltas({"index": index} | obj(call))


def _call_deltas(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    function = obj(call.get("function"))
    text = function.get("arguments")
    if not isinstance(text, str):
        yield {"tool_calls": [call]}
        return
    yield {"tool_calls": [call | {"function": function | {"arguments": ""}}]}
    for at in range(0, len(text), _PIECE):
        piece = {"arguments": text[at : at + _PIECE]}
        yield {"tool_calls": [{"index": call["index"], "function": piece}]}


def _data(chunk: dict[str, Any]) -> bytes:
    return sse.encode("", _json(chunk).decode())


def _json(value: object) -> bytes:
    """Compact JSON; a lone surrogate, which UTF-8 cannot hold, makes it all-ASCII."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


_DROPPED = ("content-encoding", "content-length", "content-type", "transfer-encoding")


def _headers(
    like: Headers, chunks: list[bytes], wanted: str, streamed: bool
) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in pairs(like) if name.lower() not in _DROPPED]
    recorded = header(like, "content-type")
    charset = "; charset=utf-8" if wanted == _SSE else ""
    kind = recorded if wanted in recorded.lower() else wanted + charset
    length = [] if streamed else [("content-length", str(sum(map(len, chunks))))]
    return [*kept, ("content-type", kind), *length]
