"""Answers in the words of three APIs: Anthropic messages, OpenAI chat and OpenAI responses.

Who is given tools calls the first of them once, with made-up arguments, and then says a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .server import Talk

TEXT = "Zwölf “parcels” – 12 \N{PACKAGE}"
WORDS = ("Zwölf ", "“parcels” ", "– 12 \N{PACKAGE}")
ARGUMENTS = {"order_id": "A-1009"}
Json = dict[str, Any]


def spoken(talk: Talk) -> None:
    """The answer to a request, as events where it asks for a stream."""
    body = json.loads(talk.sent.body)
    path = talk.sent.line.split()[1].partition("?")[0]
    dialect = next(dialects[end] for end in dialects if path.endswith(end))
    named = dialect is not chat
    if not talk.streamed:
        document = json.dumps(dialect(body), ensure_ascii=False).encode()
        talk.whole([document[:60], document[60:]])
        return
    pieces = [_event(event, named) for event in streams[dialect](dialect(body))]
    talk.whole(pieces if named else [*pieces, b"data: [DONE]\n\n"])


def _event(event: Json, named: bool) -> bytes:
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _calls(body: Json) -> str:
    """The name of the tool to call, "" where there is none or it was called."""
    tools = body.get("tools") or []
    said = json.dumps(body.get("messages") or body.get("input"))
    if not tools or "tool_result" in said or '"tool"' in said or "_output" in said:
        return ""
    tool = tools[0]
    return str(tool.get("name") or tool["function"]["name"])


# Anthropic messages


def messages(body: Json) -> Json:
    name = _calls(body)
    call = {"type": "tool_use", "id": "toolu_01", "name": name, "input": ARGUMENTS}
    return {
        "id": "msg_02" if name else "msg_01",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [call if name else {"type": "text", "text": TEXT}],
        "stop_reason": "tool_use" if name else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 7},
    }


def message_events(message: Json) -> Iterator[Json]:
    block = message["content"][0]
    empty = {**block, "input": {}} if "input" in block else {**block, "text": ""}
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    if "input" in block:
        text = json.dumps(block["input"])
        deltas = [{"type": "input_json_delta", "partial_json": t} for t in (text[:9], text[9:])]
    else:
        deltas = [{"type": "text_delta", "text": word} for word in WORDS]
    for delta in deltas:
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


# OpenAI chat


def chat(body: Json) -> Json:
    name = _calls(body)
    function = {"name": name, "arguments": json.dumps(ARGUMENTS)}
    call = {"id": "call_01", "type": "function", "function": function}
    said: Json = {"role": "assistant", "content": None if name else TEXT}
    return {
        "id": "chatcmpl-01",
        "object": "chat.completion",
        "created": 1760000000,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {**said, "tool_calls": [call]} if name else said,
                "finish_reason": "tool_calls" if name else "stop",
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
    }


def chat_events(whole: Json) -> Iterator[Json]:
    choice = whole["choices"][0]
    calls = choice["message"].get("tool_calls")
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"tool_calls": [{"index": 0, **calls[0]}]}] if calls else []
    deltas += [] if calls else [{"content": word} for word in WORDS]
    ends = [None] * len(deltas) + [choice["finish_reason"]]
    for delta, end in zip([*deltas, {}], ends, strict=True):
        part = {"index": 0, "delta": delta, "finish_reason": end}
        kept = {key: whole[key] for key in ("id", "created", "model")}
        yield {**kept, "object": "chat.completion.chunk", "choices": [part]}


# OpenAI responses


def responses(body: Json) -> Json:
    name = _calls(body)
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    said = {"type": "message", "id": "out_01", "role": "assistant", "content": [text]}
    call = {"type": "function_call", "id": "out_01", "call_id": "call_01", "name": name}
    call["arguments"] = json.dumps(ARGUMENTS)
    return {
        "id": "resp_01",
        "object": "response",
        "created_at": 1760000000,
        "model": body["model"],
        "status": "completed",
        "output": [{**(call if name else said), "status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "usage": {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 19,
        },
    }


def response_events(whole: Json) -> Iterator[Json]:
    for number, event in enumerate(_response_events(whole)):
        yield {**event, "sequence_number": number}


def _response_events(whole: Json) -> Iterator[Json]:
    item = whole["output"][0]
    at = {"item_id": item["id"], "output_index": 0}
    yield {"type": "response.created", "response": {**whole, "output": [], "usage": None}}
    empty = {**item, "arguments": ""} if "arguments" in item else {**item, "content": []}
    yield {"type": "response.output_item.added", "output_index": 0, "item": empty}
    if "arguments" in item:
        kind = "response.function_call_arguments"
        yield {"type": f"{kind}.delta", **at, "delta": item["arguments"]}
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield {"type": f"{kind}.done", **at, **done}
    else:
        at["content_index"] = 0
        part = item["content"][0]
        yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
        for word in WORDS:
            yield {"type": "response.output_text.delta", **at, "delta": word, "logprobs": []}
        yield {"type": "response.output_text.done", **at, "text": TEXT, "logprobs": []}
        yield {"type": "response.content_part.done", **at, "part": part}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": whole}


dialects = {"/messages": messages, "/chat/completions": chat, "/responses": responses}
streams = {messages: message_events, chat: chat_events, responses: response_events}
