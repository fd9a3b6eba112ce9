"""Secrets that are split over the chunks of a response."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from cli_runs import Bench, exchanges
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix.server import Server, Talk

from tracefork_tui.debuggee.cleaning import Cleaning
from tracefork_tui.tape.redact import Redactor

KEY = "sk-ant-0123456789abcdef"
TOKEN = "tok-QzF9k2hB7xWv"
URL, EXCHANGE = "https://a.example/v1/messages", "https://a.example/oauth/token"


def cleaned(url: str, chunks: list[bytes], encoding: str = "") -> list[bytes]:
    cleaning = Cleaning(Redactor({"THE_API_KEY": KEY}), url, [("Content-Encoding", encoding)])
    found = [clean for chunk in chunks for clean in cleaning.take(chunk)]
    return found + cleaning.rest()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(min(place, len(data)) for place in places)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@settings(max_examples=300)
@given(st.lists(st.integers(0, 120), max_size=6), st.sampled_from([URL, EXCHANGE]))
def test_no_cut_lets_a_secret_through(places: list[int], url: str) -> None:
    body = {"a": f"key {KEY} and {KEY[:9]}", "access_token": TOKEN, "b": [KEY, "sk-a"]}
    chunks = cut(json.dumps(body).encode(), places)
    found = cleaned(url, chunks)
    whole = b"".join(found)
    assert len(found) == len(chunks)
    assert KEY.encode() not in whole
    assert json.loads(whole)["b"] == ["[redacted]", "sk-a"]
    assert (TOKEN.encode() in whole) == (url == URL)
    assert b"".join(cleaned(url, found)) == whole


def test_what_holds_no_secret_is_not_held() -> None:
    cleaning = Cleaning(Redactor({"THE_API_KEY": KEY}), URL)
    assert cleaning.take(b"data: one\n\n") == [b"data: one\n\n"]
    assert cleaning.take(b"two sk-ant") == []
    assert cleaning.take(b"ique\n") == [b"two sk-ant", b"ique\n"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_packed_token_exchange(encoding: str) -> None:
    body = json.dumps({"access_token": TOKEN, "scope": "all"}).encode()
    data = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    found = cleaned(EXCHANGE, [data[:9], data[9:]] if encoding != "br" else [b"br", b"!"], encoding)
    assert len(found) == 2
    if encoding == "br":
        assert found == [b"", b""]
        return
    unpacked = zlib.decompress(b"".join(found), 47)
    assert json.loads(unpacked) == {"access_token": "[redacted]", "scope": "all"}
    assert cleaned(EXCHANGE, found, encoding) == found


def split(talk: Talk) -> None:
    """A token, and then the key that was sent, each over two chunks."""
    said = dict(talk.sent.headers).get("x-api-key", "").encode()
    head = b'{"access_token":"' + TOKEN.encode()[:7]
    talk.whole([head, TOKEN.encode()[7:] + b'","echo":"' + said[:9], said[9:] + b'"}'])


def test_a_token_over_two_chunks_is_not_on_the_tape(bench: Bench) -> None:
    agent = """
    import httpx2, json, os
    base, key = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
    client = httpx2.Client(headers={"x-api-key": key})
    for path in ("/split.x/oauth/token", "/split.x/other"):
        with client.stream("POST", base + path, json={}) as reply:
            chunks = list(reply.iter_raw())
        said = json.loads(b"".join(chunks))
        print(len(chunks), sorted(said), flush=True)
        assert said["echo"] in (key, "[redacted]"), said
    client.post(base + "/split.x/again", json={"token": said["access_token"]})
    """
    with Server({"split": split}) as server:
        tape = bench.record(agent, ANTHROPIC_BASE_URL=server.url)
    data = bench.path("run.msgpack").read_bytes()
    assert TOKEN.encode() not in data
    for size in range(8, len(TOKEN)):
        assert TOKEN[:size].encode() not in data
    assert len(exchanges(tape)) == 3
    done = bench.replay()
    assert done.code == 0, done
