"""LangChain's cassettes: VCR.py's interactions as two lists, gzipped, headers removed."""

from __future__ import annotations

from ...wire.loose import obj, seq
from . import vcrpy
from .material import Material
from .model import CASSETTE_LACKS, Part, Run

TITLE = "LangChain cassette"


def matches(material: Material) -> bool:
    document = material.document
    asked = seq(document.get("requests"))
    return bool(asked) and "responses" in document and "uri" in obj(asked[0])


def parts(material: Material) -> list[Part]:
    return [Part(lambda: _run(material))]


def _run(material: Material) -> Run:
    requests = seq(material.document.get("requests"))
    responses = seq(material.document.get("responses"))
    both = zip(requests, responses, strict=False)
    run = vcrpy.read([{"request": asked, "response": came} for asked, came in both])
    run.lacks = (*CASSETTE_LACKS, "header values")
    if len(requests) != len(responses):
        run.notes.append(
            f"{len(requests)} requests and {len(responses)} responses: those without a partner "
            "were left out"
        )
    return run
