"""Agents on trio: their answers wait for their turns, and what chance orders there is named."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from matrix import runs
from matrix.server import Server
from test_gate import gate

AGENT = """
import os, random, uuid
import httpx, trio

BASE = os.environ["ANTHROPIC_BASE_URL"]
heard = []

async def one(client, place):
    await trio.sleep(random.random() * 0.02)
    answer = await client.post(BASE + "/plain.x/", json={"place": place, "id": str(uuid.uuid4())})
    heard.append((place, answer.status_code))

async def main():
    async with httpx.AsyncClient() as client:
        await one(client, "first")
        async with trio.open_nursery() as nursery:
            for place in range(4):
                nursery.start_soon(one, client, place)
        async with client.stream("GET", BASE + "/plain.x/") as answer:
            heard.append(len(await answer.aread()))

trio.run(main)
print(sorted(heard[1:5]), heard[0], heard[5])
"""


def test_an_answer_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    @types.coroutine
    def sleep(seconds: float) -> Iterator[None]:
        yield

    lowlevel = SimpleNamespace(current_task=lambda: "a task")
    trio: Any = SimpleNamespace(sleep=sleep, current_time=lambda: 0.0, lowlevel=lowlevel)
    monkeypatch.setitem(sys.modules, "trio", trio)
    held = gate(1, 2)
    waits = held.wait_async(2)
    for _ in range(3):
        waits.send(None)
    held.passed(1)
    with pytest.raises(StopIteration):
        waits.send(None)
    assert held.held
    assert list(held.wait_async(1, cancelled=True).__await__()) == []


def test_a_run_is_replayed(newer: str, tmp_path: Path) -> None:
    if subprocess.run([newer, "-c", "import trio"], capture_output=True).returncode:
        pytest.skip("no trio there")
    script, tape = tmp_path / "agent.py", tmp_path / "run.msgpack"
    script.write_text(textwrap.dedent(AGENT))
    with Server() as server:
        done = runs.record([newer, str(script)], tape, tmp_path, ANTHROPIC_BASE_URL=server.url)
        assert done.code == 0, done.err
        server.stop()
    named = [note["kind"] for note in runs.shown(tape)["notes"]]
    assert named.count("trio") == 1
    replayed, receipt = runs.replay(tape, tmp_path)
    assert receipt["proven"], receipt
    assert done.out.splitlines()[-1] in replayed.err
