"""Google's generateContent API, as far as a conversation needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .body import as_json
from .loose import count, obj, optional, plain_json, seq, string, unknown
from .model import Conversation, Part, Reply, ToolSpec, Turn, Usage
from .openai import error
from .sse import Event

_ASKED = {"contents", "systemInstruction", "system_instruction", "tools"}


def conversation(request: Mapping[str, Any], provider: str = "google") -> Conversation:
    """Read a request body; the model and the stream flag are in the URL."""
    system = request.get("systemInstruction", request.get("system_instruction"))
    return Conversation(
        provider=provider,
        model="",
        system=_parts(obj(system).get("parts")),
        turns=tuple(_turn(content) for content in seq(request.get("contents"))),
        tools=tuple(tool for group in seq(request.get("tools")) for tool in _tools(group)),
        params={key: value for key, value in request.items() if key not in _ASKED},
        api="generate",
    )


def reply(response: Mapping[str, Any], provider: str = "google") -> Reply:
    """Read a response: its first candidate."""
    candidates = seq(response.get("candidates"))
    first = obj(candidates[0]) if candidates else {}
    counts = obj(response.get("usageMetadata"))
    blocked = optional(obj(response.get("promptFeedback")).get("blockReason"))
    said = [count(counts.get(key)) or 0 for key in ("candidatesTokenCount", "thoughtsTokenCount")]
    return Reply(
        provider=provider,
        id=string(response.get("responseId")),
        model=string(response.get("modelVersion")),
        parts=_parts(obj(first.get("content")).get("parts")),
        stop_reason=optional(first.get("finishReason")) or blocked,
        usage=Usage(
            input_tokens=count(counts.get("promptTokenCount")),
            output_tokens=sum(said) if counts else None,
            cache_read_tokens=count(counts.get("cachedContentTokenCount")),
            inclusive=True,
        ),
    )


def read_stream(events: list[Event], provider: str = "google") -> Reply:
    """Read a stream of responses."""
    return read_list([as_json(event.data) for event in events], provider)


def read_list(values: list[Any], provider: str = "google") -> Reply:
    """Join the responses of a stream; text after text of the same kind is one part."""
    joined, parts = Reply(provider), list[Part]()
    for value in values:
        body = obj(value)
        one = reply(body, provider)
        for part in one.parts:
            _append(parts, part)
        joined = replace(
            one,
            id=one.id or joined.id,
            model=one.model or joined.model,
            stop_reason=one.stop_reason or joined.stop_reason,
            usage=joined.usage if one.usage.input_tokens is None else one.usage,
            error=error(body, None) or joined.error,
        )
    done = joined.stop_reason is not None
    problem = "" if done or joined.error else "the stream ends without a finishReason"
    return replace(joined, parts=tuple(parts), complete=done, problem=problem)


def _append(parts: list[Part], part: Part) -> None:
    last = parts[-1] if parts else None
    if last and part.kind == last.kind and part.kind in ("text", "thinking"):
        signature = part.signature or last.signature
        parts[-1] = replace(last, text=last.text + part.text, signature=signature)
    elif part != Part("text"):
        parts.append(part)


def _turn(value: Any) -> Turn:
    content = obj(value)
    role = string(content.get("role")) or "user"
    return Turn("assistant" if role == "model" else role, _parts(content.get("parts")))


def _parts(values: Any) -> tuple[Part, ...]:
    listed = values if isinstance(values, list) else [] if values is None else [values]
    return tuple(_part(value) for value in listed)


def _part(value: Any) -> Part:
    part = obj(value)
    signature = string(part.get("thoughtSignature"))
    if "text" in part:
        kind: Any = "thinking" if part.get("thought") is True else "text"
        return Part(kind, text=string(part["text"]), signature=signature, data=value)
    for key, read in _READERS.items():
        inner = part.get(key) or part.get(re.sub("([A-Z])", r"_\1", key).lower())
        if isinstance(inner, dict):
            return replace(read(inner), signature=signature, data=value)
    return unknown(value)


def _call(call: dict[str, Any]) -> Part:
    name, given = string(call.get("name")), call.get("args")
    return Part("tool_use", name=name, id=string(call.get("id")), input=given or {})


def _result(result: dict[str, Any]) -> Part:
    inner = (plain_json(result.get("response")), *_parts(seq(result.get("parts"))))
    name = string(result.get("name"))
    return Part("tool_result", name=name, id=string(result.get("id")), parts=inner)


def _file(file: dict[str, Any]) -> Part:
    media = string(file.get("mimeType")) or string(file.get("mime_type"))
    places = (file.get("data"), file.get("fileUri"), file.get("file_uri"))
    source = next((place for place in map(string, places) if place), "")
    return Part(
        "image" if media.startswith("image/") else "document", media_type=media, source=source
    )


def _code(code: dict[str, Any]) -> Part:
    return Part("server_tool_use", name="code_execution", input=code)


def _outcome(result: dict[str, Any]) -> Part:
    text = Part("text", text=string(result.get("output")))
    failed = string(result.get("outcome")) not in ("", "OUTCOME_OK")
    return Part("server_tool_result", name="code_execution", parts=(text,), is_error=failed)


_READERS = {
    "functionCall": _call,
    "functionResponse": _result,
    "inlineData": _file,
    "fileData": _file,
    "executableCode": _code,
    "codeExecutionResult": _outcome,
}


def _tools(value: Any) -> list[ToolSpec]:
    group = obj(value)
    declared = group.get("functionDeclarations", group.get("function_declarations"))
    if not isinstance(declared, list):
        return [ToolSpec(name, data=value) for name in group]
    return [
        ToolSpec(
            string(obj(tool).get("name")),
            string(obj(tool).get("description")),
            obj(tool).get("parameters", obj(tool).get("parametersJsonSchema")),
            tool,
        )
        for tool in declared
    ]
