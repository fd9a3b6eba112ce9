"""What the cassettes of all VCR libraries have in common."""

from __future__ import annotations

import base64
from typing import Any

from ...wire.loose import obj
from .model import data


def body(value: Any) -> bytes:
    """A cassette's body: text, bytes, or {string} or {base64_string} with an encoding."""
    held = obj(value)
    if "base64_string" in held:
        return base64.b64decode(data(held["base64_string"]))
    return data(held.get("string", value))
