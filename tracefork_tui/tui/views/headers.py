"""The heads of request and response, in the order and spelling of the wire."""

from __future__ import annotations

from ...tape.steps import Exchange
from ..document import Document, Kind
from ..look import Reader
from .parts import failure


def build(reader: Reader, n: int) -> Document:
    step = reader.step(n)
    page = Document()
    if not isinstance(step, Exchange):
        return page
    page.heading("Request")
    page.line(f"{step.request.method} {step.request.url}", Kind.VALUE)
    for name, value in step.request.headers:
        page.line(f"{name}: {value}", Kind.FIELD)
    page.heading("Response")
    response = step.response
    if response is None:
        page.line("(none)", Kind.DIM)
    else:
        page.line(f"{response.http_version} {response.status} {response.reason}", Kind.VALUE)
        for name, value in response.headers:
            page.line(f"{name}: {value}", Kind.FIELD)
    failure(page, step)
    return page
