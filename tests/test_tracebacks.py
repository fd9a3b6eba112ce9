"""What an agent tells its model of an error is what it would tell without being recorded."""

from __future__ import annotations

import sys

import pytest
from cli_runs import Bench

AGENT = """
    import asyncio, os, random, shutil, subprocess, sys, time, traceback
    import httpx2
    from talk import say

    def tells(call, *words, **more):
        try:
            return call(*words, **more)
        except Exception:
            return traceback.format_exc()

    fails = [sys.executable, "-c", "import sys; print(1); sys.exit(3)"]
    told = [
        tells(subprocess.run, fails, check=True, capture_output=True),
        tells(subprocess.check_output, fails),
    ]
    if len(sys.argv) == 1:
        told += [tells(random.choice, []), tells(random.randint, 5, 1), tells(time.localtime, "x")]
        told.append(tells(subprocess.run, ["no-such-command"]))
        told += [tells(subprocess.run, ["ls"], env=env) for env in (["A=1"], {"A": 1})]
        told += [tells(time.sleep, "1"), tells(os.execv, "no-such-command", ["x"])]
        told.append(tells(lambda: asyncio.run(asyncio.sleep("1"))))
        told += [tells(os.stat, path) for path in (None, 1.5, "a\\0b")]
        told += map(str, map(os.path.exists, ["a\\0b", b"agent.py"]))
        told.append(tells(httpx2.get, "http://127.0.0.1:1/"))
    print(shutil.rmtree.avoids_symlink_attacks)
    print("".join(told))
    say("".join(told))
    {}["uncaught"]
"""


def test_tracebacks_are_as_without_us(bench: Bench) -> None:
    bench.write("agent.py", AGENT)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert done.out == bare.out
    assert "no-such-command" in bare.out
    assert "ConnectError" in bare.out
    assert [line for line in done.err.splitlines() if "tracefork-tui:" not in line] == (
        bare.err.splitlines()
    )


GROUP = """
    import asyncio, httpx2

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(httpx2.AsyncClient().get("http://127.0.0.1:1/"))

    asyncio.run(main())
"""
NO_GROUP = """
    import httpx2

    class Failed(Exception):
        exceptions = None

    try:
        httpx2.get("http://127.0.0.1:1/")
    except httpx2.ConnectError as error:
        raise Failed("once") from error
"""


@pytest.mark.parametrize("agent", [GROUP, NO_GROUP], ids=["group", "no group"])
def test_of_a_group_of_errors_each_is_told_as_without_us(bench: Bench, agent: str) -> None:
    bench.record(agent, code=1)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "--force", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert "ConnectError" in bare.err
    assert done.err == bare.err


def test_a_replay_tells_the_same_of_a_command_that_failed(bench: Bench) -> None:
    bench.record(AGENT, "x", code=1)
    again = bench.replay()
    assert again.code == 0, again
    assert "CalledProcessError" in again.out


def test_a_command_that_took_too_long_is_told_so_again(bench: Bench) -> None:
    agent = """
        import subprocess
        from talk import say
        try:
            subprocess.run(["sleep", "60"], timeout=0.05, capture_output=True)
        except subprocess.TimeoutExpired as late:
            say(f"{late!r} {late.stdout} {late.stderr}")
    """
    bench.record(agent)
    assert bench.replay().code == 0


WORDLESS = """
    import tracefork_tui
    from talk import say

    class Bad(Exception):
        def __str__(self):
            raise ValueError("no words")

    def fails():
        raise Bad

    try:
        tracefork_tui.draw("fails", fails)
    except Bad as error:
        say(type(error).__name__)
    raise Bad
"""


def test_an_error_that_cannot_be_told_is_the_agents_all_the_same(bench: Bench) -> None:
    bench.record(WORDLESS, code=1)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "--force", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert "Bad: <exception str() failed>" in bare.err
    assert done.err == bare.err
    assert bench.replay().code == 0
