"""An agent run again on an imported cassette: replayed, forked, compared, without a connection."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tracefork_tui.cli import main
from tracefork_tui.tape.reader import Tape
from tracefork_tui.wire import label_of

URL = "https://api.anthropic.com/v1/messages"
AGENT = f"""
import sys
sys.modules["rich"] = None  # httpx loads it for its command line, and it draws
import httpx

turns = []
with httpx.Client(headers={{"x-api-key": "sk-ant-0123456789"}}) as client:
    for word in ("one", "two", "three"):
        turns.append({{"role": "user", "content": word}})
        asked = {{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": turns}}
        came = client.post("{URL}", json=asked)
        said = came.json()["content"][0]["text"] if came.is_success else str(came.status_code)
        turns.append({{"role": "assistant", "content": said}})
        print(said)
"""


def interaction(turns: list[dict[str, Any]], said: str) -> dict[str, Any]:
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": turns}
    came = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": said}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    headers = {"Content-Type": ["application/json"], "Content-Encoding": ["gzip"]}
    return {
        "request": {
            "method": "POST",
            "uri": URL,
            "headers": {"X-Api-Key": ["sk-ant-0123456789"]},
            "body": json.dumps(asked, separators=(",", ":")),
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": headers,
            "body": {"string": json.dumps(came)},
        },
    }


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tape of a cassette of three turns; its bodies are decoded and say that they are not."""
    monkeypatch.chdir(tmp_path)
    Path("agent.py").write_text(AGENT)
    turns: list[dict[str, Any]] = []
    interactions = []
    for word in ("one", "two", "three"):
        turns.append({"role": "user", "content": word})
        interactions.append(interaction(turns, word.upper()))
        turns.append({"role": "assistant", "content": word.upper()})
    Path("cassette.yaml").write_text(json.dumps({"interactions": interactions, "version": 1}))
    assert main(["import", "cassette.yaml", "-o", "t.msgpack"]) == 0
    return "t.msgpack"


def run(*words: str) -> int:
    return main([*words, "--", sys.executable, "agent.py"])


def labels(path: str) -> list[str]:
    return [label_of(step) for step in Tape(path).steps]


def test_replay_is_proven(tape):
    assert run("replay", tape) == 0


def test_fork_with_a_fault(tape):
    assert run("fork", tape, "--at", "2", "--fault", "overloaded", "-o", "f.msgpack") == 0
    steps = Tape("f.msgpack").steps
    assert [step.provenance for step in steps] == ["recorded", "fault", "stale"]
    assert steps[1].response.status == 529
    assert Tape("f.msgpack").fingerprint_at(1) == Tape(tape).fingerprint_at(1)


def test_fork_with_a_reply(tape):
    Path("reply.json").write_text(json.dumps({"content": "else"}))
    assert run("fork", tape, "--at", "3", "--reply", "reply.json", "-o", "f.msgpack") == 0
    assert labels("f.msgpack") == ["ONE", "TWO", "else"]
    assert main(["diff", tape, "f.msgpack"]) == 1


def test_an_agent_that_draws(tape):
    Path("agent.py").write_text(f"import time, uuid\ntime.time(), uuid.uuid4()\n{AGENT}")
    assert run("fork", tape, "--at", "2", "--fault", "overloaded", "-o", "f.msgpack") == 0


def test_without_a_command_it_asks_for_one(tape, capsys):
    assert main(["replay", tape]) == 2
    assert "names no command; give one behind --" in capsys.readouterr().err
