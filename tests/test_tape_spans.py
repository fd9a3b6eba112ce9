"""Bodies come back byte for byte, whatever was shared, and the tape grows with what is new."""

from __future__ import annotations

import base64
import json
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tape_runs import (
    HEADER,
    SITE,
    URL,
    compact,
    exchange,
    text,
    unique_bytes,
    write_workload,
)
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.redact import Redactor
from tracefork_tui.tape.spans import Spans
from tracefork_tui.tape.writer import Writer

relaxed = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SPACING = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n\t", " : ")])


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """The bodies of some conversations, turn by turn and interleaved: marks move, windows are
    trimmed, images are in them, any spacing and escaping.
    """
    separators, ascii_only = draw(SPACING), draw(st.booleans())
    indent = draw(st.sampled_from([None, None, 2]))
    talks = [[{"role": "user", "content": draw(st.text())}] for _ in range(draw(st.integers(1, 3)))]
    bodies = []
    for _ in range(draw(st.integers(1, 8))):
        messages = draw(st.sampled_from(talks))
        content: list[Any] = [{"type": "text", "text": draw(st.text(max_size=300))}]
        if draw(st.booleans()):
            data = base64.b64encode(draw(st.binary(max_size=600))).decode()
            content.append({"type": "image", "source": {"type": "base64", "data": data}})
        content.append(draw(JSON))
        for message in messages:
            message.pop("cache_control", None)
        messages.append({"role": "assistant", "content": content})
        if draw(st.booleans()):
            messages[-1]["cache_control"] = {"type": "ephemeral"}
        if draw(st.booleans()):
            del messages[1:2]
        body = {"model": "m", "messages": messages, "tools": draw(JSON), "stream": True}
        order = draw(st.permutations(list(body)))
        body = {key: body[key] for key in order}
        made = json.dumps(body, ensure_ascii=ascii_only, separators=separators, indent=indent)
        bodies.append(made.encode("utf-8", "surrogatepass"))
    return bodies


def round_trip(bodies: list[bytes], replies: list[bytes] | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/t.msgpack"
        writer = Writer.create(path, HEADER)
        for n, body in enumerate(bodies, 1):
            digest = writer.send(n, n, "", SITE, 0, "POST", URL, [], body)
            assert digest == sha256(body).digest()
            for reply in (replies or [])[n - 1 : n]:
                writer.head(n, n, 200, "OK", "HTTP/1.1", [])
                for chunk in (reply[: len(reply) // 3], reply[len(reply) // 3 :]):
                    writer.chunk(n, n, chunk)
                writer.end(n, n, "eof", None, sha256(reply).digest())
        writer.close()
        with Tape(path) as tape:
            for n in reversed(range(1, len(bodies) + 1)):
                assert tape.request_body(n) == bodies[n - 1]
        with Tape(path) as tape:
            for n, body in enumerate(bodies, 1):
                assert tape.request_body(n) == body


@relaxed
@given(st.lists(st.binary(max_size=4000), max_size=6))
def test_arbitrary_bytes(bodies: list[bytes]) -> None:
    round_trip(bodies)


@relaxed
@given(conversations())
def test_conversations(bodies: list[bytes]) -> None:
    round_trip(bodies)


@relaxed
@given(
    st.lists(st.sampled_from(["{", "}", "]", ",", '"', " ", "\n", "a" * 60, "}],"]), max_size=80)
)
def test_what_looks_like_cuts(parts: list[str]) -> None:
    whole = "".join(parts).encode()
    round_trip([whole[:size] + b'],"x":[{}]}' for size in range(0, len(whole), 37)])


@relaxed
@given(conversations(), st.data())
def test_what_a_response_said_comes_back(bodies: list[bytes], data: st.DataObject) -> None:
    replies = [b'{"content":"' + data.draw(st.sampled_from(bodies))[-200:] + b'"}' for _ in bodies]
    round_trip(bodies, replies)


SCHEMAS = [  # the same parts in each of them
    {
        "name": name,
        "input": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    }
    for name in ("search", "book", "cancel", "change", "look up the policy of the company")
]


def growing(n: int) -> list[dict[str, str]]:
    import random

    rng = random.Random(n)
    return [{"role": ("user", "assistant")[i % 2], "content": text(rng, 900)} for i in range(n)]


def stored(tmp_path: Path, bodies: list[bytes]) -> int:
    path = tmp_path / "t.msgpack"
    writer = Writer.create(str(path), HEADER, force=True)
    for n, body in enumerate(bodies, 1):
        writer.send(n, n, "", SITE, 0, "POST", URL, [], body)
    writer.close()
    with Tape(str(path)) as tape:
        assert [tape.request_body(n) for n in range(1, len(bodies) + 1)] == bodies
    return path.stat().st_size


@pytest.mark.parametrize(
    "shape",
    [
        "compact",
        "spaced",
        "indented",
        "messages last",
        "one string",
        "marked",
        "trimmed",
        "schemas",
    ],
)
def test_every_shape_of_a_growing_conversation_is_linear(tmp_path: Path, shape: str) -> None:
    messages = growing(80)
    bodies = []
    for n in range(1, 81):
        sent: list[dict[str, Any]] = [dict(message) for message in messages[:n]]
        if shape == "one string":
            prompt = "\n".join(message["content"] for message in sent)
            bodies.append(compact({"prompt": prompt, "model": "m", "stop": ["\n"]}))
        elif shape == "messages last":
            bodies.append(compact({"model": "m", "messages": sent}))
        elif shape == "spaced":
            bodies.append(json.dumps({"messages": sent, "model": "m"}).encode())
        elif shape == "indented":
            bodies.append(json.dumps({"messages": sent, "model": "m"}, indent=1).encode())
        else:
            if shape == "marked":
                sent[-1]["cache_control"] = {"type": "ephemeral"}
            elif shape == "trimmed":
                sent = sent[:1] + sent[1:][-12:]
            tools = SCHEMAS if shape == "schemas" else [{}]
            bodies.append(
                compact({"max_tokens": 9, "messages": sent, "model": "m", "tools": tools})
            )
    new = sum(len(message["content"]) for message in messages)
    assert stored(tmp_path, bodies) < new * 1.35


def test_interleaved_conversations_are_linear(tmp_path: Path) -> None:
    talks = [growing(20 + k) for k in range(12)]
    bodies = [compact({"messages": talk[:n], "model": "m"}) for n in range(1, 21) for talk in talks]
    assert stored(tmp_path, bodies) < sum(len(compact(talk[:20])) for talk in talks) * 1.35


@pytest.mark.parametrize("n", [50, 200])
def test_workload_is_within_its_unique_bytes(tmp_path: Path, n: int) -> None:
    path = tmp_path / "w.msgpack"
    bodies = write_workload(str(path), n)
    assert path.stat().st_size <= 1.15 * unique_bytes(bodies)


@pytest.mark.parametrize("streamed", [True, False])
def test_what_a_response_said_at_length_is_not_stored_again(tmp_path: Path, streamed: bool) -> None:
    """Sealed reasoning, and results of searches, come in a response and are sent back as they are,
    from a stream too.
    """
    sealed = [base64.b64encode(sha256(bytes([n])).digest() * 60).decode() for n in range(8)]
    said = [{"type": "thinking", "signature": text} for text in sealed]
    events = b"".join(b"event: block\ndata: " + compact(block) + b"\n\n" for block in said)
    reply = events if streamed else compact({"content": said})
    bodies = [compact({"messages": [{"role": "user", "content": "hello"}], "model": "m"})]
    bodies += [compact({"messages": [{"role": "assistant", "content": said}], "model": "m"})]
    path = tmp_path / "t.msgpack"
    writer = Writer.create(str(path), HEADER)
    for n, body in enumerate(bodies, 1):
        exchange(writer, n, n, body, [reply[:500], reply[500:]] if n == 1 else [])
    writer.close()
    with Tape(str(path)) as tape:
        assert tape.request_body(2) == bodies[1]
    assert path.stat().st_size < 1.15 * len(reply) + 2048


# Secrets


def test_redaction_costs_what_is_new_and_is_right_at_the_border() -> None:
    redactor = Redactor({"API_KEY": "sk-0123456789abcdef"})
    spans = Spans()
    looked_at: list[int] = []

    def clean(body: bytes, known: int) -> bytes:
        looked_at.append(len(body) - known)
        return redactor.body("https://host/v1/messages", body, known)

    def take(step: int, body: bytes) -> bytes:
        taken = spans.take(body, clean, redactor.edition)
        data = taken.data
        assert taken.digest == sha256(data).digest()
        spans.add(step, taken)
        return data

    messages = growing(30)
    for n in range(1, 30):
        body = compact({"messages": messages[:n], "model": "m"})
        assert take(n, body) == body
    assert max(looked_at[2:]) < 2500

    body = compact(
        {"messages": [*messages[:29], {"role": "user", "content": "sk-0123456789abcdef"}]}
    )
    assert b"sk-0123" not in take(30, body)
    assert b"sk-0123" not in take(31, body)

    half = b'{"a":[{"k":"' + b"x" * 60 + b'"},{"sk-01234'
    assert take(40, half) == half
    assert take(41, half + b'56789abcdef":1}]}') == half[:-8] + b'[redacted]":1}]}'

    late = compact({"messages": messages, "model": "later-secret-value"})
    assert take(50, late) == late
    redactor.learn(["later-secret-value"])
    assert b"later-secret" not in take(51, late)


@relaxed
@given(
    st.lists(st.sampled_from(["secret99", "secr", "et99", '"},{"', "}],", "x" * 50]), max_size=40)
)
def test_redaction_by_parts_equals_redaction_of_the_whole(parts: list[str]) -> None:
    redactor, spans = Redactor({"A_TOKEN": "secret99"}), Spans()
    whole = "".join(parts).encode()
    for n, size in enumerate(range(0, len(whole) + 1, 23), 1):
        body = whole[:size]
        taken = spans.take(body, lambda data, known: redactor.data(data, known), redactor.edition)
        assert taken.data == redactor.data(body)
        spans.add(n, taken)


# Reading


def test_stepping_back_does_not_put_the_whole_conversation_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.msgpack"
    bodies = write_workload(str(path), 120)

    def read(tape: Tape, n: int) -> int:
        """How many records were read for the body of step `n`, which is as it was sent."""
        tape._records.clear()
        places.clear()
        assert tape.request_body(n) == bodies[n - 1][0]
        return len(places)

    with Tape(str(path)) as tape:
        places: set[int] = set()
        pread = tape.file.pread
        monkeypatch.setattr(
            tape.file, "pread", lambda size, at: (places.add(at), pread(size, at))[1]
        )
        assert read(tape, 120) > 200
        assert max(read(tape, n) for n in range(119, 1, -1)) < 12
        assert max(read(tape, n) for n in range(2, 121)) < 12
        read(tape, 100)
        assert read(tape, 90) < 30
