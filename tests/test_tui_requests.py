"""Requests that are read one after the other are read as each would be by itself."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from tui_tapes import URL, Maker

from tracefork_tui import wire
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange, Request
from tracefork_tui.tui import requests
from tracefork_tui.tui.requests import Requests

CHAT = "https://api.openai.com/v1/chat/completions"
GEMINI = "https://generativelanguage.googleapis.com/v1/models/gemini-3-pro:generateContent"
Message = dict[str, Any]


@pytest.fixture(autouse=True, params=[0, 1, 3])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No body is too small; read at once, or some messages at a time."""
    monkeypatch.setattr(requests, "LEAST", 0)
    if request.param:
        monkeypatch.setattr(requests, "LARGE", 0)
        monkeypatch.setattr(requests, "PART", request.param)


def requests_of(path: Path, bodies: list[tuple[str, bytes]]) -> list[Request]:
    run = Maker(path)
    for url, body in bodies:
        run.send(body, url)
    tape = Tape(run.close())
    return [step.request for step in tape.steps if isinstance(step, Exchange)]


def plainly(request: Request) -> wire.Conversation | None:
    return wire.conversation(request.method, request.url, request.headers, request.body)


def check(path: Path, bodies: list[tuple[str, bytes]]) -> None:
    found = requests_of(path, bodies)
    there_and_back = [*found, *reversed(found), *random.Random(7).sample(found, len(found))]
    reader = Requests()
    for request in there_and_back:
        assert reader.conversation(request) == plainly(request)


def dump(value: object, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def said(n: int) -> Message:
    words = ["plain", 'a "quote", ] and }', "tab\there", "größe 漢字", "back\\slash\\", ""]
    return {"role": ("user", "assistant")[n % 2], "content": words[n % len(words)] + str(n)}


@pytest.mark.parametrize("how", [{}, {"separators": (",", ":")}, {"indent": 1}])
def test_a_conversation_that_grows(tmp_path: Path, how: dict[str, Any]) -> None:
    bodies = []
    for turns in range(1, 12):
        messages = [said(n) for n in range(turns)]
        before = {"model": "claude-opus-4-8", "messages": messages, "max_tokens": turns}
        after = {"tools": [{"name": f"t{turns // 4}"}], "messages": messages, "system": "Be kind."}
        bodies += [(URL, dump(before, **how)), (URL, dump(after, **how))]
    check(tmp_path / "t.msgpack", bodies)


def test_system_messages_first_and_in_between(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    bodies = []
    for turns in range(10):
        messages = [system, system, *(said(n) for n in range(turns))]
        bodies.append((CHAT, dump({"model": "gpt-5", "messages": messages})))
        bodies.append((CHAT, dump({"model": "gpt-5", "messages": [*messages, system, said(1)]})))
    bodies += [(CHAT, dump({"messages": [system] * n})) for n in range(8)]
    check(tmp_path / "t.msgpack", bodies)


def test_the_contents_of_gemini(tmp_path: Path) -> None:
    turns = [{"role": ("user", "model")[n % 2], "parts": [{"text": f"t{n}"}]} for n in range(9)]
    bodies = [(GEMINI, dump({"contents": turns[:n]})) for n in range(1, 9)]
    check(tmp_path / "t.msgpack", bodies)


def test_messages_that_are_taken_out_or_changed(tmp_path: Path) -> None:
    whole = [said(n) for n in range(10)]
    parts = [whole, whole[:4], whole[3:], [*whole[:6], said(77), *whole[6:]], whole[:-1], whole * 2]
    other = [*whole[:5], {"role": "user", "content": "x"}, *whole[6:]]
    bodies = [(URL, dump({"messages": messages})) for messages in (*parts, other, [], whole)]
    check(tmp_path / "t.msgpack", bodies)


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"]",
        b"]}}",
        b"],}",
        b",]}",
        b'], "messages": [{"role": "user", "content": "the last one counts"}]}',
        b'], "m\\u0065ssages": [{"role": "user", "content": "the last one counts"}]}',
        b'], "messages": "no list"}',
        b', {"role": "user", "content": "\xff"}]}',
        b', 7, null, {}, []], "tools": [{"messages": [1, 2, 3, 4]}]}',
        b', [[[], []], {"a": [1, 2]}]]}',
    ],
)
def test_what_is_not_as_it_should_be(tmp_path: Path, end: bytes) -> None:
    whole = dump({"messages": [said(n) for n in range(8)]})
    more = dump({"messages": [said(n) for n in range(9)]})
    bodies = [whole, whole[:-2] + end, more, more[:-2] + end, whole]
    check(tmp_path / "t.msgpack", [(URL, body) for body in bodies])


def test_compressed_and_foreign_bodies(tmp_path: Path) -> None:
    run = Maker(tmp_path / "t.msgpack")
    for turns in range(1, 8):
        body = dump({"messages": [said(n) for n in range(turns)]})
        for encoding, data in (("gzip", gzip.compress(body)), ("", body.decode().encode("utf-16"))):
            run.n += 1
            headers = [("content-encoding", encoding)]
            run.writer.send(run.n, run.n, "", [], 0, "POST", URL, headers, data)
        run.send(body, "https://example.com/v1/messages/")
    reader = Requests()
    for step in Tape(run.close()).steps:
        assert isinstance(step, Exchange)
        assert reader.conversation(step.request) == plainly(step.request)


def test_messages_that_both_have_are_the_same_objects(tmp_path: Path) -> None:
    """What is not decoded again takes no memory again."""
    bodies = [(URL, dump({"messages": [said(k) for k in range(n)]})) for n in (40, 41)]
    reader = Requests()
    one, other = map(reader.conversation, requests_of(tmp_path / "t.msgpack", bodies))
    assert one
    assert other
    assert all(a is b for a, b in zip(one.turns[1:-1], other.turns[1:], strict=False))


def test_a_long_conversation_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as what the parts have in common is small."""
    largest = []
    read = wire.conversation

    def spy(method: str, url: str, headers: Any, body: bytes) -> wire.Conversation | None:
        largest.append(len(body))
        return read(method, url, headers, body)

    monkeypatch.setattr(requests, "LARGE", 1000)
    monkeypatch.setattr(requests, "PART", 4)
    monkeypatch.setattr(wire, "conversation", spy)
    for system, whole in (("Be brief.", False), ("x" * requests.MOST_REPEATED, True)):
        body = dump({"system": system, "messages": [said(n) for n in range(200)]})
        path = tmp_path / f"{whole}.msgpack"
        [request] = requests_of(path, [(URL, body)])
        largest.clear()
        found = Requests().conversation(request)
        assert (max(largest) > len(body) // 2) is whole
        assert found == plainly(request)
