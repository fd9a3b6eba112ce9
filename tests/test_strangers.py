"""Agents on clients and loops that are not ours: captured, or named where they ask and refused."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli_runs import Bench, exchanges

REQUESTS = """
    import os, requests
    print(requests.get(os.environ["ANTHROPIC_BASE_URL"]).json())
"""
AIOHTTP = """
    import aiohttp, asyncio, os
    async def main():
        async with aiohttp.ClientSession() as session:
            async with session.get(os.environ["ANTHROPIC_BASE_URL"]) as response:
                print(await response.json())
    asyncio.run(main())
"""
GRPC = """
    import os, grpc
    where = os.environ["ANTHROPIC_BASE_URL"].rpartition("/")[2]
    channel = grpc.insecure_channel(where)
    try:
        channel.unary_unary("/a/b")(b"x", timeout=20)
    except grpc.RpcError:
        print("no gRPC server")
"""
STRANGERS = {
    "requests": (REQUESTS, "by requests  (agent.py:3 in <module>)"),
    "aiohttp": (AIOHTTP, "by aiohttp  (agent.py:5 in main)"),
    "grpc": (GRPC, "gRPC channel to "),
}

MIXED = """
    from talk import say
    import os, urllib.request
    print(say("captured"))
    urllib.request.urlopen(os.environ["ELSEWHERE"]).read()
"""


class Elsewhere(BaseHTTPRequestHandler):
    seen = 0

    def do_GET(self) -> None:
        type(self).seen += 1
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another server's URL."""
    Elsewhere.seen = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def has(bench: Bench, python: str, *names: str) -> str:
    """The Python, if it has these libraries; else the test is skipped."""
    if bench.run(python, "-c", f"import {', '.join(names)}").code:
        pytest.skip(f"{python} lacks one of {names}")
    return python


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_named_where_it_asks_and_refused(
    bench: Bench, newer: str, elsewhere: str, name: str
) -> None:
    python = has(bench, newer, name)
    agent, said = STRANGERS[name]
    bench.write("agent.py", agent)
    words = ("record", "-o", "run.msgpack", "--", python, "agent.py")
    done = bench.cli(*words, ANTHROPIC_BASE_URL=elsewhere)
    assert done.code == 1, done
    assert "nothing was captured" in done.err
    assert said in done.err
    assert "(agent.py:" in done.err
    assert said in bench.cli("show", "run.msgpack").out
    seen = Elsewhere.seen
    done = bench.replay()
    assert done.code == 1, done
    assert "; a replay opens none" in done.err
    assert Elsewhere.seen == seen


def test_what_goes_past_the_seam_is_said_when_the_recording_ends(
    bench: Bench, elsewhere: str
) -> None:
    bench.write("agent.py", MIXED)
    words = ("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    done = bench.cli(*words, ELSEWHERE=elsewhere)
    assert done.code == 0, done
    where = elsewhere.rpartition("/")[2]
    said = f"refused by a replay: connection outside the seam: {where}  (agent.py:5 in <module>)"
    assert said in done.err
    assert Elsewhere.seen == 1
    done = bench.replay(ELSEWHERE=elsewhere)
    assert done.code == 1, done
    assert "NOT PROVEN" in done.err
    assert Elsewhere.seen == 1


UVLOOP = """
    import asyncio, os, uuid, anthropic, uvloop
    asked = []
    async def ask(client, text):
        turns = [{"role": "user", "content": text}]
        reply = await client.messages.create(model="demo-model", max_tokens=9, messages=turns)
        asked.append(reply.content[0].text)
    async def main():
        client = anthropic.AsyncAnthropic()
        await asyncio.gather(*[ask(client, f"{n} {uuid.uuid4()}") for n in range(8)])
        await asyncio.sleep(0.05)
        await ask(client, " ".join(asked))
        print(asked[-1], type(asyncio.get_running_loop()).__module__)
    uvloop.run(main())
"""


def test_an_agent_on_uvloop(bench: Bench, newer: str) -> None:
    python = has(bench, newer, "uvloop", "anthropic")
    bench.write("agent.py", UVLOOP)
    done = bench.cli("record", "-o", "run.msgpack", "--", python, "agent.py")
    assert done.code == 0, done
    assert "uvloop" in done.out
    assert len(exchanges(bench.open())) == 9
    again = bench.replay()
    assert again.code == 0, again
    assert again.out == done.out


APP = """
    import asyncio, httpx2, uuid
    from talk import say

    async def app(scope, receive, send):
        await receive()
        text = say(f"asked at {scope['path']} {uuid.uuid4()}").encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text})

    async def main():
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            print((await client.get("/ask")).text)

    asyncio.run(main())
"""


def test_an_app_that_is_called_in_process(bench: Bench) -> None:
    """As a test client calls a server that talks to a model: the app runs on replay too."""
    tape = bench.record(APP)
    assert [step.request.method for step in exchanges(tape)] == ["POST"]
    assert bench.replay().code == 0


MACHINE = """
    import platform
    from talk import say
    print(say("hello"), platform.processor())
"""


def test_what_a_library_asks_of_the_machine_is_no_command_of_the_agent(bench: Bench) -> None:
    tape = bench.record(MACHINE)
    assert [note.data for note in tape.notes if note.kind == "subprocess"] == []
    done = bench.replay()
    assert done.code == 0, done
    assert "it will touch this again" not in done.err
