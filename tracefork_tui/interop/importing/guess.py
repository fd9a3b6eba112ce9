"""What a body tells of its endpoint, for sources that keep bodies only."""

from __future__ import annotations

from typing import Any

from ...wire.body import as_json
from ...wire.loose import obj, string
from .model import Pairs

ANTHROPIC = "https://api.anthropic.com/v1/messages"


def api_path(request: dict[str, Any], response: dict[str, Any]) -> str:
    """The path of the API whose bodies these are, "" where they are none that we know."""
    if response.get("type") == "message":
        return "/v1/messages"
    if response.get("object") == "response":
        return "/v1/responses"
    if "choices" in response:
        return "/v1/chat/completions"
    if "candidates" in response or "contents" in request:
        model = string(request.get("model")).rpartition("/")[2] or "model"
        return f"/v1beta/models/{model}:generateContent"
    if "max_tokens" in request and string(request.get("model")).startswith("claude"):
        return "/v1/messages"
    return "/v1/chat/completions" if "messages" in request else ""


def content_type(body: bytes) -> Pairs:
    """The header that clients cannot do without, inferred from the bytes."""
    start = body[:64].lstrip()
    if start.startswith((b"event:", b"data:")):
        return [("content-type", "text/event-stream")]
    if start.startswith((b"{", b"[")) and as_json(body) is not None:
        return [("content-type", "application/json")]
    return []


def speaks_anthropic(request: bytes, response: bytes) -> bool:
    """Whether an exchange's bodies are of the Messages API."""
    if response.lstrip().startswith(b"event: message_start"):
        return True
    return api_path(obj(as_json(request)), obj(as_json(response))) == "/v1/messages"
