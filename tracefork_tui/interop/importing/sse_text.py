"""One streamed response as text: server-sent events, or the events' data, one JSON a line."""

from __future__ import annotations

from typing import Any

from ...wire.body import as_json
from ...wire.loose import obj, string
from .material import Material
from .model import Part, Run, Traffic

TITLE = "stream of events"
LACKS = (
    "command", "draws", "call sites", "exit code", "chunk boundaries", "the request",
    "URL (that of the API whose events these are is assumed)", "status (200 is assumed)",
    "headers (content-type is what such a stream has)",
)  # fmt: skip


def matches(material: Material) -> bool:
    start = material.raw[:65536].lstrip()
    if start.startswith((b"event:", b"data:")):
        return True
    line = start.partition(b"\n")[0]
    return line.startswith(b"{") and bool(_path(obj(as_json(line))))


def parts(material: Material) -> list[Part]:
    return [Part(lambda: _run(material.raw))]


def _run(raw: bytes) -> Run:
    framed = raw.lstrip().startswith((b"event:", b"data:"))
    body = raw if framed else b"".join(_framed(line) for line in raw.splitlines() if line.strip())
    path = _path(_first(body))
    exchange = Traffic(
        method="",
        url=path,
        status=200,
        response_headers=[("content-type", "text/event-stream")],
        chunks=[body],
    )
    return Run([exchange], LACKS if framed else (*LACKS, "event framing"))


def _framed(line: bytes) -> bytes:
    kind = string(obj(as_json(line)).get("type"))
    name = f"event: {kind}\n".encode() if kind else b""
    return name + b"data: " + line.strip() + b"\n\n"


def _first(body: bytes) -> dict[str, Any]:
    """The first event's data."""
    lines = (line for line in body.splitlines() if line.startswith(b"data:"))
    return obj(as_json(next(lines, b"")[5:].strip()))


def _path(event: dict[str, Any]) -> str:
    kind = string(event.get("type"))
    if kind == "message_start":
        return "/v1/messages"
    if kind.startswith("response."):
        return "/v1/responses"
    if "choices" in event and "object" in event:
        return "/v1/chat/completions"
    return "/v1beta/models/model:streamGenerateContent" if "candidates" in event else ""
