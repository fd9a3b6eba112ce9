"""Recordings of Rust's httpmock: YAML documents of `when` and `then`, without the host."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from ...wire.loose import obj, seq
from .material import Material
from .model import CASSETTE_LACKS, Part, Run, Traffic, data, number, pairs, text

TITLE = "httpmock recording"


def matches(material: Material) -> bool:
    document = material.document
    return "path" in obj(document.get("when")) and "status" in obj(document.get("then"))


def parts(material: Material) -> list[Part]:
    return [Part(lambda: _run(material.documents))]


def _run(documents: list[Any]) -> Run:
    events = [_exchange(obj(one)) for one in documents if "when" in obj(one)]
    absent = any("://" not in one.url for one in events)
    return Run(list(events), (*CASSETTE_LACKS, "host") if absent else CASSETTE_LACKS)


def _exchange(document: dict[str, Any]) -> Traffic:
    when, then = obj(document.get("when")), obj(document.get("then"))
    return Traffic(
        method=text(when.get("method")).upper(),
        url=_url(when),
        headers=pairs(when.get("header")),
        body=data(when.get("body")),
        status=number(then.get("status")),
        response_headers=pairs(then.get("header")),
        chunks=[_body(then)],
    )


def _url(when: dict[str, Any]) -> str:
    query = urlencode(pairs(seq(when.get("query_param"))))
    port = f":{text(when['port'])}" if when.get("port") else ""
    host = when.get("host")
    origin = f"{text(when.get('scheme') or 'http')}://{text(host)}{port}" if host else ""
    return f"{origin}{text(when.get('path'))}{'?' + query if query else ''}"


def _body(then: dict[str, Any]) -> bytes:
    if "body_base64" in then:
        return base64.b64decode(data(then["body_base64"]))
    encoded = data(then.get("body"))
    return base64.b64decode(encoded) if then.get("body_encoding") == "base64" else encoded
