"""Every readable body of third-party recordings goes through the readers and the encoder.

The recordings are not part of the project; the tests are skipped where they are absent.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tracefork_tui import wire
from tracefork_tui.wire import sse

ROOT = Path(
    os.environ.get("TRACEFORK_RECORDINGS") or Path(__file__).parents[2] / "shared" / "recordings"
)


class Exchange(NamedTuple):
    """One recorded exchange."""

    source: str
    method: str
    url: str
    request: bytes
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def flat(headers: Any) -> list[tuple[str, str]]:
    """Headers of any of the formats as pairs."""
    if isinstance(headers, list):
        return [(str(item["name"]), str(item["value"])) for item in headers]
    items = (headers or {}).items()
    return [
        (str(name), str(value))
        for name, values in items
        for value in (values if isinstance(values, list) else [values])
    ]


def raw(value: Any) -> bytes:
    """A body of any of the formats as bytes."""
    if isinstance(value, dict):
        value = value.get("string", value.get("base64_string"))
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) else b""


def either(record: dict[str, Any]) -> bytes:
    """The body as recorded, or as the recorder parsed it."""
    if "parsed_body" in record:
        return json.dumps(record["parsed_body"]).encode()
    return raw(record.get("body", record.get("content")))


def from_vcr(source: str, record: dict[str, Any]) -> Exchange:
    """VCR.py, Ruby's VCR and go-vcr, which are close to each other."""
    asked, came = record["request"], record["response"]
    status = came.get("status_code", came.get("code", came.get("status")))
    return Exchange(
        source,
        asked["method"],
        asked.get("uri") or asked.get("url") or "",
        either(asked),
        status["code"] if isinstance(status, dict) else status,
        flat(came.get("headers")),
        either(came),
    )


def from_mock(source: str, record: dict[str, Any]) -> Exchange:
    """httpmock, which keeps no host."""
    asked, came = record["when"], record["then"]
    body = raw(came.get("body")) or base64.b64decode(came.get("body_base64") or "")
    if came.get("body_encoding") == "base64":
        body = base64.b64decode(body)
    url = f"http://mock{asked['path']}"
    headers = flat(came.get("header"))
    return Exchange(
        source, asked["method"], url, raw(asked.get("body")), came["status"], headers, body
    )


def from_har(source: str, entry: dict[str, Any]) -> Exchange | None:
    """HAR; bodies that Polly.JS keeps as a list of encoded chunks are left out."""
    asked, came = entry["request"], entry["response"]
    content = came["content"]
    if content.get("encoding") == "base64":
        return None
    posted = (asked.get("postData") or {}).get("text") or ""
    return Exchange(
        source,
        asked["method"],
        asked["url"],
        posted.encode(),
        came["status"],
        flat(came["headers"]),
        (content.get("text") or "").encode(),
    )


def load() -> Iterator[Exchange]:
    """All exchanges of all files that can be read as one."""
    yaml = pytest.importorskip("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(ROOT.rglob("*.y*ml")):
        source = str(path.relative_to(ROOT))
        try:
            documents = list(yaml.load_all(path.read_bytes(), loader))
        except yaml.YAMLError:
            continue
        for document in documents:
            if "when" in document:
                yield from_mock(source, document)
                continue
            for record in document.get("interactions") or document["http_interactions"]:
                yield from_vcr(source, record)
    for path in sorted(ROOT.rglob("*.har")):
        source = str(path.relative_to(ROOT))
        for entry in json.loads(path.read_bytes())["log"]["entries"]:
            if found := from_har(source, entry):
                yield found
    for path in sorted(ROOT.glob("raw-sse/**/*.*")):
        source, lines = str(path.relative_to(ROOT)), path.read_bytes()
        if path.suffix == ".txt":
            events = [line for line in lines.decode().splitlines() if line]
            lines = b"".join(sse.encode(json.loads(line)["type"], line) for line in events)
        headers = [("content-type", "text/event-stream")]
        url = "https://api.anthropic.com/v1/messages"
        yield Exchange(source, "POST", url, b"", 200, headers, lines)


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    if not ROOT.is_dir():
        pytest.skip("no third-party recordings here")
    return list(load())


def test_every_model_exchange_is_read(exchanges: list[Exchange]) -> None:
    known = [one for one in exchanges if wire.api_of(one.url)]
    assert len(known) > 400
    for one in known:
        asked = wire.conversation(one.method, one.url, [], one.request)
        came = wire.reply(one.url, one.status, one.headers, [one.body])
        assert asked is not None or not one.request, one.source
        assert came is not None, one.source
        if one.status >= 400:
            assert came.error, one.source
            assert wire.label(asked, came).startswith(str(one.status)), one.source
        elif came.stop_reason != "refusal":
            assert came.parts, one.source
            assert came.complete or came.error, (one.source, came.problem)
            assert came.usage.input_tokens is not None or b"usage" not in one.body, one.source
        shown = wire.label(asked, came)
        assert shown.isprintable(), one.source
        assert 0 < len(shown) <= 130, one.source


def test_nothing_that_is_asked_or_said_stays_unknown(exchanges: list[Exchange]) -> None:
    names = set()
    for one in exchanges:
        asked = wire.conversation(one.method, one.url, [], one.request)
        came = wire.reply(one.url, one.status, one.headers, [one.body])
        turns = [turn.parts for turn in asked.turns] if asked else []
        for part in [part for parts in turns for part in parts] + list(came.parts if came else ()):
            if part.kind == "unknown":
                names.add(part.name or part.problem)
    assert names <= {"compaction", "additional_tools", "not a message"}


def test_agent_loops_only_grow(exchanges: list[Exchange]) -> None:
    loop = [one for one in exchanges if "customer-support_b7443751" in one.source]
    asked = [wire.conversation(one.method, one.url, [], one.request) for one in loop]
    turns = [one for one in asked if one]
    assert len(turns) > 30
    for before, after in pairwise(turns):
        delta = wire.added(before, after)
        assert not delta.removed
        assert len(delta.added) in (0, 2)


def test_readers_survive_cut_and_flipped_bodies(exchanges: list[Exchange]) -> None:
    for number, one in enumerate(exchanges):
        for seed in (7, 31):
            cut = (number * 7919 * seed) % (len(one.body) + 1)
            flipped = bytearray(one.body)
            if flipped:
                flipped[cut % len(flipped)] ^= 1 << (number % 8)
            for body in (one.body[:cut], bytes(flipped)):
                came = wire.reply(one.url, one.status, one.headers, [body])
                assert wire.label(None, came)
                wire.message_of(one.url, one.headers, [body])
            asked = one.request[: cut % (len(one.request) + 1)]
            wire.conversation(one.method, one.url, [], asked)


def test_recorded_messages_survive_the_round_trip(exchanges: list[Exchange]) -> None:
    done = 0
    for one in exchanges:
        message = wire.message_of(one.url, one.headers, [one.body]) if one.status == 200 else None
        if message is None:
            continue
        headers, chunks = wire.encode_reply(message, one.url, one.headers, [one.body])
        before = wire.reply(one.url, 200, one.headers, [one.body])
        after = wire.reply(one.url, 200, headers, chunks)
        assert before is not None
        assert after is not None
        assert after.parts == before.parts, one.source
        assert (after.id, after.model, after.usage) == (before.id, before.model, before.usage)
        assert after.stop_reason == before.stop_reason
        assert wire.message_of(one.url, headers, chunks) == message, one.source
        done += 1
    assert done > 250


def test_the_sdk_reads_the_re_encoded_recording_as_the_recording(exchanges: list[Exchange]) -> None:
    sdk = pytest.importorskip("tests.test_wire_encode" if __package__ else "test_wire_encode")
    done = 0
    for one in exchanges:
        if wire.api_of(one.url) != "messages" or one.status != 200:
            continue
        message = wire.message_of(one.url, one.headers, [one.body])
        if message is None or message.get("type") != "message":
            continue
        streamed = wire.is_sse(one.headers, one.body)
        read = sdk.claude_stream if streamed else sdk.claude_json
        plain = [("content-type", "text/event-stream" if streamed else "application/json")]
        body = wire.decode(one.body, one.headers)
        again = wire.encode_reply(message, one.url, one.headers, [one.body])
        if not streamed and wire.is_stream(one.headers, one.body):
            assert wire.message_of(one.url, *again) == message, one.source
            continue
        assert sdk.meant(read(*again)) == sdk.meant(read(plain, [body])), one.source
        done += 1
    assert done > 150
