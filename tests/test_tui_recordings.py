"""Every third-party recording can be looked at: each view of each step is built, and what was said
is in the chat. The recordings are not part of the project; the tests skip where they are absent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tracefork_tui import wire
from tracefork_tui.cli import main
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange
from tracefork_tui.tui.caching import break_at
from tracefork_tui.tui.lanes import Lanes, talk_of
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.rows import row_of
from tracefork_tui.tui.text import plain_lines
from tracefork_tui.tui.views import build, views_of
from tracefork_tui.wire.body import as_json, decode, decode_chunks

ROOT = Path(
    os.environ.get("TRACEFORK_RECORDINGS") or Path(__file__).parents[2] / "shared" / "recordings"
)
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the recordings are not here")
KINDS = sorted(path.name for path in ROOT.iterdir() if path.is_dir()) if ROOT.is_dir() else ["none"]

SAID = re.compile(
    r"\.(messages|input|contents|system|content|choices|output|candidates|instructions)\b"
    r".*\.(text|content|thinking|reasoning_content|refusal|arguments|query|code)$"
)
"""Places of requests and replies that hold what somebody said."""


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from strings(one, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, path)
    elif isinstance(value, str):
        yield path, value


def squeezed(text: str) -> str:
    return re.sub(r"[\s\\]+", "", text)


@pytest.fixture(scope="module", params=KINDS)
def readers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("imported") / request.param
    assert main(["import", str(ROOT / request.param), "-o", str(out)]) == 0
    return [Reader(Tape(path)) for path in sorted(out.rglob("*.msgpack"))]


def test_every_view_of_every_step(readers: list[Reader]) -> None:
    for reader in readers:
        for n in range(1, reader.count + 1):
            assert "cannot be shown" not in row_of(reader, n).words
            for view in views_of(reader.step(n)):
                assert "cannot be shown" not in build(view, reader, n).text
        Lanes([talk_of(reader, n) for n in range(1, reader.count + 1)], 5, {})


def test_what_was_said_is_in_the_chat(readers: list[Reader]) -> None:
    for reader in readers:
        for n in range(1, reader.count + 1):
            step = reader.step(n)
            if not isinstance(step, Exchange) or reader.conversation(n) is None:
                continue
            page = build(views_of(step)[0], reader, n)
            chat = squeezed("\n".join([*page.lines, page.text]))
            for path, text in strings(bodies(step)):
                if SAID.search(path):
                    told = squeezed("\n".join(plain_lines(text)))[:300]
                    assert told.strip('"') in chat, (reader.tape.path, n, path)
            break_at(reader, n)


def bodies(step: Exchange) -> dict[str, Any]:
    """What was sent, and what came back: of a stream, the message that it spells."""
    asked = as_json(decode(step.request.body, step.request.headers))
    response = step.response
    if response is None:
        return {"asked": asked}
    chunks = [chunk.data for chunk in response.chunks]
    body = b"".join(decode_chunks(chunks, response.headers).chunks)
    if wire.is_sse(response.headers, body):
        return {"asked": asked, "got": wire.message_of(step.request.url, response.headers, chunks)}
    return {"asked": asked, "got": as_json(body)}
