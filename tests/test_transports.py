"""What transports do: a user's own is a part of the exchange; errors have the causes they had."""

from __future__ import annotations

import socket
import sys

from cli_runs import Bench, exchanges

AGENT = """
    import asyncio, random, time, uuid
    from talk import http, say

    def parts():
        for _ in range(3):
            yield uuid.uuid4().bytes

    async def parts_async():
        for part in parts():
            yield part

    def told():
        return {"id": str(uuid.uuid4()), "at": time.time(), "luck": random.random()}

    def handler(request):
        if request.url.path == "/stream":
            return http.Response(200, content=parts())
        return http.Response(200, json={**told(), "said": say("from within")})

    async def handler_async(request):
        if request.url.path == "/stream":
            return http.Response(200, content=parts_async())
        return http.Response(200, json={**told(), "sent": len(await request.aread())})

    seen = []
    with http.Client(transport=http.MockTransport(handler)) as client:
        seen.append(client.get("http://x/a").json())
        with client.stream("GET", "http://x/stream") as answer:
            seen.extend((part, random.random()) for part in answer.iter_raw())
        seen.append(client.post("http://x/a", content=parts()).json())

    async def main():
        async with http.AsyncClient(transport=http.MockTransport(handler_async)) as client:
            seen.append((await client.get("http://x/a")).json())
            async with client.stream("GET", "http://x/stream") as answer:
                async for part in answer.aiter_raw():
                    seen.append((part, random.random()))
            seen.append((await client.post("http://x/a", content=parts_async())).json())

    asyncio.run(main())
    print(say(str(seen)))
"""


def test_a_transport_of_the_users_is_not_asked_again(bench: Bench) -> None:
    tape = bench.record(AGENT)
    assert len(exchanges(tape)) == 7
    draws = [step.name for step in tape.steps if step.kind == "draw"]
    assert sorted(draws) == ["random.random"] * 6 + ["uuid.uuid4"] * 6
    assert {note.kind for note in tape.notes} >= {"covered"}
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == [], done
    assert done.json["unproven"] == []


FAILING = """
    import os
    from talk import http

    def told(error):
        return repr(error), str(error.__cause__), error.__context__ is error.__cause__

    try:
        http.get("http://127.0.0.1:9/")
    except http.ConnectError as error:
        print(told(error))
    try:
        http.get(os.environ["SILENT"], timeout=0.1)
    except http.ReadTimeout as error:
        print(told(error))
"""


def test_causes_are_as_they_were(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        bench.write("agent.py", FAILING)
        words = ("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
        bench.cli(*words, SILENT=where)
        done = bench.replay("run.msgpack", "--json", SILENT=where)
    assert done.json["failures"] == [], done
    assert done.json["unproven"] == []
    assert done.err.count("True") == 2
