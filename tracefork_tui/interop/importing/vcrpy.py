"""VCR.py cassettes: YAML or JSON, of any version, and pydantic-ai's with parsed bodies."""

from __future__ import annotations

from typing import Any

from ...wire.loose import obj, seq, string
from .cassette import body
from .material import Material
from .model import (
    CASSETTE_LACKS,
    REQUEST_BYTES,
    Part,
    Run,
    Traffic,
    json_bytes,
    number,
    pairs,
    text,
)

TITLE = "VCR.py cassette"


def matches(material: Material) -> bool:
    found = seq(material.document.get("interactions"))
    return bool(found) and "uri" in obj(obj(found[0]).get("request"))


def parts(material: Material) -> list[Part]:
    return [Part(lambda: read(seq(material.document.get("interactions"))))]


def read(interactions: list[Any]) -> Run:
    run = Run([exchange(obj(one)) for one in interactions])
    parsed = sum("parsed_body" in obj(obj(one).get("request")) for one in interactions)
    if parsed:
        run.lacks = (*CASSETTE_LACKS, REQUEST_BYTES)
        run.notes.append(
            f"the cassette keeps {parsed} request bodies parsed: they are written as JSON again, "
            "and match no request of an agent"
        )
    return run


def exchange(interaction: dict[str, Any]) -> Traffic:
    request, response = obj(interaction.get("request")), obj(interaction.get("response"))
    status = obj(response.get("status"))
    version = response.get("http_version") or response.get("protocol")
    return Traffic(
        method=text(request.get("method")).upper(),
        url=text(request.get("uri")),
        headers=pairs(request.get("headers")),
        body=_either(request, request.get("body")),
        status=number(status.get("code", response.get("status_code"))),
        reason=text(status.get("message")),
        http_version=string(version),
        response_headers=pairs(response.get("headers")),
        chunks=[_either(response, response.get("body", response.get("content")))],
    )


def _either(message: dict[str, Any], kept: Any) -> bytes:
    """The body as it was, else as JSON made again from what was parsed."""
    return json_bytes(message["parsed_body"]) if "parsed_body" in message else body(kept)
