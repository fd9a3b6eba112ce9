"""The tools of real frameworks: recorded as draws, and a replay fires none of them.

Runs where the frameworks are: see other_pythons.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench, Done, draws, exchanges
from other_pythons import CHOSEN

COMMON = '''
import json, os, uuid
import anthropic

def fired(name):
    with open("fired.log", "a") as log:
        log.write(name + "\\n")

def plan(*calls):
    return json.dumps(calls)

def sub_agent(question):
    """A tool that talks to a model itself."""
    fired("sub")
    asked = f"{question} ({uuid.uuid4()})"
    client = anthropic.Anthropic()
    reply = client.messages.create(
        model="m", max_tokens=100, messages=[{"role": "user", "content": asked}]
    )
    return reply.content[0].text
'''

RUNNER = '''
from common import *
from anthropic import beta_tool
from anthropic.lib.tools import ToolError

@beta_tool
def charge(amount: int) -> str:
    """Charge a card."""
    fired("charge")
    return f"charged {amount}, receipt {uuid.uuid4()}"

@beta_tool
def deny(why: str) -> str:
    """Deny."""
    fired("deny")
    raise ToolError(f"denied: {why}")

@beta_tool
def ask(question: str) -> str:
    """Ask."""
    return sub_agent(question)

runner = anthropic.Anthropic().beta.messages.tool_runner(
    model="m", max_tokens=400, thread=False, tools=[charge, deny, ask],
    messages=[{"role": "user", "content": plan(
        ["charge", {"amount": 3}], ["deny", {"why": "late"}], ["ask", {"question": "why"}],
        ["charge", {"amount": 4}],
    )}],
)
for message in runner:
    print([getattr(block, "text", block.type) for block in message.content])
'''

RUNNER_ASYNC = '''
import asyncio
from common import *
from anthropic import beta_async_tool

@beta_async_tool
async def charge(amount: int) -> str:
    """Charge a card."""
    await asyncio.sleep(0.02)
    fired("charge")
    return f"charged {amount}, receipt {uuid.uuid4()}"

async def main():
    runner = anthropic.AsyncAnthropic().beta.messages.tool_runner(
        model="m", max_tokens=400, thread=False, tools=[charge],
        messages=[{"role": "user", "content": plan(["charge", {"amount": 3}])}],
    )
    async for message in runner:
        print([getattr(block, "text", block.type) for block in message.content])

asyncio.run(main())
'''

PYDANTIC = '''
import asyncio
from common import *
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.models.anthropic import AnthropicModel

class Receipt(BaseModel):
    id: uuid.UUID
    amount: int

agent = Agent(AnthropicModel("m"), deps_type=str)

@agent.tool_plain
def charge(amount: int) -> Receipt:
    """Charge a card."""
    fired("charge")
    return Receipt(id=uuid.uuid4(), amount=amount)

@agent.tool
async def slow(ctx: RunContext[str], seconds: float) -> str:
    """Take a while."""
    await asyncio.sleep(seconds)
    fired(f"slow {seconds}")
    return f"{ctx.deps} waited {seconds}, {uuid.uuid4()}"

@agent.tool_plain
def deny(why: str) -> str:
    """Deny."""
    fired("deny")
    raise ModelRetry(f"not {why}")

@agent.tool_plain
def ask(question: str) -> str:
    """Ask."""
    return sub_agent(question)

calls = plan(
    ["charge", {"amount": 3}], ["slow", {"seconds": 0.05}], ["slow", {"seconds": 0.01}],
    ["deny", {"why": "now"}], ["ask", {"question": "why"}],
)
result = agent.run_sync(calls, deps="somebody")
print(result.output)
for message in result.all_messages():
    for part in message.parts:
        print(part.part_kind, getattr(part, "tool_name", ""), getattr(part, "content", ""))
'''

LANGCHAIN = '''
import asyncio
from common import *
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import BaseTool, ToolException, tool

@tool
def charge(amount: int) -> str:
    """Charge a card."""
    fired("charge")
    return f"charged {amount}, receipt {uuid.uuid4()}"

@tool
async def late(amount: int) -> dict:
    """Charge later."""
    await asyncio.sleep(0.01)
    fired("late")
    return {"amount": amount, "id": str(uuid.uuid4())}

class Deny(BaseTool):
    name: str = "deny"
    description: str = "Deny."
    handle_tool_error: bool = True

    def _run(self, why: str) -> str:
        fired("deny")
        raise ToolException(f"not {why}")

@tool
def ask(question: str) -> str:
    """Ask."""
    return sub_agent(question)

model = ChatAnthropic(model="m", max_tokens=100)
one = create_agent(model, [charge, Deny(), ask])
asked = plan(["charge", {"amount": 3}], ["charge", {"amount": 4}], ["deny", {"why": "now"}],
             ["ask", {"question": "why"}])
for message in one.invoke({"messages": [("user", asked)]})["messages"]:
    print(message.type, message.content)
two = create_agent(model, [late, charge])
asked = plan(["late", {"amount": 5}], ["charge", {"amount": 6}])
for message in asyncio.run(two.ainvoke({"messages": [("user", asked)]}))["messages"]:
    print(message.type, message.content)
'''

SERVER = '''
import os, uuid
try:
    from mcp.server import MCPServer as Server
except ImportError:
    from mcp.server.fastmcp import FastMCP as Server

with open("fired.log", "a") as log:
    log.write("server\\n")
server = Server("till")

@server.tool()
def charge(amount: int) -> str:
    """Charge a card."""
    with open("fired.log", "a") as log:
        log.write("charge\\n")
    if amount > 10:
        raise ValueError("too much")
    return f"charged {amount}, receipt {uuid.uuid4()}"

@server.resource("price://list")
def prices() -> str:
    return f"prices of {uuid.uuid4()}"

server.run(transport="stdio")
'''

PLAIN = """
import os
import httpx2

def hello():
    turns = [{"role": "user", "content": "hello"}]
    body = {"model": "m", "max_tokens": 9, "messages": turns}
    reply = httpx2.post(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", json=body)
    print(reply.json()["content"][0]["text"])
"""
MCP = """
import asyncio, os, sys
from plain import hello
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    parameters = StdioServerParameters(command=sys.executable, args=["server.py"], cwd=os.getcwd())
    async with stdio_client(parameters) as (reads, writes):
        async with ClientSession(reads, writes) as session:
            await session.initialize()
            tools = await session.list_tools()
            print([tool.name for tool in tools.tools], session.get_server_capabilities()
                  if hasattr(session, "get_server_capabilities") else "")
            for amount in (3, 4, 30):
                print((await session.call_tool("charge", {"amount": amount})).content)
            print((await session.read_resource("price://list")).contents)
            try:
                print((await session.call_tool("nothing", {})).content)
            except Exception as error:
                print(type(error).__name__, error)
    hello()

asyncio.run(main())
"""
MCP_CLIENT = """
import asyncio, os, sys
from plain import hello
from mcp import StdioServerParameters, Client
from mcp.client.stdio import stdio_client

async def main():
    parameters = StdioServerParameters(command=sys.executable, args=["server.py"], cwd=os.getcwd())
    async with Client(stdio_client(parameters)) as client:
        print(client.protocol_version, [tool.name for tool in (await client.list_tools()).tools])
        called = [client.call_tool("charge", {"amount": amount}) for amount in (3, 4)]
        for result in await asyncio.gather(*called):
            print(result.content, result.structured_content)
    hello()

asyncio.run(main())
"""
AGENTS = {
    "runner": RUNNER,
    "runner-async": RUNNER_ASYNC,
    "pydantic": PYDANTIC,
    "langchain": LANGCHAIN,
    "mcp": MCP,
    "mcp-client": MCP_CLIENT,
}


class Model(BaseHTTPRequestHandler):
    """Calls the tools that the first message names, then says what came of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        data = json.dumps(reply(body["messages"])).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def reply(messages: list[Any]) -> Any:
    first = messages[0]["content"]
    text = first if isinstance(first, str) else first[0]["text"]
    content: list[Any] = [{"type": "text", "text": f"heard {len(messages)}: {text[:40]}"}]
    stop = "end_turn"
    if len(messages) == 1 and text.startswith("["):
        content = [
            {"type": "tool_use", "id": f"toolu_{place}", "name": name, "input": given}
            for place, (name, given) in enumerate(json.loads(text))
        ]
        stop = "tool_use"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 5},
    }


@pytest.fixture(scope="module")
def till() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bench(tmp_path: Path, shared: Path, till: str) -> Bench:
    bench = Bench(tmp_path, till, shared / "state of tools")
    bench.write("common.py", COMMON)
    bench.write("plain.py", PLAIN)
    bench.write("server.py", SERVER)
    return bench


Record = Callable[[str], str]


@pytest.fixture
def record(bench: Bench, shared: Path, newer: str) -> Record:
    """Records an agent, once for all tests of it; gives what its tools left behind."""

    def record(source: str) -> str:
        bench.write("agent.py", source)
        key = hashlib.sha256(source.encode() + bench.path("server.py").read_bytes()).hexdigest()
        kept = shared / f"tools {key}"
        with open(shared / f"{kept.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                _record(bench, newer)
                shutil.copytree(bench.folder, kept)
        shutil.copytree(kept, bench.folder, dirs_exist_ok=True)
        return bench.path("fired.log").read_text()

    return record


def _record(bench: Bench, newer: str) -> None:
    done = bench.cli("record", "-o", "run.msgpack", "--", newer, "agent.py")
    if CHOSEN != "1" and "ModuleNotFoundError" in done.err:
        pytest.skip("TRACEFORK_TEST_AGENTS names a Python that has not all of them")
    assert done.code == 0, done


def tools(bench: Bench) -> list[str]:
    return [name for name, _ in draws(bench.open()) if name.startswith(("tool ", "mcp "))]


@pytest.mark.parametrize("name", AGENTS)
def test_a_replay_fires_no_tool(bench: Bench, record: Record, newer: str, name: str) -> None:
    fired = record(AGENTS[name])
    recorded = "".join(text for _, stream, text in bench.open().output() if stream == 1)
    bare = bench.run(newer, "agent.py")
    assert len(recorded) == len(bare.out)
    assert sorted(bench.path("fired.log").read_text()) == sorted(fired * 2)
    bench.path("fired.log").unlink()
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded
    again = bench.path("fired.log").read_text() if bench.path("fired.log").exists() else ""
    assert again == "sub\n" * fired.count("sub")
    assert len(tools(bench)) >= fired.count("\n") - fired.count("server")


PAST = MCP.replace("ClientSession(reads, writes)", "ClientSession(reads, Own(writes))").replace(
    "async def main",
    """class Own:
    def __init__(self, writes):
        self.send = writes.send

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def aclose(self):
        pass

async def main""",
)


def test_a_server_that_is_asked_past_the_seam_is_no_hang(bench: Bench, record: Record) -> None:
    record(PAST)
    done = bench.replay()
    assert done.code == 1
    assert "the agent asked an MCP server for initialize past its ClientSession" in done.err
    assert "Traceback" not in done.err


def test_what_a_server_is_given_in_secret_is_on_no_tape(bench: Bench, record: Record) -> None:
    given = """cwd=os.getcwd(), env={"TILL_TOKEN": "-".join(["till", "5f0c77aa1b2c99"])})"""
    bench.write("server.py", SERVER.replace("receipt {uuid.uuid4()}", "{os.environ['TILL_TOKEN']}"))
    record(MCP.replace("cwd=os.getcwd())", given))
    assert "charged 3, [redacted]" in str(draws(bench.open()))
    assert b"till-5f0c77aa1b2c99" not in bench.path("run.msgpack").read_bytes()
    assert bench.replay().code == 0


def test_what_a_server_calls_back_is_named(bench: Bench, record: Record, newer: str) -> None:
    called = MCP.replace('{"amount": amount})', '{"amount": amount}, progress_callback=heard)')
    called = called.replace("async def main", "async def heard(*said):\n    pass\n\nasync def main")
    record(called)
    assert [note for note in bench.open().notes if note.kind == "mcp"] == []
    server = SERVER.replace(
        "def charge(amount: int) -> str:", "async def charge(amount: int, ctx: Context) -> str:"
    )
    server = server.replace(
        "    if amount > 10", "    await ctx.report_progress(1, 2)\n    if amount > 10"
    )
    bench.write("server.py", "from mcp.server.mcpserver import Context\n" + server)
    done = bench.cli("record", "--force", "-o", "run.msgpack", "--", newer, "agent.py")
    assert done.code == 0, done
    found = [note.data for note in bench.open().notes if note.kind == "mcp"]
    assert [one["what"] for one in found] == ["progress_callback"]
    assert found[0]["site"][0].startswith("agent.py:")


def test_a_tool_that_talks_to_a_model_keeps_its_steps(bench: Bench, record: Record) -> None:
    record(RUNNER)
    tape = bench.open()
    assert len(exchanges(tape)) == 3
    names = [name for name, _ in draws(tape)]
    assert "uuid.uuid4" in names
    asks = next(step for step in tape.steps if getattr(step, "name", "") == "tool ask")
    assert asks.type == "ran"
    assert asks.value.startswith("heard 1: why (")


def test_each_call_of_a_tool_has_its_place(bench: Bench, record: Record) -> None:
    """LangGraph calls tools in threads, where nothing of the user's is on the stack."""
    record(LANGCHAIN)
    calls = [step for step in bench.open().steps if getattr(step, "name", "").startswith("tool ")]
    assert all(step.call_site and step.call_site[0].startswith("agent.py:") for step in calls)


@pytest.mark.parametrize("name", ["runner", "pydantic", "langchain"])
def test_rerun_tools_makes_the_calls_again(bench: Bench, record: Record, name: str) -> None:
    """What they draw within is the tape's, so they give the same."""
    fired = record(AGENTS[name])
    done = bench.replay("run.msgpack", "--rerun-tools")
    assert done.code == 0, done
    again = bench.path("fired.log").read_text()
    assert sorted(again.split("\n")) == sorted((fired * 2).split("\n"))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("tool_error", "failed"),
        ("tool_empty", '"content": ""'),
        ("tool_text:text=no such card", "no such card"),
    ],
)
def test_faults_of_tools(bench: Bench, record: Record, fault: str, seen: str) -> None:
    fired = record(RUNNER)
    tape = bench.open()
    at = next(step.n for step in tape.steps if getattr(step, "name", "") == "tool charge")
    done: Done = bench.fork(at, "--fault", fault, "-o", "child.msgpack")
    assert done.code == 0, done
    child = bench.open("child.msgpack")
    assert child.step(at).provenance == "fault"
    last = json.loads(exchanges(child)[-1].request.body)["messages"][-1]["content"][0]
    assert seen in json.dumps({"content": "", **last}, ensure_ascii=False)
    assert bench.path("fired.log").read_text() == fired + "sub\n" * fired.count("sub")


def test_an_edited_call_is_not_answered_as_if_it_were_the_recorded_one(
    bench: Bench, record: Record
) -> None:
    record(RUNNER)
    first = exchanges(bench.open())[0]
    edit = json.loads(first.response.body)
    edit["content"][0]["input"]["amount"] = 1000
    bench.write("reply.json", json.dumps(edit))
    done = bench.fork(first.n, "--reply", "reply.json", "-o", "child.msgpack")
    assert done.code == 0, done
    child = bench.open("child.msgpack")
    called = [s.provenance for s in child.steps if getattr(s, "name", "") == "tool charge"]
    assert called == ["stale", "recorded"]
    strict = bench.fork(first.n, "--reply", "reply.json", "--strict", "-o", "strict.msgpack")
    assert strict.code == 1
    assert "no equal call of tool charge" in strict.err


REMEMBERS = '''
from common import *
from anthropic import beta_tool

cart = []

@beta_tool
def add(item: str) -> str:
    """Add to the cart."""
    fired("add")
    cart.append(f"{item} {uuid.uuid4()}")
    return "added"

runner = anthropic.Anthropic().beta.messages.tool_runner(
    model="m", max_tokens=400, thread=False, tools=[add],
    messages=[{"role": "user", "content": plan(["add", {"item": "tea"}])}],
)
for message in runner:
    pass
anthropic.Anthropic().messages.create(
    model="m", max_tokens=9, messages=[{"role": "user", "content": f"the cart: {cart}"}]
)
'''


def test_a_tool_that_changes_what_the_agent_remembers(bench: Bench, record: Record) -> None:
    """A replay that does not call it diverges, and says what to do; that is proven."""
    record(REMEMBERS)
    done = bench.replay()
    assert done.code == 1
    assert "1 tool call answered by the tape, not made" in done.err
    assert "--rerun-tools makes its calls" in done.err
    again = bench.replay("run.msgpack", "--rerun-tools")
    assert again.code == 0, again
