"""Clients that ride on httpx and httpx2: recorded as they are bare, and replayed on the tape alone.

Those that need other people's libraries run in Pythons of their own (see other_pythons).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from matrix import dialects, runs
from matrix.cells import faults
from matrix.server import Sent, Server

NEWER = ["aiohttp_backend", "langchain_agent", "openai_sdk", "pydantic_agent"]
OLDER = ["litellm_agent", "openai_sdk"]


def same_in_three_runs(python: str, name: str, folder: Path) -> None:
    """Bare, recorded and replayed the agent prints the same; the server saw the same twice."""
    tape = folder / "run.msgpack"
    words = runs.command(f"clients/{name}.py", python=python)
    with Server({"spoken": dialects.spoken}) as server:
        where = {
            "ANTHROPIC_BASE_URL": f"{server.url}/spoken.x",
            "OPENAI_BASE_URL": f"{server.url}/spoken.x/v1",
            "OPENAI_API_KEY": "sk-not-a-real-key",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        bare = runs.bare(words, folder, **where)
        assert bare.code == 0, bare.err
        sent_bare = wire(server.forget())
        recorded = runs.record(words, tape, folder, **where)
        assert recorded.code == 0, recorded.err
        assert account(recorded) == account(bare)
        assert wire(server.forget()) == sent_bare
        server.stop()
    replayed, receipt = runs.replay(tape, folder, LITELLM_LOCAL_MODEL_COST_MAP="True")
    assert receipt["proven"], receipt
    assert receipt["exchanges"] == [len(sent_bare), len(sent_bare)]
    assert account(recorded) in replayed.err


def account(ran: runs.Ran) -> str:
    """What the agent tells at its end; litellm's threads talk before that as they like."""
    return ran.out.splitlines()[-1]


def wire(sent: list[Sent]) -> list[str]:
    """What the server saw, but for the order of what was sent at once."""
    return sorted(str((one.line, one.headers, one.framing, one.body)) for one in sent)


def test_openai(tmp_path: Path) -> None:
    same_in_three_runs(sys.executable, "openai_sdk", tmp_path)


@pytest.mark.parametrize("name", NEWER)
def test_newer_clients(name: str, newer: str, tmp_path: Path) -> None:
    same_in_three_runs(newer, name, tmp_path)


@pytest.mark.parametrize("name", OLDER)
def test_older_clients(name: str, older: str, tmp_path: Path) -> None:
    same_in_three_runs(older, name, tmp_path)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_matrix_of_the_older_sdk(mode: str, older: str, tmp_path: Path) -> None:
    assert faults("anthropic", mode, tmp_path, older) == {}


AIOHTTP = """
import asyncio, os, sys
import aiohttp, anthropic, httpx2

BASE = os.environ["ANTHROPIC_BASE_URL"]

async def main():
    async with anthropic.DefaultAioHttpClient() as client:
        print((await client.get(BASE + "/plain.x/")).status_code)
    if sys.argv[1:]:
        async with aiohttp.ClientSession() as session:
            async with session.get(BASE + "/plain.x/") as reply:
                print(reply.status)

asyncio.run(main())
"""


def test_aiohttp_is_named_where_it_is_used_outside_of_the_seam(newer: str, tmp_path: Path) -> None:
    script = tmp_path / "agent.py"
    script.write_text(AIOHTTP)
    with Server() as server:
        where = {"ANTHROPIC_BASE_URL": server.url}
        for words, named in (([], 0), (["outside"], 1)):
            tape = tmp_path / f"run{named}.msgpack"
            done = runs.record([newer, str(script), *words], tape, tmp_path, **where)
            assert done.code == 0, done.err
            notes = runs.shown(tape)["notes"]
            said = [str(note.get("what", note)) for note in notes if "aiohttp" in str(note)]
            assert len([line for line in said if "by aiohttp" in line]) == named, said
