"""What a tool gave, by the shape that it has on the tape, and what it could have given instead."""

from __future__ import annotations

import re
from typing import Any

from tracefork_tui.tape.answer import Error
from tracefork_tui.tape.steps import Draw

from .model import shown

TAG, ITEMS = "$type", "value"
_SOURCE = re.compile(
    r"(time|datetime|uuid|random|secrets|numpy|socket|platform|getpass|loop)\."
    r"|os\.(?!system$)|stdin$|mcp [a-z]+/?[a-z]*$"
)
"""Draws that are recorded without being anybody's tool."""

_PROCESS = re.compile(r"(asyncio\.)?subprocess(?:\.(Popen))?(\.\w+)?$")


def no_tool(draw: Draw) -> str | None:
    """Why the draw is no tool's result; None if it is."""
    if draw.name.startswith("mcp ") and _answers(draw.value):
        return None
    if _SOURCE.match(draw.name):
        return f"{shown(draw.name)} is no tool's result"
    if draw.type != "command" and _PROCESS.match(draw.name) and not _communicated(draw):
        return f"{shown(draw.name)} is a part of what a process said; give it a value instead"
    return None


def no_text(draw: Draw) -> str | None:
    """Why the draw cannot give another text; None if it can."""
    if draw.type == "command" and not isinstance(draw.value, list):
        return f"{shown(draw.name)} gives an exit code and no text"
    if draw.type == "command" and draw.value[1] is None:
        return f"{shown(draw.name)} did not capture the output"
    return None


def failed(draw: Draw) -> Any:
    """The tool fails: an exception, or an exit code where that is how it fails."""
    said = f"{draw.name.removeprefix('tool ')} failed"
    value = draw.value
    if draw.type == "command" and isinstance(value, list):
        return [1, _like(value[1], ""), _like(value[2], said), None]
    if draw.type == "command":
        return 256 if draw.name == "os.system" else 1
    if _communicated(draw):
        out, err, _ = value[ITEMS]
        return {TAG: "tuple", ITEMS: [_like(out, ""), _like(err, said), 1]}
    if draw.name.startswith("mcp "):
        return _answer(said, True)
    return Error("builtins", "RuntimeError", said)


def empty(draw: Draw) -> Any:
    """The tool gives nothing."""
    value = draw.value
    if draw.type == "command":
        return [0, _like(value[1], ""), _like(value[2], ""), None] if _listed(value) else 0
    if _communicated(draw):
        out, err, _ = value[ITEMS]
        return {TAG: "tuple", ITEMS: [_like(out, ""), _like(err, ""), 0]}
    if draw.name.startswith("mcp "):
        return {"content": [], **_structured(value, "")}
    if draw.type == "raised":
        return None
    return _emptied(value)


def _emptied(value: Any) -> Any:
    """A tuple has as many items as before: what it is unpacked to is there."""
    if _is(value, "tuple"):
        return {TAG: "tuple", ITEMS: [_emptied(item) for item in value[ITEMS]]}
    if _is(value, "set") or _is(value, "frozenset"):
        return {TAG: value[TAG], ITEMS: []}
    if isinstance(value, dict) and TAG in value:
        return None
    return type(value)() if isinstance(value, (str, bytes, list, dict)) else None


def said(draw: Draw, text: str) -> Any:
    """The tool gives another text."""
    value = draw.value
    if draw.type == "command":
        return [0, _like(value[1], text), _like(value[2], ""), None]
    if _communicated(draw):
        out, err, _ = value[ITEMS]
        return {TAG: "tuple", ITEMS: [_like(out, text), _like(err, ""), 0]}
    if draw.name.startswith("mcp "):
        return {**_answer(text, False), **_structured(value, text)}
    if draw.type != "raised" and _is(value, "tuple") and value[ITEMS]:
        first, *others = value[ITEMS]
        if isinstance(first, (str, bytes)):
            return {TAG: "tuple", ITEMS: [_like(first, text), *others]}
    return _like(value, text) if isinstance(value, bytes) else text


def _is(value: Any, tag: str) -> bool:
    """True for a collection that the tape holds under this tag."""
    return isinstance(value, dict) and value.get(TAG) == tag and _listed(value.get(ITEMS))


def _communicated(draw: Draw) -> bool:
    value = draw.value
    items = value.get(ITEMS) if isinstance(value, dict) else None
    return draw.name.endswith(".communicate") and _listed(items) and len(items or ()) == 3


def _answers(value: Any) -> bool:
    """True for the result of an MCP tool."""
    return isinstance(value, dict) and isinstance(value.get("content"), list)


def _answer(text: str, error: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": error}


def _structured(value: Any, text: str) -> dict[str, Any]:
    """The text as a server gives it beside the content, where its tool gives nothing but a text."""
    structured = value.get("structuredContent") if isinstance(value, dict) else None
    plain = isinstance(structured, dict) and list(map(type, structured.values())) == [str]
    return {"structuredContent": dict.fromkeys(structured, text)} if plain and structured else {}


def _listed(value: Any) -> bool:
    return isinstance(value, list)


def _like(recorded: Any, text: str) -> Any:
    """`text` as the recorded output was given: bytes, text or, not captured, None."""
    if recorded is None:
        return None
    return text.encode() if isinstance(recorded, bytes) else text
