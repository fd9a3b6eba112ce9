"""Bedrock's Converse API: one form for the models of all makers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .anthropic import error
from .body import as_json
from .loose import DEPTH, count, obj, optional, plain_json, seq, string, tool_call, unknown
from .model import Conversation, Part, Reply, ToolSpec, Turn, Usage
from .sse import Event

_ASKED = {"messages", "system", "toolConfig"}


def conversation(request: Mapping[str, Any], provider: str = "aws") -> Conversation:
    """Read a request body; the model and the stream flag are in the URL."""
    config = obj(request.get("toolConfig"))
    params = {key: value for key, value in request.items() if key not in _ASKED}
    params |= {key: value for key, value in config.items() if key != "tools"}
    return Conversation(
        provider=provider,
        model="",
        system=_parts(request.get("system")),
        turns=tuple(_turn(message) for message in seq(request.get("messages"))),
        tools=tuple(
            _tool(tool) for tool in seq(config.get("tools")) if "cachePoint" not in obj(tool)
        ),
        params=params,
        api="converse",
    )


def reply(response: Mapping[str, Any], provider: str = "aws") -> Reply:
    """Read a response; the model is in the URL."""
    message = obj(obj(response.get("output")).get("message"))
    counts = obj(response.get("usage"))
    return Reply(
        provider=provider,
        role=string(message.get("role")) or "assistant",
        parts=_parts(message.get("content")),
        stop_reason=optional(response.get("stopReason")),
        usage=Usage(
            input_tokens=count(counts.get("inputTokens")),
            output_tokens=count(counts.get("outputTokens")),
            cache_read_tokens=count(counts.get("cacheReadInputTokens")),
            cache_write_tokens=count(counts.get("cacheWriteInputTokens")),
        ),
    )


def read_stream(events: list[Event], provider: str = "aws") -> Reply:
    """Put the events of a stream together."""
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    response: dict[str, Any] = {}
    failed = None
    for event in events:
        data = obj(as_json(event.data))
        index = count(data.get("contentBlockIndex")) or 0
        if event.name == "contentBlockStart":
            blocks[index] = _begun(obj(data.get("start")))
        elif event.name == "contentBlockDelta":
            _grow(blocks.setdefault(index, {}), obj(data.get("delta")), inputs, index)
        elif event.name in ("messageStop", "metadata"):
            response |= data
        elif event.name == "error":
            failed = error(data, None)
    role = next((obj(as_json(one.data)).get("role") for one in events[:1]), None)
    response["output"] = {"message": {"role": role, "content": list(blocks.values())}}
    read = reply(response, provider)
    parts = list(read.parts)
    for place, index in enumerate(blocks):
        if index in inputs and parts[place].kind in ("tool_use", "server_tool_use"):
            one = parts[place]
            parts[place] = tool_call(
                one.kind, one.name, one.id, inputs[index], one.data, streaming=True
            )
    done = read.stop_reason is not None
    problem = "" if done or failed else "the stream ends without messageStop"
    return replace(read, parts=tuple(parts), complete=done, error=failed, problem=problem)


def _begun(start: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(obj(value)) for key, value in start.items()}


def _grow(block: dict[str, Any], delta: dict[str, Any], inputs: dict[int, str], index: int) -> None:
    for key, value in delta.items():
        if key == "text":
            block["text"] = string(block.get("text")) + string(value)
        elif key == "toolUse":
            inputs[index] = inputs.get(index, "") + string(obj(value).get("input"))
        elif key == "citation":
            block["citations"] = [*seq(block.get("citations")), value]
        elif key == "reasoningContent":
            inner = block.setdefault(key, {})
            told = obj(inner.setdefault("reasoningText", {}))
            for name, one in obj(value).items():
                if name == "redactedContent":
                    inner[name] = one
                else:
                    told[name] = string(told.get(name)) + string(one)
        elif isinstance(value, list):
            held = obj(block.setdefault(key, {}))
            held["content"] = [*seq(held.get("content")), *value]
        else:
            block[key] = value


def _turn(value: Any) -> Turn:
    message = obj(value)
    return Turn(string(message.get("role")), _parts(message.get("content")))


def _tool(value: Any) -> ToolSpec:
    spec = obj(obj(value).get("toolSpec"))
    if not spec:
        name = string(obj(obj(value).get("systemTool")).get("name"))
        return ToolSpec(name or ", ".join(obj(value)), data=value)
    schema = obj(spec.get("inputSchema")).get("json")
    return ToolSpec(string(spec.get("name")), string(spec.get("description")), schema, value)


def _parts(values: Any, depth: int = 0) -> tuple[Part, ...]:
    found: list[Part] = []
    for value in seq(values):
        block = obj(value)
        if "cachePoint" in block and found:
            found[-1] = replace(found[-1], cached=True)
        elif block.keys() == {"citations"} and found:
            found[-1] = replace(found[-1], citations=tuple(seq(block["citations"])))
        else:
            found.append(_part(value, depth))
    return tuple(found)


def _part(value: Any, depth: int) -> Part:
    block = obj(value)
    if depth >= DEPTH:
        return unknown(value, "nested too deep")
    if "text" in block:
        cited = tuple(seq(block.get("citations")))
        return Part("text", text=string(block["text"]), citations=cited, data=value)
    for key, read in _READERS.items():
        if isinstance(block.get(key), dict):
            return replace(read(block[key], depth), data=value)
    for kind in _FILES:
        if isinstance(block.get(kind), dict):
            return replace(_file(block[kind], kind), data=value)
    if "json" in block:
        return plain_json(block["json"])
    return unknown(value)


def _call(call: dict[str, Any], depth: int) -> Part:
    own = string(call.get("type")) == "server_tool_use"
    given = call.get("input")
    return Part(
        "server_tool_use" if own else "tool_use",
        name=string(call.get("name")),
        id=string(call.get("toolUseId")),
        input={} if given is None else given,
    )


def _result(result: dict[str, Any], depth: int) -> Part:
    own = string(result.get("type")).endswith("result")
    return Part(
        "server_tool_result" if own else "tool_result",
        name=string(result.get("type")).removesuffix("_result"),
        id=string(result.get("toolUseId")),
        is_error=result.get("status") == "error",
        parts=_parts(result.get("content"), depth + 1),
    )


def _thought(value: dict[str, Any], depth: int) -> Part:
    told = obj(value.get("reasoningText"))
    if "redactedContent" in value and not told:
        return Part("redacted_thinking", signature=string(value["redactedContent"]))
    return Part("thinking", text=string(told.get("text")), signature=string(told.get("signature")))


def _cited(value: dict[str, Any], depth: int) -> Part:
    text = "".join(string(obj(one).get("text")) for one in seq(value.get("content")))
    return Part("text", text=text, citations=tuple(seq(value.get("citations"))))


def _file(value: dict[str, Any], kind: str) -> Part:
    source = obj(value.get("source"))
    places = (source.get("bytes"), obj(source.get("s3Location")).get("uri"))
    form = string(value.get("format"))
    return Part(
        "image" if kind == "image" else "document",
        text=string(source.get("text")),
        name=string(value.get("name")),
        media_type=f"{kind}/{form}" if kind != "document" and form else form,
        source=next((place for place in map(string, places) if place), ""),
    )


_READERS = {
    "toolUse": _call,
    "toolResult": _result,
    "reasoningContent": _thought,
    "citationsContent": _cited,
}
_FILES = ("image", "video", "document")
