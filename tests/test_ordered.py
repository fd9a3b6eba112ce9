"""Tasks are begun, cancelled and listed in one order; deadlines pass at their time."""

from __future__ import annotations

import pytest
from cli_runs import Bench
from test_threads import printed

BEGUN = """
    import asyncio, random
    from talk import say

    elsewhere = [object() for _ in range(random.SystemRandom().randrange(5000))]
    heard = []

    async def one(place):
        heard.append((place, asyncio.current_task().get_name()))
        return place

    async def main():
        for first in asyncio.as_completed([one(place) for place in range(12)]):
            await first
        rest = [one(place) for place in range(3)]
        try:
            list(asyncio.as_completed(rest[0]))
        except TypeError:
            print("one is refused")
        print(await asyncio.gather(*rest))

    asyncio.run(main())
    say(str(heard))
"""
CANCELLED = """
    import asyncio, random
    from talk import say

    elsewhere = [object() for _ in range(random.SystemRandom().randrange(5000))]
    heard = []

    async def one(place):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append(place)
            raise

    async def fails():
        await asyncio.sleep(0.01)
        raise ValueError("no")

    async def main():
        try:
            async with asyncio.TaskGroup() as group:
                for place in range(12):
                    group.create_task(one(place))
                group.create_task(fails())
        except* ValueError as error:
            print(error)
        left = [asyncio.create_task(one(place)) for place in range(12)]
        await asyncio.sleep(0)
        every = asyncio.all_tasks()
        print(type(every), len(every), every == {*left, asyncio.current_task()})
        say(str([task.get_name() for task in every]))

    asyncio.run(main())
    say(str(heard))
"""
DEADLINE = """
    import random
    import anyio
    from talk import BASE, HEADERS, body, http, say

    elsewhere = [object() for _ in range(random.SystemRandom().randrange(5000))]
    heard = []

    async def one(client, place):
        try:
            await client.post(BASE + "/v1/messages", json=body("same"))
            await anyio.sleep(place)
            heard.append(f"{place} slept")
        except anyio.get_cancelled_exc_class():
            heard.append(f"{place} cancelled")
            raise

    async def main():
        async with http.AsyncClient(headers=HEADERS) as client:
            with anyio.move_on_after(0.5):
                async with anyio.create_task_group() as group:
                    for place in range(60, 72):
                        group.start_soon(one, client, place)
        before = anyio.current_time()
        await anyio.sleep(0.3)
        heard.append(anyio.current_time() - before >= 0.29)

    anyio.run(main)
    say(str(heard))
"""
BLOCK = """
    import asyncio, time
    from talk import BASE, HEADERS, body, http, say

    heard = []

    async def block():
        for _ in range(3):
            await asyncio.sleep(0)
        time.sleep(0.5)

    async def slept():
        await asyncio.sleep(0.1)
        heard.append("slept")
"""
ANSWERED_AND_LATE = f"""{BLOCK}
    async def one(client, place):
        try:
            heard.append(await asyncio.wait_for(ask(client, place), 0.1))
        except asyncio.TimeoutError:
            heard.append("late")

    async def ask(client, place):
        return (await client.post(BASE + "/v1/messages", json=body(str(place)))).status_code

    async def main():
        async with http.AsyncClient(headers=HEADERS) as client:
            await asyncio.gather(*[ask(client, "first") for place in range(5)])
            await asyncio.gather(*[one(client, place) for place in range(5)], block())

    asyncio.run(main())
    say(str(heard))
"""
SLEPT_AND_WORKED = f"""{BLOCK}
    async def worked():
        await asyncio.to_thread(time.sleep, 0.05)
        heard.append("worked")

    async def main():
        await asyncio.gather(slept(), worked(), block())

    say("first")
    asyncio.run(main())
    say(str(heard))
"""
TIMED_AND_TOLD = f"""{BLOCK}
    import threading

    async def later():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.1, future.set_result, None)
        await future
        heard.append("later")

    async def in_vain():
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.1)
        except asyncio.TimeoutError:
            heard.append("in vain")

    async def told():
        queue, loop = asyncio.Queue(), asyncio.get_running_loop()
        def tell():
            time.sleep(0.05)
            loop.call_soon_threadsafe(queue.put_nowait, "told")
        threading.Thread(target=tell).start()
        heard.append(await queue.get())

    async def main():
        await asyncio.gather(later(), slept(), in_vain(), told(), block())

    asyncio.run(main())
    say(str(heard))
"""


CALLED_AND_TIMED = """
    import asyncio, threading, time
    from talk import say

    heard, blocked = [], threading.Event()

    def work():
        blocked.wait()
        sum(range(1000000))

    async def worked():
        await asyncio.get_running_loop().run_in_executor(None, work)
        heard.append("worked")

    async def slept():
        await asyncio.sleep(0.1)
        heard.append("slept")

    async def block():
        await asyncio.sleep(0.01)
        blocked.set()
        time.sleep(0.5)
        for round in range(9):
            await asyncio.sleep(0)
            heard.append(round)

    async def main():
        await asyncio.gather(worked(), slept(), block())

    asyncio.run(main())
    say(str(heard))
"""
ONE_AFTER_ANOTHER = """
    import asyncio, time
    from talk import say

    heard = []

    async def main():
        loop = asyncio.get_running_loop()
        gone_off = loop.create_future()

        def first():
            time.sleep(0.2)
            gone_off.set_result(None)

        async def then():
            await gone_off
            heard.append("set off by the first")

        task = asyncio.create_task(then())
        loop.call_later(0.05, first)
        loop.call_later(0.1, heard.append, "the second")
        await task
        await asyncio.sleep(0.3)

    asyncio.run(main())
    say(str(heard))
"""


AGENTS = {
    "begun": BEGUN,
    "cancelled": CANCELLED,
    "deadline": DEADLINE,
    "answered and late": ANSWERED_AND_LATE,
    "slept and worked": SLEPT_AND_WORKED,
    "timed and told": TIMED_AND_TOLD,
    "called and timed": CALLED_AND_TIMED,
    "one after another": ONE_AFTER_ANOTHER,
}


@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
def test_tasks_have_one_order(agent: str, bench: Bench) -> None:
    bench.record(agent)
    for _ in range(2):
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == [], done
        assert done.json["unproven"] == []


def test_what_a_task_is_begun_from_is_as_it_was(bench: Bench) -> None:
    tape = bench.record(BEGUN)
    assert "one is refused\n[0, 1, 2]" in printed(tape)
    tape = bench.record(CANCELLED, tape="other.msgpack")
    assert "<class 'set'> 13 True" in printed(tape)
