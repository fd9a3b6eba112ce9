"""Each format, from small inputs made by hand: what is on the tape, and what is named as absent."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tracefork_tui.cli import main
from tracefork_tui.interop.importing.go_vcr import duration
from tracefork_tui.interop.importing.yaml_data import DEPTH, documents
from tracefork_tui.tape.check import check
from tracefork_tui.tape.reader import Tape
from tracefork_tui.wire import label_of, reply_of

URL = "https://api.anthropic.com/v1/messages"
ASKED = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "é"}],
}
CAME = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "oui"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
REQUEST = json.dumps(ASKED, ensure_ascii=False, separators=(",", ":"))
REPLY = json.dumps(CAME)


@pytest.fixture
def imported(tmp_path: Path):
    """Imports a file with this content; gives its tape, which `check` finds whole."""

    def importing(name: str, content: bytes | str, *options: str) -> Tape:
        source = tmp_path / name
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = tmp_path / "out.msgpack"
        assert main(["import", str(source), "-o", str(out), *options]) == 0
        assert not check(str(out)).damage
        return Tape(out)

    return importing


def lacks(tape: Tape) -> list[str]:
    found: list[str] = tape.header["imported"]["lacks"]
    return found


def said(tape: Tape) -> list[str]:
    return [note.data["what"] for note in tape.notes if note.kind == "imported"]


def vcr(response: dict[str, Any], request: dict[str, Any] | None = None, **top: Any) -> str:
    asked = {"method": "POST", "uri": URL, "body": REQUEST, "headers": {}, **(request or {})}
    came = {"status": {"code": 200, "message": "OK"}, "headers": {}, **response}
    return json.dumps({"interactions": [{"request": asked, "response": came}], **top})


# VCR.py


@pytest.mark.parametrize("top", [{}, {"version": 1}])
def test_vcrpy(imported, top):
    tape = imported("a.yaml", vcr({"body": {"string": REPLY}}, **top))
    step = tape.step(1)
    assert step.request.body == REQUEST.encode()
    assert (step.request.method, step.request.url) == ("POST", URL)
    assert (step.response.status, step.response.reason) == (200, "OK")
    assert step.response.body == REPLY.encode()
    assert label_of(step) == "oui"
    assert tape.header["imported"]["format"] == "vcrpy"
    assert tape.header["imported"]["source"] == "a.yaml"
    assert tape.header["name"] == "a"
    assert tape.header["keys"] == ["ANTHROPIC_API_KEY"]
    assert "command" not in tape.header
    assert tape.outcome is None
    assert {"command", "draws", "start times", "durations"} <= set(lacks(tape))


BINARY = f"""
interactions:
- request:
    body: !!binary {base64.b64encode(REQUEST.encode()).decode()}
    headers:
      accept: ['*/*']
      x-version: [2023-06-01]
      ? !!python/object/apply:multidict._multidict.istr
      - Host
      : [api.anthropic.com]
    method: POST
    uri: {URL}
  response:
    body:
      string: !!binary |
        {base64.b64encode(gzip.compress(REPLY.encode())).decode()}
    headers:
      Content-Encoding: [gzip]
      Content-Type: [application/json]
    status: {{code: 200, message: OK}}
version: 1
"""


def test_vcrpy_binary_and_python_tags(imported):
    step = imported("a.yaml", BINARY).step(1)
    assert step.request.body == REQUEST.encode()
    assert ("Host", "api.anthropic.com") in step.request.headers
    assert ("x-version", "2023-06-01") in step.request.headers
    assert step.response.header("content-encoding") == "gzip"
    assert gzip.decompress(step.response.body) == REPLY.encode()
    assert reply_of(step).parts[0].text == "oui"


def test_vcrpy_file_in_memory(imported):
    body = "!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary eA==, 0, null]}"
    kept = BINARY.replace(f"!!binary {base64.b64encode(REQUEST.encode()).decode()}", body)
    assert imported("a.yaml", kept).step(1).request.body == b"x"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "**REDACTED**"])
def test_decoded_bodies_lose_the_header_that_lies(imported, encoding):
    headers = {"Content-Encoding": [encoding], "Content-Length": ["7"], "X": ["y"]}
    tape = imported("a.yaml", vcr({"body": {"string": REPLY}, "headers": headers}))
    assert tape.step(1).response.headers == [("X", "y")]
    assert len(said(tape)) == 2
    assert all("dropped" in line for line in said(tape))
    assert next(note for note in tape.notes).data["steps"] == [1]


def test_encoded_bodies_get_the_header_that_is_missing(imported):
    packed = base64.b64encode(gzip.compress(REPLY.encode())).decode()
    tape = imported("a.yaml", vcr({"body": {"base64_string": packed}}))
    assert tape.step(1).response.header("content-encoding") == "gzip"
    assert reply_of(tape.step(1)).parts[0].text == "oui"


def test_a_true_length_stays(imported):
    length = str(len(REPLY.encode()))
    tape = imported(
        "a.yaml", vcr({"body": {"string": REPLY}, "headers": {"content-length": length}})
    )
    assert tape.step(1).response.header("content-length") == length
    assert not said(tape)


def test_parsed_bodies(imported):
    request = {"body": None, "parsed_body": ASKED}
    tape = imported("a.yaml", vcr({"parsed_body": CAME}, request))
    assert tape.step(1).request.body == REQUEST.encode()
    assert reply_of(tape.step(1)).parts[0].text == "oui"
    assert "exact request bytes" in lacks(tape)
    assert "match no request" in said(tape)[0]


def test_httpx_stub_of_old(imported):
    old = {"status": None, "status_code": 429, "http_version": "HTTP/1.1", "content": "no"}
    response = imported("a.yaml", vcr(old)).step(1).response
    assert (response.status, response.http_version, response.body) == (429, "HTTP/1.1", b"no")


def test_other_traffic_is_kept(imported):
    asked = {"method": "GET", "uri": "https://example.com/a?b=c", "body": None}
    step = imported("a.yaml", vcr({"body": {"string": "x"}}, asked)).step(1)
    assert (step.request.method, step.request.url, step.request.body) == (
        "GET",
        "https://example.com/a?b=c",
        b"",
    )


def test_secrets_are_redacted_wherever_they_stand(imported, tmp_path):
    secret = "sk-ant-0123456789"
    asked = {"headers": {"X-Api-Key": [secret]}, "uri": f"{URL}?key={secret}"}
    tape = imported("a.yaml", vcr({"body": {"string": f"you sent {secret}"}}, asked))
    assert secret.encode() not in (tmp_path / "out.msgpack").read_bytes()
    assert tape.step(1).response.body == b"you sent [redacted]"
    assert (tmp_path / "out.msgpack").stat().st_mode & 0o777 == 0o600


def test_what_the_source_scrubbed_is_no_secret(imported):
    asked = {"headers": {"authorization": ["Bearer REDACTED"]}}
    tape = imported("a.yaml", vcr({"body": {"string": "id_REDACTED_1"}}, asked))
    assert tape.step(1).response.body == b"id_REDACTED_1"


# The other cassettes


def test_langchain(imported):
    both = {
        "requests": [{"method": "POST", "uri": URL, "body": REQUEST, "headers": {"a": ["**"]}}],
        "responses": [{"status": {"code": 200, "message": "OK"}, "body": {"string": REPLY}}],
    }
    tape = imported("a.yaml.gz", gzip.compress(json.dumps(both).encode()))
    assert tape.header["imported"]["format"] == "langchain"
    assert label_of(tape.step(1)) == "oui"


def test_go_vcr_keeps_durations(imported):
    one = {
        "id": 0,
        "request": {"method": "POST", "url": URL, "body": REQUEST, "headers": {"A": ["b"]}},
        "response": {
            "proto": "HTTP/2.0",
            "status": "200 OK",
            "code": 200,
            "duration": "1m0.5s",
            "body": REPLY,
            "headers": {},
        },
    }
    tape = imported("a.yaml", json.dumps({"version": 2, "interactions": [one, one]}))
    assert [step.duration for step in tape.steps] == [60.5, 60.5]
    assert (tape.step(1).response.reason, tape.step(1).response.http_version) == ("OK", "HTTP/2.0")
    assert "start times" in lacks(tape)
    assert "durations" not in lacks(tape)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("1.5s", 1.5), ("2m3s", 123.0), ("1h0m0s", 3600.0), ("5ms", 0.005), ("", None), ("x", None)],
)
def test_go_durations(words, seconds):
    assert duration(words) == seconds


def test_ruby_vcr(imported):
    text = f"""---
http_interactions:
- request:
    method: post
    uri: {URL}
    body: {{encoding: UTF-8, string: '{REQUEST}'}}
    headers: {{Accept: ["*/*"]}}
  response:
    status: {{code: 200, message: OK}}
    headers: {{}}
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        {base64.b64encode(REPLY.encode()).decode()}
  recorded_at: Wed, 19 Aug 2026 14:44:51 GMT
recorded_with: VCR 6
"""
    tape = imported("a.yml", text)
    assert tape.step(1).request.method == "POST"
    assert label_of(tape.step(1)) == "oui"
    assert tape.header["imported"]["recorded_at"].startswith("Wed, 19 Aug")


def test_httpmock(imported):
    one = """when:
  path: /v1/messages
  method: POST
  query_param: [{name: beta, value: true}]
  header:
  - name: anthropic-version
    value: 2023-06-01
  body: '{}'
then:
  status: 404
  header: []
  body: bm8=
  body_encoding: base64
"""
    tape = imported("a.yaml", f"{one}---\n{one}")
    assert len(tape.steps) == 2
    step = tape.step(1)
    assert step.request.url == "/v1/messages?beta=true"
    assert step.request.headers == [("anthropic-version", "2023-06-01")]
    assert (step.response.status, step.response.body) == (404, b"no")
    assert "host" in lacks(tape)


# HAR


def entry(start: str, took: float, **content: Any) -> dict[str, Any]:
    return {
        "startedDateTime": start,
        "time": took,
        "timings": {"blocked": -1, "send": 1, "wait": took / 2, "receive": took / 2 - 1},
        "request": {
            "method": "POST",
            "url": URL,
            "httpVersion": "h2",
            "headers": [{"name": ":authority", "value": "x"}, {"name": "a", "value": "b"}],
            "postData": {"mimeType": "application/json", "text": REQUEST},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "h2",
            "headers": [{"name": "content-encoding", "value": "gzip"}],
            "content": {"mimeType": "application/json", "text": REPLY, **content},
        },
    }


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"creator": {"name": "Browser"}, "entries": entries}})


def test_har_times_and_overlap(imported):
    tape = imported(
        "a.har",
        har(
            entry("2026-01-01T00:00:02.000Z", 1000),
            entry("2026-01-01T00:00:00.500Z", 4000),
        ),
    )
    first, second = tape.steps
    assert (first.at, first.ended_at, first.first_at) == (0.0, 4.0, 2.001)
    assert (second.at, second.ended_at) == (1.5, 2.5)
    assert tape.header["started"] == pytest.approx(1767225600.5)
    assert not {"start times", "durations", "time to first byte"} & set(lacks(tape))
    assert first.request.headers == [("a", "b")]
    assert first.response.header("content-encoding") is None


def test_har_of_polly(imported):
    packed = gzip.compress(REPLY.encode())
    chunks = [base64.b64encode(piece).decode() for piece in (packed[:30], packed[30:])]
    one = entry("2026-01-01T00:00:00Z", 10, encoding="base64", text=json.dumps(chunks))
    tape = imported("recording.har", har(one))
    response = tape.step(1).response
    assert [chunk.data for chunk in response.chunks] == [packed[:30], packed[30:]]
    assert response.header("content-encoding") == "gzip"
    assert "chunk boundaries" not in lacks(tape)
    assert label_of(tape.step(1)) == "oui"


def test_har_without_a_response(imported):
    failed = entry("2026-01-01T00:00:00Z", 10)
    failed["response"] = {"status": 0, "_error": "net::ERR_CONNECTION_REFUSED", "content": {}}
    evicted = entry("2026-01-01T00:00:01Z", 10)
    evicted["response"]["content"] = {"size": 99, "mimeType": "image/png"}
    tape = imported("a.har", har(failed, evicted))
    assert tape.step(1).response is None
    assert "REFUSED" in str(tape.step(1).error)
    assert "1 response bodies are not in the file" in said(tape)[0]


# tracefork


def test_tracefork_database(imported, tmp_path):
    path = tmp_path / "made.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE blobs (hash TEXT PRIMARY KEY, data BLOB);"
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT, a TEXT, b TEXT);"
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)"
        )
        pack = zstandard.ZstdCompressor().compress
        blobs = [("q", pack(REQUEST.encode())), ("r", pack(REPLY.encode()))]
        database.executemany("INSERT INTO blobs VALUES (?, ?)", blobs)
        events = [(1, "draw", "clock", "2026-01-01"), (2, "exchange", "q", "r")]
        database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", events)
        database.execute("INSERT INTO meta VALUES ('agent_name', 'mine')")
    database.close()
    tape = imported("a.sqlite", path.read_bytes())
    assert (tape.step(1).name, tape.step(1).value) == ("clock", "2026-01-01")
    assert tape.step(2).request.url == URL
    assert tape.step(2).request.body == REQUEST.encode()
    assert label_of(tape.step(2)) == "oui"
    assert tape.header["name"] == "mine"
    assert any("assumed" in word for word in lacks(tape))
    assert "draws" not in lacks(tape)


def test_tracefork_blob(imported):
    pack = zstandard.ZstdCompressor().compress
    header = {
        "draws": [["uuid", "u"]],
        "exchanges": [["q", "r"]],
        "tool_exchanges": [["t", "r"]],
        "blob_hashes": ["q", "r", "t"],
    }
    called = json.dumps({"method": "tools/call", "params": {"name": "look"}})
    blobs = [pack(body.encode()) for body in (REQUEST, REPLY, called)]
    raw = (
        b"TFTAPE\x00" + struct.pack(">HI", 3, len(json.dumps(header))) + json.dumps(header).encode()
    )
    tape = imported("a.tape", raw + b"".join(struct.pack(">I", len(b)) + b for b in blobs))
    assert [step.kind for step in tape.steps] == ["draw", "exchange", "draw"]
    assert (tape.step(3).name, tape.step(3).value) == ("look", CAME)


def test_tracefork_first_blob(imported):
    both = [base64.b64encode(body.encode()).decode() for body in (REQUEST, REPLY)]
    old = {"exchanges": [both], "draws": [["uuid", "u"]], "agent_name": "old"}
    tape = imported("a.blob", json.dumps(old))
    assert [step.kind for step in tape.steps] == ["draw", "exchange"]


# Inspect


def model_event(**more: Any) -> dict[str, Any]:
    return {
        "event": "model",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "completed": "2026-01-01T00:00:02+00:00",
        "span_id": "s2",
        "model": "anthropic/claude-sonnet-4-5",
        "input": [{"role": "user", "content": "attachment://h"}],
        "tools": [{"name": "look", "description": "d", "parameters": {}}],
        "config": {"max_tokens": 9, "top_p": None},
        "output": {
            "model": "claude-sonnet-4-5",
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "content": [
                            {"type": "reasoning", "reasoning": "hm"},
                            {"type": "text", "text": "oui"},
                        ],
                        "tool_calls": [{"id": "1", "function": "look", "arguments": {"a": 1}}],
                    },
                    "stop_reason": "max_tokens",
                }
            ],
            "usage": {"input_tokens": 3, "output_tokens": 1, "input_tokens_cache_read": 4},
        },
        **more,
    }


TOOL = {
    "event": "tool",
    "timestamp": "2026-01-01T00:00:03+00:00",
    "function": "look",
    "arguments": {"a": 1},
    "result": "found",
}


def sample(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    spans = [
        {"event": "span_begin", "id": "s1", "type": "agent", "name": "react"},
        {"event": "span_begin", "id": "s2", "type": "x", "name": "y", "parent_id": "s1"},
    ]
    return {
        "id": "q",
        "epoch": 2,
        "events": [*spans, *events],
        "attachments": {"h": "long text"},
        "scores": {"match": {"value": 1}},
        **more,
    }


def log(tmp_path: Path, *samples: dict[str, Any]) -> Path:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({"eval": {"task": "quiz"}}))
        for number, one in enumerate(samples, 1):
            archive.writestr(f"samples/q_epoch_{number}.json", json.dumps(one))
    return path


def test_inspect_with_the_api_s_own_bodies(imported, tmp_path):
    call = {"request": {**ASKED, "system": "attachment://h"}, "response": CAME}
    tape = imported("a.eval", log(tmp_path, sample(model_event(call=call), TOOL)).read_bytes())
    step, tool = tape.steps
    assert json.loads(step.request.body)["system"] == "long text"
    assert step.request.url == "inspect://anthropic/v1/messages"
    assert reply_of(step).parts[0].text == "oui"
    assert (step.duration, tool.at) == (2.0, 3.0)
    assert step.task == "react"
    assert (tool.name, tool.value) == ("look", "found")
    told = tape.header["imported"]
    assert (told["task"], told["sample"], told["epoch"]) == ("quiz", "q", 2)
    assert told["left out"] == {"span_begin": 2}
    assert "draws but tool results" in lacks(tape)


def test_inspect_rebuilt_from_its_messages(imported, tmp_path):
    tape = imported("a.eval", log(tmp_path, sample(model_event())).read_bytes())
    step = tape.step(1)
    asked = json.loads(step.request.body)
    assert asked["model"] == "claude-sonnet-4-5"
    assert asked["messages"] == [{"role": "user", "content": "long text"}]
    assert asked["tools"][0]["function"]["name"] == "look"
    reply = reply_of(step)
    assert [part.kind for part in reply.parts] == ["thinking", "text", "tool_use"]
    assert reply.stop_reason == "length"
    assert (reply.usage.input_tokens, reply.usage.cache_read_tokens) == (7, 4)
    assert any("rebuilt" in word for word in lacks(tape))


def test_inspect_pools(imported, tmp_path):
    call = {
        "request": {"model": "claude", "max_tokens": 1},
        "call_refs": [[1, 2]],
        "call_key": "messages",
        "response": CAME,
    }
    pools = {"calls": [{"role": "a"}, {"role": "user", "content": "attachment://h"}]}
    pools["messages"] = [{"role": "user", "content": "pooled"}]
    rebuilt = model_event(input=[], input_refs=[[0, 1]])
    one = sample(model_event(call=call), rebuilt, events_data=pools)
    tape = imported("a.eval", log(tmp_path, one).read_bytes())
    bodies = [json.loads(step.request.body)["messages"] for step in tape.steps]
    assert bodies[0] == [{"role": "user", "content": "long text"}]
    assert bodies[1] == [{"role": "user", "content": "pooled"}]


def test_inspect_errors(imported, tmp_path):
    failed = model_event(error="overloaded", output={}, retries=2)
    raised = {**TOOL, "result": "", "error": {"type": "timeout", "message": "too slow"}}
    one = sample(failed, raised, error={"message": "gave up"})
    tape = imported("a.eval", log(tmp_path, one).read_bytes())
    assert tape.step(1).response is None
    assert "overloaded" in str(tape.step(1).error)
    assert tape.step(2).type == "raised"
    assert tape.header["imported"]["error"] == "gave up"
    assert "2 retries" in said(tape)[0]


def test_inspect_packed_with_zstd_and_in_chunks(imported):
    """As newer versions write them: entries in a compression that zipfile may not know."""
    entries = {
        "header.json": {"eval": {"task": "quiz"}},
        "samples/q_epoch_1/sample.json": {"id": "q", "epoch": 1},
        "samples/q_epoch_1/events/0.json": [model_event(input=[], input_refs=[[0, 1]])],
        "samples/q_epoch_1/events/stats.json": {},
        "samples/q_epoch_1/messages/0.json": [{"role": "user", "content": "attachment://1"}],
        "samples/q_epoch_1/attachments/0.json": ["zero"],
        "samples/q_epoch_1/attachments/1.json": ["one"],
    }
    tape = imported("a.eval", zstd_zip({n: json.dumps(v).encode() for n, v in entries.items()}))
    assert json.loads(tape.step(1).request.body)["messages"][0]["content"] == "one"


def zstd_zip(entries: dict[str, bytes]) -> bytes:
    """A zip whose entries say method 93: stored ones, with the method's number changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, zstandard.ZstdCompressor().compress(content))
        places = [info.header_offset for info in archive.infolist()]
    raw = bytearray(file.getvalue())
    for place in places:
        raw[place + 8 : place + 10] = struct.pack("<H", 93)
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 10 : at + 12] = struct.pack("<H", 93)
        at = raw.find(b"PK\x01\x02", at + 4)
    return bytes(raw)


def test_inspect_json_log(imported):
    tape = imported("a.json", json.dumps({"eval": {"task": "quiz"}, "samples": [sample(TOOL)]}))
    assert tape.step(1).value == "found"


# Streams


@pytest.mark.parametrize("framed", [True, False])
def test_streams(imported, framed):
    events = [
        {"type": "message_start", "message": {**CAME, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "oui"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    ]
    lines = [json.dumps(event) for event in events]
    text = "".join(f"data: {line}\n\n" for line in lines) if framed else "\n".join(lines)
    tape = imported("a.txt", text)
    assert reply_of(tape.step(1)).parts[0].text == "oui"
    assert ("event framing" in lacks(tape)) is not framed


# YAML as data


def test_words_and_numbers():
    text = "[2023-06-01, 1e5, 0x1f, 010, 12:30, yes, null, ~, true, 1, -2, 1.5, .inf, '3', \"\"]"
    assert documents(text.encode()) == [
        [
            *("2023-06-01", "1e5", "0x1f", "010", "12:30", "yes", None, None, True),
            *(1, -2, 1.5, float("inf"), "3", ""),
        ]
    ]


def test_aliases_and_unknown_tags():
    text = b"a: &x !!python/object:os.system {k: [1]}\nb: *x\nc: !!python/name:os.system ''\n"
    assert documents(text) == [{"a": {"k": [1]}, "b": {"k": [1]}, "c": ""}]


def test_aliases_stand_for_little():
    levels = [b"a0: &a0 [x]"] + [
        b"a%d: &a%d [%s]" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)
    ]
    with pytest.raises(ValueError, match="aliases"):
        documents(b"\n".join(levels))
    assert documents(b"&a [*a]") == [[None]]


@pytest.mark.parametrize("text", [b"[" * (DEPTH + 9), b"a: [", b"a: 'b", b"\x01"])
def test_what_is_no_yaml(text):
    with pytest.raises(ValueError, match=r"YAML|nested"):
        documents(text)
