"""Inspect's own messages as Chat Completions: for logs without the model API's calls."""

from __future__ import annotations

from typing import Any

from ...wire.body import dump
from ...wire.loose import count, obj, seq, string

_REASONS = {"max_tokens": "length", "model_length": "length"}


def request(event: dict[str, Any]) -> dict[str, Any]:
    """The request of a model event."""
    config = {key: value for key, value in obj(event.get("config")).items() if value is not None}
    asked = {
        "model": string(event.get("model")).partition("/")[2] or string(event.get("model")),
        "messages": [message(obj(one)) for one in seq(event.get("input"))],
        **config,
    }
    tools = [_tool(obj(one)) for one in seq(event.get("tools"))]
    return {**asked, "tools": tools} if tools else asked


def response(event: dict[str, Any]) -> dict[str, Any]:
    """The completion of a model event, empty where there is none."""
    output = obj(event.get("output"))
    choices = [_choice(number, obj(one)) for number, one in enumerate(seq(output.get("choices")))]
    if not choices:
        return {}
    return {
        "object": "chat.completion",
        "model": string(output.get("model")),
        "choices": choices,
        **({"usage": _usage(obj(output["usage"]))} if output.get("usage") else {}),
    }


def message(said: dict[str, Any]) -> dict[str, Any]:
    """A chat message; reasoning apart from the content, as servers send it."""
    parts = said.get("content")
    thought = [obj(one) for one in seq(parts) if obj(one).get("type") == "reasoning"]
    made: dict[str, Any] = {"role": string(said.get("role"))}
    if thought:
        made["reasoning_content"] = "\n".join(_reasoning(one) for one in thought)
    made["content"] = parts if isinstance(parts, str) else [
        _part(obj(one)) for one in seq(parts) if obj(one).get("type") != "reasoning"
    ]  # fmt: skip
    calls = [_call(obj(one)) for one in seq(said.get("tool_calls"))]
    if calls:
        made["tool_calls"] = calls
    if said.get("role") == "tool":
        made["tool_call_id"] = string(said.get("tool_call_id"))
        made["name"] = string(said.get("function"))
        made["content"] = string(obj(said.get("error")).get("message")) or made["content"]
    return made


def _choice(number: int, choice: dict[str, Any]) -> dict[str, Any]:
    reason = string(choice.get("stop_reason"))
    return {
        "index": number,
        "message": message(obj(choice.get("message"))),
        "finish_reason": _REASONS.get(reason, reason),
    }


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") == "image":
        return {"type": "image_url", "image_url": {"url": string(part.get("image"))}}
    return {key: value for key, value in part.items() if value is not None}


def _reasoning(part: dict[str, Any]) -> str:
    hidden = part.get("redacted") is True
    return string(part.get("summary")) if hidden else string(part.get("reasoning"))


def _call(call: dict[str, Any]) -> dict[str, Any]:
    arguments = call.get("arguments")
    words = arguments if isinstance(arguments, str) else dump(arguments)
    function = {"name": string(call.get("function")), "arguments": words}
    return {"id": string(call.get("id")), "type": "function", "function": function}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    kept = {key: tool[key] for key in ("name", "description", "parameters") if key in tool}
    return {"type": "function", "function": kept}


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    """Inspect counts cached input apart from other input; this API counts it in."""
    came, out = count(usage.get("input_tokens")) or 0, count(usage.get("output_tokens")) or 0
    read = count(usage.get("input_tokens_cache_read")) or 0
    wrote = count(usage.get("input_tokens_cache_write")) or 0
    return {
        "prompt_tokens": came + read + wrote,
        "completion_tokens": out,
        "total_tokens": came + read + wrote + out,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": wrote},
    }
