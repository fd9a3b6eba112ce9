"""Cassettes of go-vcr, versions 1 and 2. Durations are there, start times are not."""

from __future__ import annotations

import re
from typing import Any

from ...wire.loose import obj, seq, string
from .cassette import body
from .material import Material
from .model import Part, Run, Traffic, number, pairs, text

TITLE = "go-vcr cassette"

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?)(h|ms|m|s|us|µs|ns)")


def matches(material: Material) -> bool:
    found = seq(material.document.get("interactions"))
    return bool(found) and "url" in obj(obj(found[0]).get("request"))


def parts(material: Material) -> list[Part]:
    found = seq(material.document.get("interactions"))
    return [Part(lambda: Run([_exchange(obj(one)) for one in found]))]


def _exchange(interaction: dict[str, Any]) -> Traffic:
    request, response = obj(interaction.get("request")), obj(interaction.get("response"))
    code, _, reason = text(response.get("status")).partition(" ")
    return Traffic(
        method=text(request.get("method")),
        url=text(request.get("url")),
        headers=pairs(request.get("headers")),
        body=body(request.get("body")),
        status=number(response.get("code")) or number(code),
        reason=reason,
        http_version=text(response.get("proto")),
        response_headers=pairs(response.get("headers")),
        chunks=[body(response.get("body"))],
        ended_at=duration(string(response.get("duration"))),
    )


def duration(words: str) -> float | None:
    """Seconds from Go's notation: 1m2.5s, 812.5ms; None for what is none."""
    found = _DURATION.findall(words)
    if not found or "".join(amount + unit for amount, unit in found) != words:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in found)
