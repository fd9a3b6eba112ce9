"""Draws in quick succession: few bytes each, none lost, each with its own value and call site."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
from cli_runs import Bench, draws

import tracefork_tui
from tracefork_tui.tape import records
from tracefork_tui.tape.tail import beside

MANY = """
    import json, random, sys, time, uuid
    from talk import say

    random.seed(5)
    seen = []

    def now():
        return time.time()

    def work(n):
        for number in range(n):
            seen.append(["time.time", time.time(), "agent.py:13 in work"])
            seen.append(["time.time", now(), "agent.py:9 in now", "agent.py:14 in work"])
            seen.append(["time.time", now(), "agent.py:9 in now", "agent.py:15 in work"])
            seen.append(["random.random", random.random(), "agent.py:16 in work"])
            if number % 40 == 0:
                seen.append(["uuid.uuid4", str(uuid.uuid4()), "agent.py:18 in work"])
                seen.append(["random.getrandbits", random.getrandbits(90), "agent.py:19 in work"])
            if number % 100 == 50:
                seen.append(["time.time_ns", time.time_ns(), "agent.py:21 in work"])

    say("hello")
    work(200)
    say(f"it is {seen[-1][1]}")
    work(1500)
    print(json.dumps(seen))
"""


def drawn(tape: tracefork_tui.Tape) -> list[list[Any]]:
    """What each draw was, as the agent above tells it."""
    found = []
    for step in tape.steps:
        if step.kind == "draw":
            sites = [site for site in step.call_site if "<module>" not in site]
            value = int(step.value["int"], 16) if isinstance(step.value, dict) else step.value
            found.append([step.name, value, *sites])
    return found


def test_each_is_a_step_with_its_value_and_its_call_site(bench: Bench) -> None:
    tape = bench.record(MANY)
    assert records.DRAWS in tape.index.kinds
    done = bench.replay()
    assert done.code == 0, done
    saw = json.loads(done.out)
    mine = [draw for draw in drawn(tape) if draw[0] != "random.seed"]
    assert mine == saw
    assert [step.n for step in tape.steps] == list(range(1, len(tape.steps) + 1))
    times = [step.at for step in tape.steps]
    assert times == sorted(times)
    assert not os.path.exists(beside(tape.path))


def test_a_run_of_them_is_one_line_of_show(bench: Bench) -> None:
    tape = bench.record(MANY)
    shown = bench.cli("show", "run.msgpack").out.splitlines()
    folded = [line for line in shown if "×" in line]
    assert any("time.time, random.random, uuid.uuid4" in line for line in folded)
    counts = [int(line.partition("×")[2].split()[0]) for line in folded]
    single = [line for line in shown if " ◇ " in line or " ● " in line]
    assert sum(counts) + len(single) - len(folded) == len(tape.steps)
    captured = next(line for line in shown if line.startswith("captured: "))
    clocks = sum(name.startswith("time.") for name, _ in draws(tape))
    assert f"{clocks:,} clock readings" in captured


def test_few_bytes_each(bench: Bench) -> None:
    source = """
        import random, time
        from talk import say

        say("hello")
        for _ in range(20_000):
            time.time()
            random.random()
            time.perf_counter()
    """
    tape = bench.record(source)
    assert len(draws(tape)) == 60_000
    assert os.path.getsize(tape.path) < 60_000 * 12
    assert tape.damage == []
    assert bench.cli("check", "run.msgpack").code == 0
    assert bench.replay().code == 0


def test_a_fork_within_a_run(bench: Bench) -> None:
    tape = bench.record(
        """
        import time
        from talk import say

        say("hello")
        times = [time.time() for _ in range(300)]
        say(f"it is {times[200]}")
        """
    )
    first = next(step.n for step in tape.steps if step.kind == "draw")
    done = bench.fork(first + 200, "--draw", "12.5", "-o", "fork.msgpack")
    assert done.code == 0, done
    fork = bench.open("fork.msgpack")
    assert [step.value for step in fork.steps[first - 1 :][:200]] == [
        step.value for step in tape.steps[first - 1 :][:200]
    ]
    assert fork.steps[first + 199].value == 12.5
    assert fork.steps[first + 199].provenance == "edited"
    assert b"it is 12.5" in fork.steps[-1].request.body


def test_tasks_and_threads_have_their_own(bench: Bench) -> None:
    tape = bench.record(
        """
        import asyncio, json, threading, time
        from talk import say

        say("hello")
        seen = {}

        def draw(name):
            seen.setdefault(name, []).extend(time.monotonic() for _ in range(150))

        async def task(name):
            for _ in range(3):
                draw(name)
                await asyncio.sleep(0)

        async def main():
            await asyncio.gather(*(
                asyncio.create_task(task(f"task {k}"), name=f"task {k}") for k in range(3)
            ))

        draw("")
        asyncio.run(main())
        thread = threading.Thread(target=draw, args=["a thread"], name="a thread")
        thread.start()
        thread.join()
        draw("")
        print(json.dumps(seen))
        """
    )
    done = bench.replay()
    assert done.code == 0, done
    saw = json.loads(done.out)
    found: dict[str, list[float]] = {}
    for step in tape.steps:
        if step.kind == "draw":
            found.setdefault(step.task, []).append(step.value)
    assert found == saw


@pytest.mark.parametrize("whom", ["the agent", "both"])
def test_killed_at_any_draw_none_is_lost(bench: Bench, whom: str) -> None:
    """`both`: the process that records is the one that dies."""
    source = """
        import os, random, signal, sys, time
        from talk import say

        say("hello")
        pid = int(os.readlink("/proc/self"))
        for number in range(1, 3000):
            value = random.random()
            if number == int(sys.argv[1]):
                print(value, flush=True)
                os.kill(pid, signal.SIGKILL)
    """
    bench.write("agent.py", source)
    for number in (1, 5, 60, 2600):
        tape = f"{number}.msgpack"
        if whom == "both":
            inside = (
                f"import tracefork_tui as t\nwith t.record({tape!r}): exec(open('agent.py').read())"
            )
            words = [sys.executable, "-c", inside, str(number)]
        else:
            agent = [sys.executable, "agent.py", str(number)]
            words = bench.words("record", "-o", tape, "--", *agent)
        done = bench.run(*words)
        found = draws(bench.open(tape))
        assert len(found) == number, done
        assert found[-1] == ("random.random", float(done.out)), done


def test_a_forked_child_draws_for_itself(bench: Bench) -> None:
    tape = bench.record(
        """
        import os, time
        from talk import say

        say("hello")
        for _ in range(100):
            time.time()
        child = os.fork()
        for _ in range(100):
            time.time()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        for _ in range(100):
            time.time()
        """
    )
    assert len(draws(tape)) == 300
    assert tape.damage == []


def test_what_an_exception_interrupts(bench: Bench) -> None:
    tape = bench.record(
        """
        import random, time
        from talk import say

        say("hello")
        for number in range(200):
            try:
                random.randint(1, 0 if number % 50 == 49 else 6)
            except ValueError as error:
                print(number, error)
        """
    )
    assert [type(value) for _, value in draws(tape)].count(list) == 4
    done = bench.replay()
    assert done.code == 0, done
    assert [line.split()[0] for line in done.out.splitlines()] == ["49", "99", "149", "199"]


def test_the_jitter_of_a_retry_shifts_no_seeded_agent(bench: Bench) -> None:
    tape = bench.record(
        """
        import random
        from anthropic import Anthropic

        random.seed(7)
        turn = [{"role": "user", "content": "hello there"}]
        ask = {"model": "demo-model", "max_tokens": 200, "messages": turn}
        Anthropic().messages.create(**ask)
        print([random.random() for _ in range(5)])
        """
    )
    assert [step.kind for step in tape.steps][:1] == ["exchange"]
    bare = bench.run(sys.executable, "agent.py").out
    done = bench.fork(1, "--fault", "overloaded", "-o", "fork.msgpack")
    assert done.code == 0, done
    assert done.out.splitlines()[0] == bare.strip()
    retried = [step for step in bench.open("fork.msgpack").steps if step.kind == "exchange"]
    assert len(retried) == 2


IN_C = """
    from uuid import UUID

    def _made():
        with open("/dev/urandom", "rb") as entropy:
            return UUID(bytes=entropy.read(16))

    def uuid4():
        return _made()

    def uuid4_bulk(n):
        return [_made() for _ in range(n)]

    def uuid4_as_strings_bulk(n):
        return [_made().hex for _ in range(n)]
"""
BY_TIME = """
    import time

    def new():
        return f"{time.time_ns():x}"
"""


def test_ids_that_libraries_make_in_c_or_of_the_time(bench: Bench) -> None:
    """Stand-ins of fastuuid and ulid: no call leads to the entropy of the one."""
    (bench.folder / "site-packages").mkdir()
    bench.write("site-packages/fastuuid.py", IN_C)
    (bench.folder / "site-packages" / "ulid").mkdir()
    bench.write("site-packages/ulid/__init__.py", BY_TIME)
    agent = """
        import fastuuid, ulid
        from talk import say

        many = [fastuuid.uuid4_bulk(2), fastuuid.uuid4_as_strings_bulk(2)]
        print(say(str([fastuuid.uuid4(), many, ulid.new()])))
    """
    tape = bench.record(agent, PYTHONPATH="site-packages")
    names = [name for name, _ in draws(tape)]
    ids = ["uuid4_bulk", "uuid4_as_strings_bulk", "uuid4"]
    assert names == [*(f"fastuuid.{name}" for name in ids), "time.time_ns"]
    done = bench.replay(PYTHONPATH="site-packages")
    assert done.code == 0, done
    assert done.out == "".join(text for _, stream, text in tape.output() if stream == 1)
