"""Which conversation a request belongs to is told by its two ends, however long it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tui_tapes import URL, Maker

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange
from tracefork_tui.tui import talks

Body = dict[str, Any]


def body(first: str, turns: int, before: Body | None = None, after: Body | None = None) -> bytes:
    said = [{"role": "assistant", "content": f"said {n} " + "word " * 40} for n in range(turns)]
    messages = [{"role": "user", "content": first}, *said]
    return json.dumps({**(before or {}), "messages": messages, **(after or {})}).encode()


BRIEF, KIND = {"system": "Be brief."}, {"system": "Be kind."}
LONG_TOOLS = {"tools": [{"name": "t", "description": "x" * 9000}]}
BODIES = [
    *(body("A", turns, BRIEF) for turns in (1, 60, 61, 62)),
    *(body("A", turns, KIND) for turns in (60, 61)),
    *(body("B", turns, None, BRIEF) for turns in (60, 61)),
    *(body("B", turns, None, KIND) for turns in (60, 61)),
    *(body("C", turns, LONG_TOOLS) for turns in (60, 61)),
    *(body("D" * 9000, turns) for turns in (60, 61)),
]


def keys(path: Path) -> list[int]:
    with Tape(path) as tape:
        return [talks.key_of(tape, step) for step in tape.steps if isinstance(step, Exchange)]


def test_a_long_body_has_the_key_that_it_has_when_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Maker(tmp_path / "t.msgpack")
    for one in BODIES:
        run.send(one, URL)
    run.n += 1
    headers = [("content-encoding", "gzip")]
    run.writer.send(run.n, run.n, "", [], 0, "POST", URL, headers, gzip.compress(BODIES[3], 0))
    path = Path(run.close())
    monkeypatch.setattr(talks, "LIMIT", 2000)
    found = keys(path)
    *plain, compressed = found
    groups = [[*plain[:4], compressed], *(plain[k : k + 2] for k in range(4, 14, 2))]
    assert all(len(set(group)) == 1 for group in groups)
    assert len(set(found)) == len(groups)
    whole = []
    monkeypatch.setattr(talks, "_ends", lambda tape, request: whole.append(request) or b"")
    assert keys(path) == found
    assert len(whole) == len(found)


def test_the_middle_of_a_long_body_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Maker(tmp_path / "t.msgpack")
    run.send(body("A", 200, BRIEF), URL)
    path = Path(run.close())
    monkeypatch.setattr(talks, "LIMIT", 2000)
    monkeypatch.setattr(Tape, "request_body", lambda tape, n: pytest.fail("it was read whole"))
    assert all(keys(path))
