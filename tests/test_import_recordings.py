"""Every third-party recording becomes a whole tape with as many exchanges as it has.

The recordings are not part of the project; the tests are skipped where they are absent.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.tape_runs import unique_bytes
from tracefork_tui.cli import main
from tracefork_tui.interop import steps_json, steps_text
from tracefork_tui.tape.check import check
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange
from tracefork_tui.wire.body import decode_chunks

ROOT = Path(
    os.environ.get("TRACEFORK_RECORDINGS") or Path(__file__).parents[2] / "shared" / "recordings"
)
KINDS = {
    "vcrpy": "vcrpy",
    "langchain-yaml-gz": "langchain",
    "go-vcr": "go-vcr",
    "ruby-vcr": "ruby-vcr",
    "httpmock": "httpmock",
    "har": "har",
    "inspect-log": "inspect",
    "tracefork-tape": "tracefork",
    "raw-sse": "sse",
}

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the recordings are not here")


def counts(kind: str) -> dict[str, int]:
    """Interactions by file, as the list of the recordings has them."""
    rows = (line.split(" | ") for line in (ROOT / "SOURCES.md").read_text().splitlines())
    found = ((row[0].lstrip("| "), row[5]) for row in rows if len(row) > 6)
    return {name: int(n) for name, n in found if name.startswith(f"{kind}/") and n.isdigit()}


def stem(name: str) -> str:
    return re.sub(r"(\.(yaml|yml|gz|har))+$", "", name)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tapes(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tape]:
    out = tmp_path_factory.mktemp("imported") / kind
    assert main(["import", str(ROOT / kind), "-o", str(out)]) == 0
    return {str(path.relative_to(out.parent)): Tape(path) for path in out.rglob("*.msgpack")}


def test_all_of_a_kind(kind, tapes):
    files = sum(path.is_file() for path in (ROOT / kind).rglob("*"))
    assert len(tapes) >= files > 0
    assert {tape.header["imported"]["format"] for tape in tapes.values()} == {KINDS[kind]}
    for name, n in counts(kind).items():
        if n:
            assert len(tapes[f"{stem(name)}.msgpack"].steps) == n


def test_whole(tapes):
    for tape in tapes.values():
        report = check(tape.path)
        assert not report.damage
        assert not report.notes


def test_linear(kind, tapes, capsys):
    """The size of a tape is what is new in it, within 1.15, and what steps cost by themselves."""
    total = ideal = 0
    for tape in tapes.values():
        size, unique = os.path.getsize(tape.path), unique_of(tape)
        assert size <= 1.15 * unique + 1024 + 700 * len(tape.steps), tape.path
        total, ideal = total + size, ideal + unique
    with capsys.disabled():
        share = total / ideal
        print(f"\n{kind:<20}{len(tapes):>4} tapes {total:>9} bytes, {share:.3f} of what is new")


def unique_of(tape: Tape) -> int:
    """Bytes of the bodies that no earlier body starts or ends with and no response held, of each
    distinct header and URL, and of the draws.
    """
    bodies: list[tuple[bytes, bytes]] = []
    pairs: set[tuple[str, str]] = set()
    drawn = 0
    for step in tape.steps:
        if not isinstance(step, Exchange):
            drawn += len(repr(step.value))
            continue
        response = step.response
        bodies.append((step.request.body, response.body if response else b""))
        pairs |= {
            ("", step.request.url),
            *step.request.headers,
            *(response.headers if response else ()),
        }
    return unique_bytes(bodies, every=True) + sum(len(a) + len(b) for a, b in pairs) + drawn


def test_shown_and_served(tapes):
    """Every step can be shown, and every body decoded as its headers say."""
    for tape in tapes.values():
        json.dumps(steps_json.document(tape))
        assert list(steps_text.table(tape, 100))
        for step in tape.steps:
            json.dumps(steps_json.whole(tape, step.n))
            assert list(steps_text.whole(tape, step.n))
            response = step.response if step.kind == "exchange" else None
            if response is not None:
                chunks = [chunk.data for chunk in response.chunks]
                assert not decode_chunks(chunks, response.headers).problem


def test_no_credentials_in_headers(tapes):
    for tape in tapes.values():
        for step in tape.steps:
            pairs = step.request.headers if step.kind == "exchange" else []
            secret = [v for k, v in pairs if k.lower() in ("authorization", "x-api-key", "api-key")]
            assert all(value.endswith("[redacted]") for value in secret)
