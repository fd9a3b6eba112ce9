"""OpenAI's Chat Completions API, and the many that speak it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .body import as_json, dump
from .loose import DEPTH, count, data_url, obj, optional, seq, string, tool_call, unknown
from .model import Conversation, ErrorInfo, Part, Reply, ToolSpec, Turn, Usage
from .sse import Event

_ASKED = {"model", "messages", "tools", "functions", "stream"}
_SYSTEM = ("system", "developer")


def conversation(request: Mapping[str, Any], provider: str = "openai") -> Conversation:
    """Read a request body; leading system and developer messages become `system`."""
    turns = [_turn(message) for message in seq(request.get("messages"))]
    lead = next((i for i, turn in enumerate(turns) if turn.role not in _SYSTEM), len(turns))
    tools = seq(request.get("tools")) + seq(request.get("functions"))
    return Conversation(
        provider=provider,
        model=string(request.get("model")),
        system=tuple(part for turn in turns[:lead] for part in turn.parts),
        turns=tuple(turns[lead:]),
        tools=tuple(tool(value) for value in tools),
        params={key: value for key, value in request.items() if key not in _ASKED},
        stream=request.get("stream") is True,
        api="chat",
    )


def reply(completion: Mapping[str, Any], provider: str = "openai") -> Reply:
    """Read a completion: its first choice; further ones are kept raw."""
    choices = seq(completion.get("choices"))
    first = obj(choices[0]) if choices else {}
    message = obj(first.get("message"))
    more = [replace(unknown(one), name=f"choice {n + 1}") for n, one in enumerate(choices[1:])]
    return Reply(
        provider=provider,
        id=string(completion.get("id")),
        model=string(completion.get("model")),
        role=string(message.get("role")) or "assistant",
        parts=(*message_parts(message), *more),
        stop_reason=optional(first.get("finish_reason")),
        usage=usage(completion.get("usage")),
    )


def error(body: Mapping[str, Any], status: int | None) -> ErrorInfo | None:
    """Read an error body; servers that speak this dialect differ in its shape."""
    inner = body.get("error")
    if isinstance(inner, str):
        return ErrorInfo(type="", message=inner, status=status)
    if not isinstance(inner, dict):
        return None
    names = (inner.get("type"), inner.get("code"), inner.get("status"))
    return ErrorInfo(
        type=next((name for name in map(string, names) if name), ""),
        message=string(inner.get("message")),
        status=status,
    )


def usage(value: Any) -> Usage:
    """Read a usage object of either API."""
    counts = obj(value)
    seen = obj(counts.get("prompt_tokens_details")) or obj(counts.get("input_tokens_details"))
    return Usage(
        input_tokens=count(counts.get("prompt_tokens", counts.get("input_tokens"))),
        output_tokens=count(counts.get("completion_tokens", counts.get("output_tokens"))),
        cache_read_tokens=count(seen.get("cached_tokens", counts.get("prompt_cache_hit_tokens"))),
        cache_write_tokens=count(seen.get("cache_write_tokens")),
        inclusive=True,
    )


def tool(value: Any) -> ToolSpec:
    """Read a tool of either API."""
    outer = obj(value)
    spec = next((obj(outer[key]) for key in ("function", "custom") if key in outer), outer)
    kind = string(outer.get("type"))
    name = string(spec.get("name")) or string(spec.get("server_label")) or kind
    return ToolSpec(name, string(spec.get("description")), spec.get("parameters"), value)


def message_parts(message: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what one message holds, in the order a model makes it."""
    thought = string(message.get("reasoning_content")) or string(message.get("reasoning"))
    refusal = string(message.get("refusal"))
    calls = [_call(value) for value in seq(message.get("tool_calls"))]
    legacy = message.get("function_call")
    return (
        *([Part("thinking", text=thought)] if thought else []),
        *content_parts(message.get("content")),
        *([Part("refusal", text=refusal)] if refusal else []),
        *calls,
        *([_call({"function": legacy})] if isinstance(legacy, dict) else []),
    )


def content_parts(content: Any) -> tuple[Part, ...]:
    """Read content of either API: a string, or a list of parts."""
    if content is None or content == "":
        return ()
    if isinstance(content, str):
        return (Part("text", text=content, data=content),)
    values = content if isinstance(content, list) else [content]
    return tuple(content_part(value) for value in values)


def content_part(value: Any) -> Part:
    """Read one content part of either API."""
    block = obj(value)
    kind = string(block.get("type"))
    if isinstance(value, str) or kind in ("text", "input_text", "output_text", "summary_text"):
        text = value if isinstance(value, str) else string(block.get("text"))
        marks = tuple(seq(block.get("annotations")))
        return Part("text", text=text, citations=marks, data=value)
    if kind == "refusal":
        return Part("refusal", text=string(block.get("refusal")), data=value)
    if kind in ("thinking", "reasoning_text"):
        inner = block.get("thinking", block.get("text"))
        return Part("thinking", text="".join(p.text for p in content_parts(inner)), data=value)
    if kind in ("image_url", "input_image"):
        image = block.get("image_url")
        url = string(image) or string(obj(image).get("url")) or string(block.get("file_id"))
        media, source = data_url(url)
        return Part("image", media_type=media, source=source, data=value)
    if kind == "input_audio":
        audio = obj(block.get("input_audio"))
        media = f"audio/{string(audio.get('format'))}"
        return Part("document", media_type=media, source=string(audio.get("data")), data=value)
    if kind in ("file", "input_file"):
        file = obj(block.get("file")) or block
        places = (file.get("file_data"), file.get("file_url"), file.get("file_id"))
        media, source = data_url(next((place for place in map(string, places) if place), ""))
        name = string(file.get("filename"))
        return Part("document", name=name, media_type=media, source=source, data=value)
    return unknown(value, "" if kind else "not a content part")


def _turn(value: Any) -> Turn:
    message = obj(value)
    role = string(message.get("role"))
    if not message:
        return Turn("", (unknown(value, "not a message"),))
    if role in ("tool", "function"):
        result = Part(
            "tool_result",
            name=string(message.get("name")),
            id=string(message.get("tool_call_id")),
            parts=content_parts(message.get("content")),
            data=value,
        )
        return Turn("tool", (result,))
    return Turn(role, message_parts(message))


def _call(value: Any) -> Part:
    call = obj(value)
    function = obj(call.get("function")) or obj(call.get("custom"))
    if "input" in function:
        return Part(
            "tool_use",
            name=string(function.get("name")),
            id=string(call.get("id")),
            input=function["input"],
            data=value,
        )
    arguments = function.get("arguments")
    return tool_call("tool_use", function.get("name"), call.get("id"), arguments, value)


@dataclass(slots=True)
class Assembly:
    """A stream put together: the completion it spells, and what that cannot hold."""

    completion: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    error: ErrorInfo | None = None
    problem: str = ""

    def reply(self, provider: str = "openai") -> Reply:
        """The reply that the stream spells, as far as it came."""
        return replace(
            reply(self.completion, provider),
            complete=self.complete,
            error=self.error,
            problem=self.problem,
        )


def read_stream(events: list[Event], provider: str = "openai") -> Reply:
    """Read a stream, as far as it came."""
    return assemble(events).reply(provider)


def assemble(events: list[Event]) -> Assembly:
    """Put the chunks of a stream together."""
    made = Assembly()
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.data.strip() == "[DONE]":
            made.complete = True
            continue
        data = as_json(event.data)
        if isinstance(data, dict):
            _take(made, choices, event.name, data)
        elif event.data and not made.problem:
            made.problem = f"the event at byte {event.start} is not a JSON object"
    for choice in choices.values():
        for call in seq(choice["message"].get("tool_calls")):
            obj(call).pop("index", None)
    if made.completion or choices:
        made.completion["object"] = "chat.completion"
        made.completion["choices"] = [choices[index] for index in sorted(choices)]
    ended = choices and all(one.get("finish_reason") for one in choices.values())
    made.complete = (made.complete or bool(ended)) and not made.error
    if not made.complete and not made.error and not made.problem:
        made.problem = "the stream ends without [DONE] or a finish_reason"
    return made


def _take(
    made: Assembly, choices: dict[int, dict[str, Any]], name: str, data: dict[str, Any]
) -> None:
    if "error" in data or name == "error":
        made.error = error(data, None) or ErrorInfo("error", dump(data))
        return
    made.completion |= {k: v for k, v in data.items() if k != "choices" and v is not None}
    for value in seq(data.get("choices")):
        chunk = obj(value)
        index = count(chunk.get("index")) or 0
        fresh = {"index": index, "message": {"role": "assistant"}, "finish_reason": None}
        choice = choices.setdefault(index, fresh)
        merge(choice["message"], obj(chunk.get("delta")))
        for key in ("finish_reason", "logprobs"):
            if chunk.get(key) is not None:
                choice[key] = chunk[key]


_WHOLE = {"role", "id", "type", "name", "index", "format", "signature"}


def merge(into: dict[str, Any], delta: Mapping[str, Any], depth: int = 0) -> None:
    """Add a delta: text grows, lists of indexed items grow item by item, the rest replaces."""
    for key, value in delta.items():
        old = into.get(key)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            items = old if isinstance(old, list) else []
            into[key] = _merge_items(items, value, depth)
        elif isinstance(old, list) and old and isinstance(value, str):
            into[key] = _merge_items(old, [{"type": "text", "text": value}], depth)
        elif isinstance(old, dict) and isinstance(value, dict) and depth < DEPTH:
            merge(old, value, depth + 1)
        elif isinstance(value, str) and isinstance(old, str):
            into[key] = (value or old) if key in _WHOLE else old + value
        elif value is not None or key not in into:
            into[key] = dict(value) if isinstance(value, dict) else value


def _merge_items(items: list[Any], deltas: list[dict[str, Any]], depth: int) -> list[Any]:
    for delta in deltas:
        known = _continued(items, delta) if depth < DEPTH else None
        if known is None:
            items.append(dict(delta))
        else:
            merge(known, delta, depth + 1)
    return items


def _continued(items: list[Any], delta: dict[str, Any]) -> dict[str, Any] | None:
    """The item that a delta continues: of the same index, or text after text."""
    index = count(delta.get("index"))
    if index is not None:
        return next((item for item in items if obj(item).get("index") == index), None)
    last = obj(items[-1]) if items else {}
    grows = delta.get("type") in ("text", "thinking") and delta["type"] == last.get("type")
    return last if grows else None
