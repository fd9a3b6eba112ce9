"""Cohere's chat API: version 2, whose messages are much like OpenAI's, and version 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import openai
from .body import as_json, dump
from .loose import obj, seq, string
from .model import Conversation, ErrorInfo, Reply
from .sse import Event

_ROLES = {"SYSTEM": "system", "USER": "user", "CHATBOT": "assistant", "TOOL": "tool"}
_OLD = {"message", "chat_history", "preamble"}


def conversation(request: Mapping[str, Any], provider: str = "cohere") -> Conversation:
    """Read a request body."""
    asked = dict(request)
    if "messages" in asked:
        asked["messages"] = [_message(obj(one)) for one in seq(asked["messages"])]
    else:
        asked = {key: value for key, value in asked.items() if key not in _OLD}
        asked["messages"] = _old_messages(request)
    return replace(openai.conversation(asked, provider), api="cohere")


def reply(response: Mapping[str, Any], provider: str = "cohere") -> Reply:
    """Read a response."""
    usage = obj(response.get("usage")) or obj(response.get("meta"))
    tokens = obj(usage.get("tokens"))
    said = obj(response.get("message")) or _old_answer(response)
    message = _message(said)
    read = openai.reply(
        {
            "id": response.get("id", response.get("response_id")),
            "choices": [{"message": message, "finish_reason": response.get("finish_reason")}],
            "usage": {
                "prompt_tokens": _whole(tokens.get("input_tokens")),
                "completion_tokens": _whole(tokens.get("output_tokens")),
                "prompt_cache_hit_tokens": _whole(usage.get("cached_tokens")),
            },
        },
        provider,
    )
    return replace(read, parts=_cited(read, seq(said.get("citations"))).parts)


def read_stream(events: list[Event], provider: str = "cohere") -> Reply:
    """Put the events of a stream together."""
    answer: dict[str, Any] = {}
    message: dict[str, Any] = {}
    kinds = ("content", "tool_calls", "citations")
    blocks: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in kinds}
    failed = None
    for event in events:
        data = obj(as_json(event.data))
        delta = obj(data.get("delta"))
        kind = string(data.get("type")) or event.name
        if "error" in delta:
            failed = ErrorInfo(string(delta.get("finish_reason")) or "error", str(delta["error"]))
        if kind == "message-start":
            answer["id"] = data.get("id")
        elif kind == "message-end":
            answer |= {key: delta[key] for key in ("finish_reason", "usage") if key in delta}
        else:
            index = data.get("index")
            at = index if isinstance(index, int) else 0
            for key, value in obj(delta.get("message")).items():
                if key in blocks and isinstance(value, dict):
                    openai.merge(blocks[key].setdefault(at, {}), value)
                elif isinstance(value, str):
                    message[key] = string(message.get(key)) + value
    message |= {key: [found[at] for at in sorted(found)] for key, found in blocks.items()}
    read = reply(answer | {"message": message}, provider)
    done = read.stop_reason is not None and failed is None
    problem = "" if done or failed else "the stream ends without message-end"
    return replace(read, complete=done, error=failed, problem=problem)


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """As OpenAI has it: a plan is reasoning, and a document's data is text."""
    plan = string(message.get("tool_plan"))
    content = message.get("content")
    if isinstance(content, list):
        content = [_block(one) for one in content if one != {"type": "text", "text": ""}]
    return message | {"content": content} | ({"reasoning": plan} if plan else {})


def _block(value: Any) -> Any:
    data = obj(obj(value).get("document")).get("data")
    if data is None:
        return value
    return {"type": "text", "text": data if isinstance(data, str) else dump(data)}


def _old_messages(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    history = [obj(one) for one in seq(request.get("chat_history"))]
    now = {"role": "USER", "message": request.get("message")}
    preamble = string(request.get("preamble"))
    lead = [{"role": "system", "content": preamble}] if preamble else []
    return lead + [
        {
            "role": _ROLES.get(string(one.get("role")), string(one.get("role"))),
            "content": one.get("message"),
            **({"tool_calls": _old_calls(one)} if one.get("tool_calls") else {}),
        }
        for one in [*history, now]
        if one.get("message") or one.get("tool_calls")
    ]


def _old_answer(response: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": response.get("text"),
        "tool_calls": _old_calls(response),
    }


def _old_calls(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"function": {"name": one.get("name"), "arguments": one.get("parameters")}}
        for one in map(obj, seq(value.get("tool_calls")))
    ]


def _cited(read: Reply, citations: list[Any]) -> Reply:
    """With the citations at the last text."""
    places = [place for place, part in enumerate(read.parts) if part.kind == "text"]
    if not citations or not places:
        return read
    parts = list(read.parts)
    parts[places[-1]] = replace(parts[places[-1]], citations=tuple(citations))
    return replace(read, parts=tuple(parts))


def _whole(value: Any) -> int | None:
    """A count, which version 1 sends with a decimal point."""
    return int(value) if isinstance(value, (int, float)) else None
