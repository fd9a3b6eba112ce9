"""HTTP archives: of browsers, of proxies, and of Polly.JS with its bodies in base64 chunks."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ...wire.body import as_json
from ...wire.loose import obj, seq, string
from .material import Material
from .model import CASSETTE_LACKS, Part, Run, Traffic, data, number, pairs, text

TITLE = "HTTP archive (HAR)"

_BEFORE_HEAD = ("blocked", "dns", "connect", "send", "wait")
_BOUNDARIES = "chunk boundaries"


def matches(material: Material) -> bool:
    return isinstance(obj(material.document.get("log")).get("entries"), list)


def parts(material: Material) -> list[Part]:
    return [Part(lambda: _run(obj(material.document.get("log"))))]


def _run(log: dict[str, Any]) -> Run:
    entries = [obj(entry) for entry in seq(log.get("entries"))]
    events = [_exchange(entry) for entry in entries]
    starts = [event.at for event in events if event.at is not None]
    kept = not any(event.whole for event in events)
    run = Run(list(events), tuple(w for w in CASSETTE_LACKS if w != _BOUNDARIES or not kept))
    run.started = min(starts) if starts else None
    run.about = {"creator": text(obj(log.get("creator")).get("name"))}
    missing = sum(_evicted(entry) for entry in entries)
    if missing:
        run.notes.append(f"{missing} response bodies are not in the file; they are empty here")
    return run


def _exchange(entry: dict[str, Any]) -> Traffic:
    request, response = obj(entry.get("request")), obj(entry.get("response"))
    status = number(response.get("status")) or None
    chunks, whole = _content(obj(response.get("content")))
    at = moment(entry.get("startedDateTime"))
    took = _seconds(entry.get("time"))
    timings = obj(entry.get("timings"))
    head = sum(_seconds(timings.get(name)) or 0.0 for name in _BEFORE_HEAD)
    ended = at + took if at is not None and took is not None else None
    return Traffic(
        method=text(request.get("method")),
        url=text(request.get("url")),
        headers=_headers(request),
        body=_posted(obj(request.get("postData"))),
        status=status,
        reason=text(response.get("statusText")),
        http_version=text(response.get("httpVersion")),
        response_headers=_headers(response),
        chunks=chunks,
        error="" if status else text(response.get("_error")) or "no response is in the archive",
        whole=whole,
        at=at,
        first_at=min(at + head, ended) if at is not None and ended is not None and head else None,
        ended_at=ended,
    )


def _headers(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Without HTTP/2's pseudo headers, which are the request line."""
    return [(name, value) for name, value in pairs(message.get("headers")) if name[0] != ":"]


def _posted(posted: dict[str, Any]) -> bytes:
    if posted.get("encoding") == "base64":
        return base64.b64decode(data(posted.get("text")))
    if posted.get("text") or not posted.get("params"):
        return data(posted.get("text"))
    return urlencode(pairs(seq(posted.get("params")))).encode()


def _content(content: dict[str, Any]) -> tuple[list[bytes], bool]:
    """The body, and whether it is in one piece for want of the pieces that it came in."""
    held = string(content.get("text"))
    if content.get("encoding") != "base64":
        return [data(held)], True
    pieces = as_json(held) if held.startswith("[") else None
    if isinstance(pieces, list):
        return [base64.b64decode(data(piece)) for piece in pieces], False
    return [base64.b64decode(data(held))], True


def _evicted(entry: dict[str, Any]) -> bool:
    """A body that the browser had dropped when the archive was saved."""
    content = obj(obj(entry.get("response")).get("content"))
    return "text" not in content and (number(content.get("size")) or 0) > 0


def _seconds(milliseconds: Any) -> float | None:
    known = isinstance(milliseconds, int | float) and 0 <= milliseconds < 1e12
    return milliseconds / 1000 if known else None


def moment(value: Any) -> float | None:
    """Seconds since 1970 of an ISO date and time, None for what is none."""
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
