"""Replies as content blocks, whichever API they came from, and back into bytes.

Edits see Anthropic's shape: `content` blocks and `stop_reason`. A tool call may carry `arguments`,
the JSON text of its input where that is not what its `input` would give.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tracefork_tui import wire
from tracefork_tui.wire import sse
from tracefork_tui.wire.body import as_json

from .recorded import Chunks, Recorded

Message = dict[str, Any]
Block = dict[str, Any]


class Dialect(NamedTuple):
    """How one API's message becomes blocks, and blocks become its headers and chunks again."""

    read: Callable[[Message], Message | None]
    write: Callable[[Message, Message], Message]


def read(recorded: Recorded) -> Message | None:
    """A copy of the recorded reply as blocks, None if it holds no message that can be edited."""
    message = recorded.message
    if message is None or recorded.api not in _DIALECTS:
        return None
    try:
        wire.check_message(message, recorded.url)
    except wire.NotAMessage:
        return None
    return _DIALECTS[recorded.api].read(json.loads(json.dumps(message)))


def encode(recorded: Recorded, edited: Message) -> tuple[list[tuple[str, str]], Chunks]:
    """Headers and chunks that carry the edited blocks as the recorded reply would have."""
    message = _DIALECTS[recorded.api].write(recorded.message or {}, edited)
    answer = recorded.answer
    headers, chunks = wire.encode_reply(message, recorded.url, answer.headers, answer.chunks)
    if recorded.api == "messages" and recorded.streamed:
        texts = [block.get("arguments") for block in edited["content"]]
        chunks = [_with_arguments(chunk, texts) for chunk in chunks]
    return headers, chunks


def _from_anthropic(message: Message) -> Message:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return message | {"content": blocks}


def _without_arguments(original: Message, edited: Message) -> Message:
    blocks = [{k: v for k, v in b.items() if k != "arguments"} for b in edited["content"]]
    return edited | {"content": blocks}


def _with_arguments(chunk: bytes, texts: list[Any]) -> bytes:
    """The event with a tool call's own JSON text, where it opens that call's input."""
    for event in sse.parse([chunk]):
        data = json.loads(event.data)
        opens = data.get("delta", {}).get("type") == "input_json_delta"
        if opens and texts[data["index"]]:
            data["delta"]["partial_json"] = texts[data["index"]]
            return sse.encode(event.name, json.dumps(data, separators=(",", ":")))
    return chunk


REFUSED = "I'm sorry, but I can't help with that."
_STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
_FINISHES = {stop: finish for finish, stop in _STOPS.items()} | {"refusal": "stop"}


def _from_chat(message: Message) -> Message | None:
    text = message.get("content")
    if isinstance(text, list):
        return None
    blocks = [{"type": "text", "text": text}] if text else []
    blocks += [_from_call(call) for call in message.get("tool_calls") or []]
    finish = message["finish_reason"]
    return {"content": blocks, "stop_reason": _STOPS.get(finish, finish)}


def _from_call(call: Block) -> Block:
    if call.get("type", "function") != "function":
        return {"type": "custom", "call": call}
    function = call["function"]
    return {
        "type": "tool_use",
        "id": call["id"],
        "name": function["name"],
        "input": as_json(function["arguments"]),
        "arguments": function["arguments"],
        "call": call,
    }


def _to_chat(original: Message, edited: Message) -> Message:
    text = "".join(block.get("text", "") for block in edited["content"])
    calls = [_to_call(block) for block in edited["content"] if "call" in block]
    stop = edited["stop_reason"]
    kept = {key: value for key, value in original.items() if key != "tool_calls"}
    refusal = REFUSED if stop == "refusal" else original.get("refusal")
    made = kept | {"content": text or (None if calls or refusal else "")}
    if calls:
        made["tool_calls"] = calls
    if refusal:
        made["refusal"] = refusal
    return made | {"finish_reason": _FINISHES.get(stop, stop)}


def _to_call(block: Block) -> Block:
    call: Block = block["call"]
    if block["type"] != "tool_use":
        return call
    arguments = block.get("arguments") or json.dumps(block["input"], ensure_ascii=False)
    function = call["function"] | {"name": block["name"], "arguments": arguments}
    return call | {"id": block["id"], "function": function}


_DIALECTS = {
    "messages": Dialect(_from_anthropic, _without_arguments),
    "chat": Dialect(_from_chat, _to_chat),
}
