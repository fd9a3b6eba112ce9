"""Libraries that reckon with time: on replay they are told what had passed, and none is lost."""

from __future__ import annotations

import time

import pytest
from cli_runs import TALK, Bench, draws, exchanges
from matrix.server import Server, Talk

LIBRARY = """
    import asyncio, datetime, time
    from time import monotonic

    CLOCKS = [time.monotonic, time.perf_counter, time.time, monotonic, lambda: time.time_ns() / 1e9]
    CLOCKS += [lambda: time.monotonic_ns() / 1e9, lambda: datetime.datetime.now().timestamp()]


    class Limit:
        def __init__(self):
            self.begun = [clock() for clock in CLOCKS]

        def over(self):
            return all(clock() - begun > 0.4 for clock, begun in zip(CLOCKS, self.begun))


    def retry(attempt, pause):
        limit = Limit()
        while True:
            attempt()
            time.sleep(pause)
            if limit.over():
                return


    async def retry_async(attempt, pause):
        limit = Limit()
        while True:
            await attempt()
            await asyncio.sleep(pause)
            if limit.over():
                return
"""
AGENT = """
    import asyncio, os, sys, threading
    import httpx2, patience

    URL = os.environ["ANTHROPIC_BASE_URL"] + "/late.x/v1"
    attempts = []


    def attempt():
        attempts.append(httpx2.post(URL, json={"pause": pause, "attempt": len(attempts)}))


    async def attempt_async():
        async with httpx2.AsyncClient() as client:
            attempts.append(await client.post(URL, json={"pause": pause}))


    for pause in 0.6, 0.0:
        if sys.argv[1] == "sync":
            patience.retry(attempt, pause)
        elif sys.argv[1] == "async":
            asyncio.run(patience.retry_async(attempt_async, pause))
        else:
            thread = threading.Thread(target=patience.retry, args=(attempt, pause))
            thread.start()
            thread.join()
    print(len(attempts))
"""


def late(talk: Talk) -> None:
    """An answer that takes its time where the client does not."""
    if b"0.6" not in talk.sent.body:
        time.sleep(0.6)
    talk.whole([b"{}"])


@pytest.mark.parametrize("way", ["sync", "async", "thread"])
def test_a_library_gives_up_where_it_had(bench: Bench, way: str) -> None:
    """After a wait that the replay skips, and after an answer that had been long in coming."""
    (bench.folder / "site-packages").mkdir()
    bench.write("site-packages/patience.py", LIBRARY)
    with Server({"late": late}) as server:
        env = {"ANTHROPIC_BASE_URL": server.url, "PYTHONPATH": "site-packages"}
        tape = bench.record(AGENT, way, **env)
    assert len(exchanges(tape)) == 2
    done = bench.replay(PYTHONPATH="site-packages")
    assert done.code == 0, done
    assert done.out == "2\n"


DEADLINES = """
    import asyncio
    from talk import BASE, HEADERS, body, http

    async def main():
        loop = asyncio.get_running_loop()
        for number in range(2):
            try:
                async with asyncio.timeout_at(loop.time() + 0.2) as first:
                    if number:
                        first.reschedule(loop.time() + 0.1)
                    await asyncio.sleep(30)
            except TimeoutError:
                print("late")
        order = []

        async def later(name, seconds):
            await asyncio.sleep(seconds)
            order.append(name)

        await asyncio.gather(later("second", 0.3), later("first", 0.02), later("third", 0.6))
        async with http.AsyncClient(headers=HEADERS) as client:
            said = await client.post(BASE + "/v1/messages", json=body(f"{order}"))
        print(said.json()["content"][0]["text"])

    asyncio.run(main())
"""


def test_a_deadline_by_the_loops_clock_is_to_come_as_it_was(bench: Bench) -> None:
    """The replay's loop has a later clock than the recorded one, which the agent reckons with."""
    bench.record(DEADLINES)
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == done.json["unproven"] == [], done


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_how_long_an_answer_took_is_as_recorded(bench: Bench, library: str) -> None:
    bench.write("talk.py", TALK.format(library=library))
    tape = bench.record(
        """
        from talk import ask
        print(ask(f"that took {ask('hello').elapsed}").json())
        """
    )
    assert f"{library}.Response.elapsed" in dict(draws(tape))
    done = bench.replay()
    assert done.code == 0, done
