"""Typed access to JSON that may have any shape."""

from __future__ import annotations

from typing import Any

from .body import as_json, dump
from .model import Part

DEPTH = 16
"""How deep nested parts are read; what lies deeper is kept raw."""


def obj(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def seq(value: Any) -> list[Any]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def optional(value: Any) -> str | None:
    """The string, or None."""
    return value if isinstance(value, str) else None


def count(value: Any) -> int | None:
    """The whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def unknown(value: Any, problem: str = "") -> Part:
    """A part that keeps raw JSON, named by its type."""
    name = string(obj(value).get("type"))
    text = value if isinstance(value, str) else dump(value)
    return Part("unknown", text=text, name=name, problem=problem, data=value)


def plain_json(value: Any) -> Part:
    """A value that a tool gave back."""
    return Part("json", text=dump(value), name=string(obj(value).get("type")), data=value)


def tool_call(
    kind: Any, name: Any, call_id: Any, arguments: Any, data: Any, *, streaming: bool = False
) -> Part:
    """A tool call whose input came as JSON text, or as a value that needs no reading."""
    broken, value, raw = False, arguments, ""
    if isinstance(arguments, str):
        raw = arguments
        value = as_json(raw) if raw.strip() else {}
        broken = value is None or (streaming and not isinstance(value, dict))
    return Part(
        kind,
        name=string(name),
        id=string(call_id),
        input={} if broken else value,
        raw_input=raw,
        broken=broken,
        problem="the input is not a JSON object" if broken else "",
        data=data,
    )


def data_url(url: str) -> tuple[str, str]:
    """Media type and base64 of a data: URL; any other URL comes back as ("", url)."""
    head, comma, payload = url.partition(",")
    if not comma or not head.startswith("data:"):
        return "", url
    return head[5:].partition(";")[0], payload
