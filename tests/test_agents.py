"""Agents of other people's libraries against a Messages server that nobody here wrote.

Their Python (see other_pythons) has no tracefork_tui of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench, Done, exchanges

RUNNER = '''
import pathlib, uuid
from anthropic import Anthropic, beta_tool

@beta_tool
def Write(path: str, contents: str) -> str:
    """Write a file.

    Args:
        path: where
        contents: what
    """
    return f"{len(contents)} bytes in {pathlib.Path(path).name}, receipt {uuid.uuid4()}"

runner = Anthropic().beta.messages.tool_runner(
    model="claude-sonnet-4-20250514:mock-tool-use",
    max_tokens=400,
    max_iterations=3,
    tools=[Write],
    messages=[{"role": "user", "content": "Write the report."}],
)
for turn, message in enumerate(runner):
    print(turn, message.stop_reason, [block.type for block in message.content])
    if turn == 1:
        model = "claude-sonnet-4-20250514:mock-text"
        runner.set_messages_params(lambda params: {**params, "model": model})
'''

PYDANTIC = '''
import asyncio, datetime
from pydantic_ai import Agent, UsageLimitExceeded, UsageLimits, capture_run_messages
from pydantic_ai.models.anthropic import AnthropicModel

agent = Agent(system_prompt="You write files.")

@agent.tool_plain
def Write(path: str, contents: str) -> str:
    """Write a file."""
    return f"{len(contents)} bytes at {datetime.datetime.now():%H:%M:%S.%f}"

def model(scenario):
    return AnthropicModel(f"claude-sonnet-4-20250514:{scenario}")

async def main():
    limits = UsageLimits(request_limit=2)
    with capture_run_messages() as heard:
        try:
            await agent.run("Write it.", model=model("mock-tool-use"), usage_limits=limits)
        except UsageLimitExceeded as error:
            print("stopped:", error)
    streamed = model("mock-anthropic-stream")
    async with agent.run_stream("Sum up.", model=streamed, message_history=heard) as reply:
        async for text in reply.stream_text(delta=True, debounce_by=None):
            print(text, end="|")
    print()

asyncio.run(main())
'''

PLAIN = """
import json, os, random, httpx

headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
turns = [{"role": "user", "content": f"Write file {random.randint(1000, 9999)}."}]

def body(scenario, **more):
    model = f"claude-sonnet-4-20250514:{scenario}"
    return {"model": model, "max_tokens": 200, "messages": turns, **more}

base = os.environ["ANTHROPIC_BASE_URL"]
with httpx.Client(base_url=base, headers=headers, timeout=20) as client:
    def ask(scenario):
        return client.post("/v1/messages", json=body(scenario))

    reply = ask("mock-tool-use").json()
    call = reply["content"][0]
    turns.append({"role": "assistant", "content": reply["content"]})
    result = {"type": "tool_result", "tool_use_id": call.get("id"), "content": "done"}
    turns.append({"role": "user", "content": [result]})
    print("limited:", ask("mock-429").status_code)
    request = body("mock-delay", stream=True)
    with client.stream("POST", "/v1/messages", json=request) as reply:
        for line in reply.iter_lines():
            event = json.loads(line[6:]) if line.startswith("data: ") else {"type": ""}
            if event["type"] == "content_block_delta":
                print(event["delta"]["text"], end="|")
    print()
    print(ask("mock-text").json()["content"][0]["text"])
"""


@pytest.fixture(scope="session")
def foreign(newer: str) -> Iterator[str]:
    """The URL of mock-ai-api's Messages server."""
    words = [newer, "-m", "uvicorn", "app.anthropic_app:app", "--port", "0"]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    lines = iter(server.stderr.readline, "")
    try:
        yield next(match[0] for line in lines if (match := re.search(r"http://[\d.]+:\d+", line)))
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture(params=["runner", "pydantic", "plain"])
def agent(
    request: pytest.FixtureRequest, tmp_path: Path, state: Path, foreign: str, newer: str
) -> Bench:
    """A folder with an agent and its tape."""
    bench = Bench(tmp_path, foreign, state)
    source = {"runner": RUNNER, "pydantic": PYDANTIC, "plain": PLAIN}[request.param]
    bench.write("agent.py", source)
    bare = bench.run(newer, "agent.py")
    assert bare.code == 0, bare
    done = bench.cli("record", "-o", "run.msgpack", "--", newer, "agent.py")
    assert done.code == 0, done
    assert re.sub(r"\d{4}", "", done.out) == re.sub(r"\d{4}", "", bare.out)
    return bench


def test_record_show_replay_fork_diff(agent: Bench) -> None:
    tape = agent.open()
    found = exchanges(tape)
    assert len(found) in (3, 4)
    assert all(step.call_site[0].startswith("agent.py:") for step in found)
    shown = agent.cli("show", "run.msgpack", "--json").json
    rows = [row for row in shown["steps"] if row["kind"] == "exchange"]
    assert rows[0]["tools"] == ["Write"]
    assert rows[0]["stop_reason"] == "tool_use"
    assert rows[0]["model"] == "claude-sonnet-4-20250514"
    assert rows[0]["input_tokens"]
    assert rows[-1]["label"].startswith("Hello. It's nice to meet you.")

    done = agent.replay()
    assert done.code == 0, done
    recorded = "".join(text for _, stream, text in tape.output() if stream == 1)
    assert done.out == recorded

    edit = {"content": [{"type": "text", "text": "I will not write."}], "stop_reason": "end_turn"}
    agent.write("reply.json", json.dumps(edit))
    first, last = found[0].n, found[-1].n
    held(agent, first, "--reply", "reply.json")
    report = held(agent, first, "--fault", "poisoned_argument:path=path,value=/dev/null")
    assert report["rows"]
    held(agent, last, "--fault", "truncated:after=4" if sse(found[-1]) else "refusal")
    if tape.steps[0].n == 1 and getattr(tape.steps[0], "name", "") == "random.randint":
        held(agent, 1, "--draw", "1234")


def held(agent: Bench, at: int, *words: str) -> Any:
    """Fork, and give what `diff --json` says of parent and child."""
    done: Done = agent.fork(at, *words, "-o", "child.msgpack", "--force")
    assert done.code == 0, done
    compared = agent.cli("diff", "run.msgpack", "child.msgpack", "--json")
    assert compared.code == 1, compared
    assert compared.json["shared_prefix"] == at - 1
    assert compared.json["equal"] is False
    assert agent.cli("check", "child.msgpack").code == 0
    return compared.json


def sse(step: Any) -> bool:
    return dict(step.response.headers)["content-type"].startswith("text/event-stream")


def test_the_agents_python_has_nothing_of_ours(agent: Bench, newer: str) -> None:
    done = agent.run(newer, "-c", "import tracefork_tui")
    assert "ModuleNotFoundError" in done.err
    assert sys.prefix.encode() not in agent.path("run.msgpack").read_bytes()
