"""OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .body import as_json, dump
from .loose import count, obj, optional, plain_json, seq, string, tool_call, unknown
from .model import Conversation, ErrorInfo, Kind, Part, Reply, Turn
from .openai import content_parts, error, tool, usage
from .sse import Event

_ASKED = {"model", "input", "instructions", "tools", "stream", "previous_response_id"}
_SYSTEM = ("system", "developer")


def conversation(request: Mapping[str, Any], provider: str = "openai") -> Conversation:
    """Read a request body; instructions and leading system messages become `system`."""
    given = request.get("input")
    turns = [Turn("user", content_parts(given))] if isinstance(given, str) else _turns(seq(given))
    lead = next((i for i, turn in enumerate(turns) if turn.role not in _SYSTEM), len(turns))
    system = [part for turn in turns[:lead] for part in turn.parts]
    return Conversation(
        provider=provider,
        model=string(request.get("model")),
        system=(*content_parts(request.get("instructions")), *system),
        turns=tuple(turns[lead:]),
        tools=tuple(tool(value) for value in seq(request.get("tools"))),
        params={key: value for key, value in request.items() if key not in _ASKED},
        stream=request.get("stream") is True,
        previous_message_id=optional(request.get("previous_response_id")),
        api="responses",
    )


def reply(response: Mapping[str, Any], provider: str = "openai") -> Reply:
    """Read a response; `stop_reason` is why it is incomplete, or its status."""
    status = optional(response.get("status"))
    failed = error(response, None)
    return Reply(
        provider=provider,
        id=string(response.get("id")),
        model=string(response.get("model")),
        parts=tuple(part for item in seq(response.get("output")) for part in item_parts(item)),
        stop_reason=optional(obj(response.get("incomplete_details")).get("reason")) or status,
        usage=usage(response.get("usage")),
        complete=status not in ("in_progress", "queued"),
        error=failed,
    )


def item_parts(value: Any) -> tuple[Part, ...]:
    """Read one input or output item."""
    item = obj(value)
    kind = string(item.get("type"))
    call_id = item.get("call_id") or item.get("id")
    if "role" in item and kind in ("", "message"):
        return content_parts(item.get("content"))
    if kind == "reasoning":
        told = (*content_parts(item.get("summary")), *content_parts(item.get("content")))
        text = "\n".join(part.text for part in told)
        sealed = string(item.get("encrypted_content"))
        quiet: Kind = "redacted_thinking" if sealed and not text else "thinking"
        return (Part(quiet, text=text, id=string(item.get("id")), signature=sealed, data=item),)
    if kind == "function_call":
        return (tool_call("tool_use", item.get("name"), call_id, item.get("arguments"), item),)
    if kind in ("custom_tool_call", "local_shell_call", "shell_call", "computer_call"):
        name = string(item.get("name")) or kind.removesuffix("_call")
        asked = item.get("input", item.get("action"))
        return (Part("tool_use", name=name, id=string(call_id), input=asked, data=item),)
    if kind.endswith("_output"):
        return (_output(item, string(call_id)),)
    if kind.endswith("_call"):
        return _server_call(item, kind.removesuffix("_call"))
    if kind == "mcp_list_tools":
        return (plain_json(item),)
    return (unknown(value, "" if kind else "not an item"),)


def _output(item: dict[str, Any], call_id: str) -> Part:
    output = item.get("output")
    parts = (plain_json(output),) if isinstance(output, dict) else content_parts(output)
    return Part("tool_result", id=call_id, parts=parts, data=item)


_ENVELOPE = ("id", "type", "status", "name", "output", "outputs", "results", "result", "error")


def _server_call(item: dict[str, Any], kind: str) -> tuple[Part, ...]:
    """A call that the provider ran itself, and its result where the item holds one."""
    name, call_id = string(item.get("name")) or kind, string(item.get("id"))
    raw = item.get("arguments")
    rest = {key: value for key, value in item.items() if key not in _ENVELOPE}
    asked = raw if isinstance(raw, str) else rest
    call = tool_call("server_tool_use", name, call_id, asked, item)
    made = next((item[key] for key in _ENVELOPE[4:] if item.get(key) is not None), None)
    if made is None:
        return (call,)
    parts = content_parts(made) if isinstance(made, str) else (plain_json(made),)
    failed = item.get("error") is not None
    return (call, Part("server_tool_result", name=name, id=call_id, parts=parts, is_error=failed))


def _turns(items: list[Any]) -> list[Turn]:
    """Items as turns; what a model says in several items in a row is one turn."""
    turns: list[Turn] = []
    for value in items:
        role, parts = _role(obj(value)), item_parts(value)
        if turns and role == turns[-1].role == "assistant":
            turns[-1] = Turn(role, turns[-1].parts + parts)
        else:
            turns.append(Turn(role, parts))
    return turns


def _role(item: dict[str, Any]) -> str:
    kind = string(item.get("type"))
    if "role" in item:
        return string(item["role"])
    return "tool" if kind.endswith("_output") else "assistant"


def read_stream(events: list[Event], provider: str = "openai") -> Reply:
    """Read a stream, as far as it came."""
    response: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    complete, failed, problem = False, None, ""
    for event in events:
        data = as_json(event.data)
        if not isinstance(data, dict):
            if event.data.strip() != "[DONE]":
                problem = problem or f"the event at byte {event.start} is not a JSON object"
            continue
        kind = string(data.get("type")) or event.name
        if isinstance(data.get("response"), dict):
            response = data["response"]
            complete = kind in ("response.completed", "response.incomplete", "response.failed")
        elif kind == "error" or "error" in data:
            failed = error(data, None) or _flat_error(data)
        elif kind.startswith("response."):
            _take(items, kind.removeprefix("response."), data)
    if not seq(response.get("output")):
        response = response | {"output": [items[index] for index in sorted(items)]}
    read = reply(response, provider)
    if not complete and not failed and not problem:
        problem = "the stream ends without response.completed"
    return replace(read, complete=complete, error=failed or read.error, problem=problem)


def _flat_error(data: Mapping[str, Any]) -> ErrorInfo:
    return ErrorInfo(string(data.get("code")) or "error", string(data.get("message")) or dump(data))


_TEXTS = {
    "output_text.delta": ("content", "output_text"),
    "refusal.delta": ("content", "refusal"),
    "reasoning_text.delta": ("content", "reasoning_text"),
    "reasoning_summary_text.delta": ("summary", "summary_text"),
}
_ARGUMENTS = {
    "function_call_arguments.delta": "arguments",
    "mcp_call_arguments.delta": "arguments",
    "custom_tool_call_input.delta": "input",
    "code_interpreter_call_code.delta": "code",
}


def _take(items: dict[int, dict[str, Any]], kind: str, data: dict[str, Any]) -> None:
    index = count(data.get("output_index"))
    if index is None:
        return
    if kind in ("output_item.added", "output_item.done"):
        items[index] = dict(obj(data.get("item")))
        return
    item, delta = items.setdefault(index, {}), string(data.get("delta"))
    if kind in _ARGUMENTS:
        key = _ARGUMENTS[kind]
        item[key] = string(item.get(key)) + delta
    elif kind in _TEXTS:
        where, form = _TEXTS[kind]
        at = count(data.get("content_index", data.get("summary_index"))) or 0
        text = _piece(item, where, form, at)
        key = "refusal" if form == "refusal" else "text"
        text[key] = string(text.get(key)) + delta


def _piece(item: dict[str, Any], where: str, form: str, at: int) -> dict[str, Any]:
    """The content part at an index, made if it is the next one; the last one otherwise."""
    pieces: list[dict[str, Any]]
    pieces = item[where] = [piece for piece in seq(item.get(where)) if isinstance(piece, dict)]
    if not pieces or at >= len(pieces):
        pieces.append({"type": form})
    return pieces[min(max(at, 0), len(pieces) - 1)]
