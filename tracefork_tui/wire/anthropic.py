"""Anthropic's Messages API: requests, replies and streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .body import as_json, dump
from .loose import DEPTH, count, obj, optional, plain_json, seq, string, tool_call, unknown
from .model import Conversation, ErrorInfo, Part, Reply, ToolSpec, Turn, Usage
from .sse import Event

_ASKED = {"model", "system", "messages", "tools", "stream", "thread", "prompt"}


def conversation(request: Mapping[str, Any], provider: str = "anthropic") -> Conversation:
    """Read a request body; what the API before Messages was asked is one text."""
    messages = seq(request.get("messages"))
    if isinstance(request.get("prompt"), str) and not messages:
        messages = [{"role": "user", "content": request["prompt"]}]
    return Conversation(
        provider=provider,
        model=string(request.get("model")),
        system=parts(request.get("system")),
        turns=tuple(_turn(message) for message in messages),
        tools=tuple(_tool(tool) for tool in seq(request.get("tools"))),
        params={key: value for key, value in request.items() if key not in _ASKED},
        stream=request.get("stream") is True,
        previous_message_id=optional(obj(request.get("thread")).get("previous_message_id")),
        api="messages",
    )


def reply(message: Mapping[str, Any], provider: str = "anthropic") -> Reply:
    """Read a message, or the token count of a count_tokens call."""
    return Reply(
        provider=provider,
        id=string(message.get("id")),
        model=string(message.get("model")),
        role=string(message.get("role")) or "assistant",
        parts=parts(message.get("content", message.get("completion"))),
        stop_reason=optional(message.get("stop_reason")),
        stop_sequence=optional(message.get("stop_sequence")),
        usage=usage(message.get("usage", message)),
    )


def error(body: Mapping[str, Any], status: int | None) -> ErrorInfo | None:
    """Read an error body, or the data of an error event."""
    inner = body.get("error")
    if not isinstance(inner, dict):
        return None
    return ErrorInfo(
        type=string(inner.get("type")),
        message=string(inner.get("message")),
        status=status,
        request_id=optional(body.get("request_id")),
    )


def usage(value: Any) -> Usage:
    """Read a usage object."""
    counts = obj(value)
    return Usage(
        input_tokens=count(counts.get("input_tokens")),
        output_tokens=count(counts.get("output_tokens")),
        cache_read_tokens=count(counts.get("cache_read_input_tokens")),
        cache_write_tokens=count(counts.get("cache_creation_input_tokens")),
    )


def parts(content: Any, depth: int = 0) -> tuple[Part, ...]:
    """Read content: a string, a block or a list of blocks."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (Part("text", text=content, data=content),)
    blocks = content if isinstance(content, list) else [content]
    return tuple(part(block, depth) for block in blocks)


def part(value: Any, depth: int = 0) -> Part:
    """Read one content block."""
    block = obj(value)
    kind = string(block.get("type"))
    if depth >= DEPTH:
        return unknown(value, "nested too deep")
    if kind == "text":
        return Part(
            "text",
            text=string(block.get("text")),
            citations=tuple(seq(block.get("citations"))),
            cached="cache_control" in block,
            data=block,
        )
    if kind == "thinking":
        text, signature = string(block.get("thinking")), string(block.get("signature"))
        return Part("thinking", text=text, signature=signature, data=block)
    if kind == "redacted_thinking":
        return Part("redacted_thinking", signature=string(block.get("data")), data=block)
    if kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
        return _call(block, "tool_use" if kind == "tool_use" else "server_tool_use")
    if kind.endswith("tool_result"):
        return _result(
            block, "tool_result" if kind == "tool_result" else "server_tool_result", depth
        )
    if kind in ("image", "document", "container_upload"):
        return _file(block, "image" if kind == "image" else "document")
    if kind == "search_result":
        return Part(
            "document",
            name=string(block.get("title")),
            source=string(block.get("source")),
            parts=parts(block.get("content"), depth + 1),
            data=block,
        )
    if kind in ("web_search_result", "web_fetch_result"):
        return Part(
            "document",
            name=string(block.get("title")),
            source=string(block.get("url")),
            parts=parts(block.get("content"), depth + 1),
            data=block,
        )
    if kind.endswith(("_result", "_result_error")):
        return plain_json(block)
    if kind == "compaction" and isinstance(block.get("content"), str):
        return Part("unknown", text=block["content"], name=kind, data=block)
    return unknown(value, "" if kind else "not a content block")


def _turn(value: Any) -> Turn:
    message = obj(value)
    if not message:
        return Turn("", (unknown(value, "not a message"),))
    return Turn(string(message.get("role")), parts(message.get("content")))


def _tool(value: Any) -> ToolSpec:
    tool = obj(value)
    return ToolSpec(
        name=string(tool.get("name")) or string(tool.get("mcp_server_name")),
        description=string(tool.get("description")) or string(tool.get("type")),
        schema=tool.get("input_schema"),
        data=value,
    )


def _call(block: dict[str, Any], kind: str) -> Part:
    problem = "" if isinstance(block.get("input"), dict) else "the input is not a JSON object"
    return Part(
        "tool_use" if kind == "tool_use" else "server_tool_use",
        name=string(block.get("name")),
        id=string(block.get("id")),
        input=block.get("input"),
        broken=bool(problem),
        problem=problem,
        cached="cache_control" in block,
        data=block,
    )


def _result(block: dict[str, Any], kind: str, depth: int) -> Part:
    content = block.get("content")
    failed = string(obj(content).get("type")).endswith("error")
    return Part(
        "tool_result" if kind == "tool_result" else "server_tool_result",
        name=string(block.get("type")).removesuffix("_tool_result"),
        id=string(block.get("tool_use_id")),
        is_error=block.get("is_error") is True or failed,
        parts=parts(content, depth + 1),
        cached="cache_control" in block,
        data=block,
    )


def _file(block: dict[str, Any], kind: str) -> Part:
    source = obj(block.get("source"))
    nested = source.get("content") if source.get("type") == "content" else None
    text = string(source.get("data")) if source.get("type") == "text" else ""
    places = (source.get("url"), source.get("file_id"), source.get("data"), block.get("file_id"))
    return Part(
        "image" if kind == "image" else "document",
        text=text,
        name=string(block.get("title")),
        media_type=string(source.get("media_type")),
        source="" if text else next((place for place in map(string, places) if place), ""),
        parts=parts(nested, DEPTH - 1),
        cached="cache_control" in block,
        data=block,
    )


@dataclass(slots=True)
class Assembly:
    """A stream put together: the message it spells, and what the message cannot hold."""

    message: dict[str, Any] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    """Tool inputs as they were streamed, by block index."""
    complete: bool = False
    error: ErrorInfo | None = None
    problem: str = ""

    def reply(self, provider: str = "anthropic") -> Reply:
        """The reply that the stream spells, as far as it came."""
        read = reply(self.message, provider)
        return Reply(
            provider=provider,
            id=read.id,
            model=read.model,
            role=read.role,
            parts=tuple(self._streamed(index, one) for index, one in enumerate(read.parts)),
            stop_reason=read.stop_reason,
            stop_sequence=read.stop_sequence,
            usage=read.usage,
            complete=self.complete,
            error=self.error,
            problem=self.problem,
        )

    def _streamed(self, index: int, one: Part) -> Part:
        if index not in self.inputs or one.kind not in ("tool_use", "server_tool_use"):
            return one
        raw = self.inputs[index]
        return tool_call(one.kind, one.name, one.id, raw, one.data, streaming=True)


def read_stream(events: list[Event], provider: str = "anthropic") -> Reply:
    """Read a stream, as far as it came."""
    return assemble(events).reply(provider)


def assemble(events: list[Event]) -> Assembly:
    """Put the events of a stream together."""
    made = Assembly()
    blocks: list[dict[str, Any]] = []
    if any(event.data and not event.name for event in events):
        made.problem = "events without a name, which Anthropic's own clients skip"
    for event in events:
        data = as_json(event.data)
        if isinstance(data, dict):
            _take(made, blocks, event.name, data)
        elif event.name != "ping" and not made.problem:
            made.problem = f"the event at byte {event.start} is not a JSON object"
    for index, raw in made.inputs.items():
        value = as_json(raw)
        blocks[index]["input"] = value if isinstance(value, dict) else {}
    if made.message or blocks:
        made.message["content"] = blocks
    if not made.complete and not made.error and not made.problem:
        made.problem = "the stream ends without message_stop"
    return made


def _take(made: Assembly, blocks: list[dict[str, Any]], name: str, data: dict[str, Any]) -> None:
    kind = string(data.get("type")) or name
    if kind == "message_start":
        made.message = dict(obj(data.get("message")))
    elif kind == "content_block_start":
        blocks.append(dict(obj(data.get("content_block"))))
    elif kind == "content_block_delta":
        _delta(made, blocks, data)
    elif kind == "message_delta":
        extra = {key: data[key] for key in data if key not in ("type", "delta", "usage")}
        counts = {key: n for key, n in obj(data.get("usage")).items() if n is not None}
        made.message |= obj(data.get("delta")) | extra
        made.message["usage"] = obj(made.message.get("usage")) | counts
    elif kind == "message_stop":
        made.complete = True
    elif isinstance(data.get("completion"), str):
        _complete(made, blocks, data)
    elif kind == "error":
        made.error = error(data, None) or ErrorInfo("error", dump(data))


def _complete(made: Assembly, blocks: list[dict[str, Any]], data: dict[str, Any]) -> None:
    """A piece of what the API before Messages answered with, a text."""
    if not blocks:
        blocks.append({"type": "text", "text": ""})
    blocks[0]["text"] += data["completion"]
    made.message |= {key: data[key] for key in ("model", "stop_reason") if data.get(key)}
    made.complete = made.complete or data.get("stop_reason") is not None


_TEXT_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "compaction_delta": "content"}


def _delta(made: Assembly, blocks: list[dict[str, Any]], data: dict[str, Any]) -> None:
    index, delta = count(data.get("index")), obj(data.get("delta"))
    if index is None or not 0 <= index < len(blocks):
        made.problem = made.problem or f"a delta for block {index}, which was not started"
        return
    block, kind = blocks[index], string(delta.get("type"))
    if kind in _TEXT_DELTAS:
        key = _TEXT_DELTAS[kind]
        block[key] = string(block.get(key)) + string(delta.get(key))
    elif kind == "input_json_delta":
        made.inputs[index] = made.inputs.get(index, "") + string(delta.get("partial_json"))
    elif kind == "citations_delta":
        block["citations"] = [*seq(block.get("citations")), delta.get("citation")]
    elif kind == "signature_delta":
        block["signature"] = string(delta.get("signature"))
