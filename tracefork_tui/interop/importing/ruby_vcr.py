"""Cassettes of VCR for Ruby."""

from __future__ import annotations

from typing import Any

from ...wire.loose import obj, seq, string
from .cassette import body
from .material import Material
from .model import Part, Run, Traffic, number, pairs, text

TITLE = "VCR cassette (Ruby)"


def matches(material: Material) -> bool:
    return bool(seq(material.document.get("http_interactions")))


def parts(material: Material) -> list[Part]:
    return [Part(lambda: _run(seq(material.document.get("http_interactions"))))]


def _run(interactions: list[Any]) -> Run:
    run = Run([_exchange(obj(one)) for one in interactions])
    recorded = string(obj(interactions[0]).get("recorded_at"))
    run.about = {"recorded_at": recorded} if recorded else {}
    return run


def _exchange(interaction: dict[str, Any]) -> Traffic:
    request, response = obj(interaction.get("request")), obj(interaction.get("response"))
    status = obj(response.get("status"))
    return Traffic(
        method=text(request.get("method")).upper(),
        url=text(request.get("uri")),
        headers=pairs(request.get("headers")),
        body=body(request.get("body")),
        status=number(status.get("code")),
        reason=text(status.get("message")),
        http_version=text(response.get("http_version")),
        response_headers=pairs(response.get("headers")),
        chunks=[body(response.get("body"))],
    )
