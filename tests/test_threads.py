"""Threads that race: who gets which work, and in which order it is done, are as recorded.

How long each thread takes is read from a file, through nothing that a replay could know of; the
file is another when the run is replayed.
"""

from __future__ import annotations

import itertools
import uuid

import pytest
from cli_runs import Bench

from tracefork_tui.demo.messages import reply, text
from tracefork_tui.demo.server import serve
from tracefork_tui.replay.boundary import HELD
from tracefork_tui.tape.reader import Tape

PACE = """
    import asyncio, queue, select, threading, time, uuid
    from concurrent.futures import ThreadPoolExecutor
    from talk import say

    with open("pace") as file:
        PACE = [float(word) for word in file.read().split()]

    def busy(place):
        select.select([], [], [], PACE[place % 3])
"""

WORKERS = f"""{PACE}
    def work(place):
        busy(place)
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            heard.append((place, number, say(f"{{place}} asks for {{number}}")))
            busy(place)

    waiting, heard = queue.Queue(), []
    for number in range(5):
        waiting.put(number)
    threads = [threading.Thread(target=work, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(heard)
"""

POOL = f"""{PACE}
    def work(place):
        busy(place)
        drawn = uuid.uuid4()
        return drawn, say(f"{{place}}: {{drawn}}"), time.time()

    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(work, range(6))))
"""

LOOP = f"""{PACE}
    def work(place):
        said = say(f"work {{place}}")
        busy(place)
        return said, time.time()

    async def main():
        async def one(place):
            heard.append((place, await asyncio.to_thread(work, place)))

        async def unheard(place):
            await asyncio.to_thread(busy, place)
            heard.append(place)

        await asyncio.gather(*map(one, range(3)))
        await asyncio.gather(*map(unheard, range(3)))

    heard = []
    asyncio.run(main())
    print(heard, say(str(heard)))
"""


def printed(tape: Tape) -> str:
    return "".join(text for _, stream, text in tape.output() if stream == 1)


def named(tape: Tape) -> set[str]:
    return {note.kind for note in tape.notes} - HELD


PACES = ("0.05 0 0.1", "0.1 0.05 0", "0 0 0")


@pytest.mark.parametrize("agent", [WORKERS, POOL, LOOP], ids=["queue", "pool", "loop"])
def test_a_race_comes_out_as_recorded(bench: Bench, agent: str) -> None:
    bench.write("pace", "0 0.05 0.1")
    recorded = bench.record(agent)
    assert named(recorded) == {"threads"}
    for pace in PACES:
        bench.write("pace", pace)
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == [], done
        assert done.json["unproven"] == []
        assert printed(recorded) in done.err


HEDGED = f"""{PACE}
    def work(place):
        busy(0)
        return say(f"{{place}}")

    async def late():
        loop, one = asyncio.get_running_loop(), ThreadPoolExecutor(1)
        first, second = (loop.run_in_executor(one, work, name) for name in ("first", "second"))
        await first
        busy(1)
        print("of a task", second.cancel(), await asyncio.gather(second, return_exceptions=True))
        one.shutdown()

    pool = ThreadPoolExecutor(1)
    futures = [pool.submit(work, place) for place in range(4)]
    print(futures[0].result())
    busy(1)
    print(futures[2].cancel())
    pool.shutdown(cancel_futures=True)
    print([future.cancelled() for future in futures])
    asyncio.run(late())
"""


@pytest.mark.parametrize("pace", ["0.1 0 0", "0 0.3 0"], ids=["in time", "late"])
def test_work_is_cancelled_before_it_begins_as_it_was(bench: Bench, pace: str) -> None:
    bench.write("pace", pace)
    recorded = bench.record(HEDGED)
    assert ("[False, False, True, True]" in printed(recorded)) == (pace == "0.1 0 0")
    for other in ("0.1 0 0", "0 0.3 0", "0 0 0"):
        bench.write("pace", other)
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == [], done
        assert done.json["unproven"] == []
        assert printed(recorded) in done.err


def test_work_that_was_cancelled_is_done_where_a_fork_does_not_cancel_it(bench: Bench) -> None:
    bench.write("pace", "0.1 0 0")
    bench.record(
        f"""{PACE}
    def work(place):
        busy(0)
        return place

    pool = ThreadPoolExecutor(1)
    futures = [pool.submit(work, place) for place in range(3)]
    futures[0].result()
    if "go on" not in say("what next?"):
        futures[2].cancel()
    pool.shutdown()
    print([future.cancelled() or future.result() for future in futures])
    """
    )
    bench.write("go_on.json", '{"content": "go on", "stop_reason": "end_turn"}')
    done = bench.cli("fork", "run.msgpack", "--at", "1", "--reply", "go_on.json")
    assert "[0, 1, 2]" in done.out + done.err, done


EQUAL = f"""{PACE}
    def work(place):
        busy(place)
        return say("hello")

    with ThreadPoolExecutor(3) as pool:
        print(list(pool.map(work, range(3))))
"""


def test_equal_requests_get_the_answers_that_their_own_had(bench: Bench) -> None:
    numbers = itertools.count()
    bench.write("pace", "0 0.05 0.1")
    with serve(script=lambda request: reply(text(f"answer {next(numbers)}"))) as url:
        recorded = bench.record(EQUAL, ANTHROPIC_BASE_URL=url)
    for pace in PACES:
        bench.write("pace", pace)
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == done.json["unproven"] == [], done
        assert printed(recorded) in done.err


FAN = f"""{PACE}
    def work(place):
        busy(place)
        first = say(f"{{place}}: {{uuid.uuid4()}}")
        busy(place + 1)
        return say(f"{{first}} at {{time.time()}}")

    with ThreadPoolExecutor(3) as pool:
        heard = list(pool.map(work, range(3)))
    print(say(str(heard)))
"""


def test_a_fork_has_the_recorded_prefix_whoever_comes_first(bench: Bench) -> None:
    bench.write("pace", "0 0.05 0.1")
    steps = bench.record(FAN).steps
    bench.write("reply.json", '{"content": [{"type": "text", "text": "edited"}]}')
    for pace, at in zip(itertools.cycle(PACES), range(1, len(steps), 3)):
        bench.write("pace", pace)
        drawn = {"uuid.uuid4": str(uuid.UUID(int=at)), "time.time": "1.5"}
        step = steps[at - 1]
        words = ["--draw", drawn[step.name]] if step.kind == "draw" else ["--reply", "reply.json"]
        done = bench.fork(at, *words, "--json")
        assert done.code == 0, done
        assert done.json["prefix"]["failures"] == [], done


PAIR = f"""{PACE}
    def work(place):
        drawn = uuid.uuid4() if place else ""
        busy(place)
        return say(f"{{place}} {{drawn}}")

    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(work, range(2))))
"""


def test_a_thread_is_answered_with_its_own_stale_reply(bench: Bench) -> None:
    bench.write("pace", "0.1 0.3 0")
    steps = bench.record(PAIR).steps
    at = next(step.n for step in steps if step.kind == "draw")
    bench.write("pace", "0.3 0 0")
    done = bench.fork(at, "--draw", str(uuid.UUID(int=7)), "-o", "child", "--json")
    assert done.json["prefix"]["failures"] == [], done
    stale = [step for step in bench.open("child").steps if step.provenance == "stale"]
    assert [step.task for step in stale] == [steps[at - 1].task]


LOCKED = f"""{PACE}
    def work(place):
        busy(place)
        with lock:
            return say(f"{{place}}")

    lock = threading.Lock()
    with ThreadPoolExecutor(2) as pool:
        print(list(pool.map(work, range(2))))
"""


def test_a_thread_that_is_ahead_with_a_lock_is_let_go(bench: Bench) -> None:
    bench.write("pace", "0 0.3 0")
    bench.record(LOCKED)
    bench.write("pace", "0.3 0 0")
    bench.write("reply.json", '{"content": [{"type": "text", "text": "edited"}]}')
    done = bench.fork(1, "--reply", "reply.json", "-o", "child", "--json")
    assert done.code == 0, done
    assert done.json["prefix"]["failures"] == []
    assert done.json["provenances"] == {"recorded": 1}
    assert bench.open("child").steps[0].provenance == "edited"


CHANCE = """
    import os
    from talk import say
    print("one")
    print(say("hello"), "again" if os.path.exists("again") else "")
"""


def test_what_it_printed_is_compared(bench: Bench) -> None:
    bench.record(CHANCE)
    assert bench.replay("run.msgpack", "--json").json["unproven"] == []
    bench.write("again", "")
    done = bench.replay("run.msgpack", "--json")
    assert done.code == 0
    assert done.json["unproven"] == ["what it printed: line 2 is not as recorded"]


NAMED = """
    import asyncio, uuid
    from talk import say

    async def one():
        return uuid.uuid4()

    async def main():
        with open("names") as file:
            for name in file.read().split():
                drawn.append(await asyncio.create_task(one(), name=name))

    drawn = []
    asyncio.run(main())
    print(say(str(drawn)))
"""


def test_which_task_drew_is_compared(bench: Bench) -> None:
    bench.write("names", "search write")
    bench.record(NAMED)
    assert bench.replay("run.msgpack", "--json").json["unproven"] == []
    bench.write("names", "read find")
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == []
    assert done.json["unproven"] == ["which task drew what: steps 1, 2"]


SETS = """
    import asyncio, random, time
    from concurrent.futures import ThreadPoolExecutor, as_completed, wait
    from talk import say

    elsewhere = [object() for _ in range(random.SystemRandom().randrange(5000))]

    def work(place):
        return place, say(f"work {place}")

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work, place) for place in range(6)]
        say(str([future.result() for future in as_completed(futures)]))
        futures = [pool.submit(work, place) for place in range(6)]
        done, rest = wait(futures)
        print(type(done), isinstance(done, set), len(rest))
        say(str([future.result() for future in done]))

    async def one(place):
        await asyncio.sleep(0.01)
        return place

    async def main():
        tasks = {asyncio.create_task(one(place)) for place in range(12)}
        done, rest = await asyncio.wait(tasks)
        say(str([task.result() for task in done]))
        tasks = [asyncio.create_task(one(place)) for place in range(12)]
        done, rest = await asyncio.wait(tasks, timeout=0)
        say(str([task.get_name() for task in rest]))
        await asyncio.gather(*rest)

    asyncio.run(main())
"""


def test_sets_of_what_is_done_are_seen_in_their_order(bench: Bench) -> None:
    tape = bench.record(SETS)
    assert "<class 'set'> True 0" in printed(tape)
    assert named(tape) == {"threads"}
    for _ in range(2):
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == [], done
        assert done.json["unproven"] == []


BOTH = """
    import asyncio, subprocess
    from talk import say

    def work(place):
        return say(f"work {place}")

    async def one(place):
        subprocess.run(["true"])
        heard.append((place, await asyncio.to_thread(work, place)))

    async def main():
        await asyncio.gather(*map(one, range(4)))

    heard = []
    asyncio.run(main())
    print(heard)
"""


def test_calls_and_work_have_turns_of_their_own(bench: Bench) -> None:
    bench.record(BOTH)
    for _ in range(2):
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == done.json["unproven"] == [], done


PHASES = """
    import asyncio, time
    from talk import BASE, HEADERS, body, http

    async def one(client, place):
        answer = await client.post(BASE + "/v1/messages", json=body(f"{place}"))
        stream = lines(answer.text)
        async for line in stream:
            break
        return place, time.time()

    async def lines(text):
        for line in text.splitlines():
            yield line

    async def main():
        async with http.AsyncClient(headers=HEADERS) as client:
            return await asyncio.gather(*(one(client, place) for place in range(3)))

    print(asyncio.run(main()))
    print(asyncio.run(main()))
"""


LEFT_BEHIND = """
    import asyncio, gc, os, time
    from talk import say

    class Client:
        def __init__(self):
            self.itself = self

        async def aclose(self):
            pass

        def __del__(self):
            asyncio.get_running_loop().create_task(self.aclose())
            asyncio.create_task(self.aclose())

    async def one():
        return time.time()

    async def main():
        Client()
        if os.path.exists("soon"):
            gc.collect()
        drawn = await asyncio.create_task(one())
        gc.collect()
        return drawn

    gc.disable()
    print(asyncio.run(main()), say("hello"))
"""


def test_tasks_that_close_what_is_left_behind_have_no_number(bench: Bench) -> None:
    bench.record(LEFT_BEHIND)
    bench.write("soon", "")
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == done.json["unproven"] == [], done


def test_tasks_have_the_same_names_without_the_transport(bench: Bench) -> None:
    tape = bench.record(PHASES)
    drawn = [step.task for step in tape.steps if step.kind == "draw"]
    assert set(drawn[-3:]) == {"Task-8", "Task-9", "Task-10"}, drawn
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == done.json["unproven"] == [], done


WAITS = """
    import queue, threading
    from talk import say

    with open("limit") as file:
        limit = float(file.read())

    stop, fired, nothing = threading.Event(), threading.Event(), queue.Queue()
    for turn in range(3):
        print(stop.wait(limit), say(f"turn {turn}"))
    try:
        nothing.get(timeout=limit)
    except queue.Empty:
        print(say("nothing came"))

    def fire():
        print(say("fired"))
        fired.set()

    threading.Timer(limit, fire).start()
    cancelled = threading.Timer(limit + 60, fire)
    cancelled.start()
    print(fired.wait(limit + 60), say("after it"))
    cancelled.cancel()
"""


def test_a_wait_with_a_limit_takes_no_time_on_replay(bench: Bench) -> None:
    bench.write("limit", "0.05")
    tape = bench.record(WAITS)
    assert "False You said: turn 2" in printed(tape)
    assert "True You said: after it" in printed(tape)
    bench.write("limit", "3600")
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == done.json["unproven"] == [], done


CANCELLED_AND_WAITED_FOR = """
    import threading
    from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
    from talk import say

    heard, let_go = [], threading.Event()
    with ThreadPoolExecutor(1) as pool:
        work = [pool.submit(let_go.wait) for _ in range(4)]
        print([future.cancel() for future in work[1:]])
        let_go.set()
        for future in as_completed(work):
            try:
                heard.append(future.result())
            except CancelledError:
                heard.append("cancelled")
    say(str(heard))
"""


def test_who_waits_for_cancelled_work_is_told(bench: Bench) -> None:
    bench.record(CANCELLED_AND_WAITED_FOR)
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == [], done
