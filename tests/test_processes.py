"""Processes that an agent starts: a replay gives what they said, and starts none."""

from __future__ import annotations

import sys

import pytest
from cli_runs import Bench

from tracefork_tui.tape.steps import Draw

TALKED = """
    import os, subprocess, sys, threading
    from subprocess import PIPE, STDOUT, Popen
    from talk import say

    def fire(words):
        return f"echo fired >> fired.log; {words}"

    words = fire("date +%N; echo err >&2; exit 3")
    p = Popen(words, shell=True, stdout=PIPE, stderr=PIPE, text=True)
    print(p.communicate(), p.returncode, isinstance(p, Popen), p.args)
    with Popen(["sh", "-c", fire("for i in 1 2 3; do date +%N; done")], stdout=PIPE) as p:
        print([line for line in p.stdout], p.stdout.closed)
    print(p.returncode, p.pid)
    shout = "import sys, time\\nfor l in sys.stdin: print(l.upper(), time.time_ns(), flush=True)"
    p = Popen([sys.executable, "-c", shout], stdin=PIPE, stdout=PIPE, text=True, bufsize=1)
    for word in ("one", "two"):
        print(p.stdin.write(word), file=p.stdin, flush=True)
        print(p.stdout.readline())
    p.stdin.close()
    print(p.stdout.read(), p.wait(), p.poll())
    p = Popen(["sleep", "60"])
    try:
        p.wait(timeout=0.1)
    except subprocess.TimeoutExpired as late:
        print(repr(late), late.timeout)
    print(p.poll())
    p.kill()
    print(p.wait())
    try:
        Popen(["no-such-command"])
    except FileNotFoundError as error:
        print(repr(error), error.filename)
    said = []
    p = Popen(["sh", "-c", fire("date +%N; date +%N")], stdout=PIPE, stderr=STDOUT, text=True)
    reader = threading.Thread(target=lambda: said.extend(p.stdout))
    reader.start()
    reader.join()
    print(said, p.wait())
    buffer = bytearray(3)
    p = Popen(["cat"], stdin=PIPE, stdout=PIPE)
    print(p.stdin.write(b"hello"), p.stdin.closed)
    p.stdin.close()
    print(p.stdout.readinto(buffer), buffer, p.stdout.read(), p.wait())
    print(Popen(["cat"], stdin=PIPE, stdout=PIPE).communicate(b"hello"))
    with os.popen(fire("date +%N; echo b; exit 3")) as lines:
        print(type(lines).__name__, list(lines))
    p = os.popen(fire("date +%N"))
    print(p.read(), p.close())
    p = os.popen(fire("cat > /dev/null; exit 2"), "w")
    print(p.write("hello"), p.close())
    print(say(str(said)))
"""

AWAITED = """
    import asyncio, sys
    from asyncio.subprocess import PIPE, Process, create_subprocess_exec as start
    from talk import say

    async def sh(words, stderr=None):
        words = f"echo fired >> fired.log; {words}"
        p = await asyncio.create_subprocess_shell(words, stdout=PIPE, stderr=stderr)
        out, err = await p.communicate()
        return out, err, p.returncode

    async def main():
        print(await sh("date +%N; echo err >&2; exit 4", PIPE))
        print(await asyncio.gather(*[sh(f"sleep 0.{n}; date +%N") for n in (3, 1, 2)]))
        order = []
        for first in asyncio.as_completed([sh(f"sleep 0.{n}; echo {n}") for n in (3, 1, 2)]):
            order.append(await first)
        print(order)
        shout = "import sys, time\\nfor l in sys.stdin: print(l, time.time_ns(), flush=True)"
        p = await start(sys.executable, "-c", shout, stdin=PIPE, stdout=PIPE)
        for word in (b"one\\n", b"two\\n"):
            p.stdin.write(word)
            await p.stdin.drain()
            print(await p.stdout.readline(), await p.stdout.readuntil(), p.stdout.at_eof())
        p.stdin.close()
        print(await p.wait(), p.pid, isinstance(p, Process))
        p = await start("sh", "-c", "date +%N; date +%N", stdout=PIPE)
        print([line async for line in p.stdout], await p.wait(), p.returncode)
        p = await start("sleep", "60")
        try:
            await asyncio.wait_for(p.wait(), 0.1)
        except asyncio.TimeoutError:
            print("late", p.returncode)
        p.kill()
        print(await p.wait())
        try:
            await start("no-such-command")
        except FileNotFoundError as error:
            print(repr(error), error.filename)
        print(say(str(order)))

    asyncio.run(main())
"""


@pytest.mark.parametrize("agent", [TALKED, AWAITED], ids=["subprocess", "asyncio"])
def test_a_replay_starts_no_process(bench: Bench, agent: str) -> None:
    bench.write("agent.py", agent)
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert done.code == 0, done
    fired = bench.path("fired.log").read_text()
    assert fired
    replayed = bench.replay()
    assert replayed.code == 0, replayed
    assert replayed.out == done.out
    assert "not captured: subprocess" not in replayed.err
    assert bench.path("fired.log").read_text() == fired


STEADY = """
    import asyncio, os, subprocess, sys
    from subprocess import PIPE, Popen
    from talk import say

    subprocess.run([sys.executable, os.path.abspath("noop.py")], input=b"x", check=True)
    p = Popen(["sh", "-c", "cat; echo fired >> fired.log"], stdin=PIPE, stdout=PIPE)
    said, _ = p.communicate(open("said.txt", "rb").read())

    async def main():
        p = await asyncio.create_subprocess_exec("sh", "-c", "echo fired >> fired.log; echo 1",
                                                 stdout=PIPE)
        return await p.communicate()

    print(say(f"{said} {asyncio.run(main())}"))
"""


def steady(bench: Bench) -> None:
    bench.write("said.txt", "a")
    bench.write("noop.py", "")


def test_what_a_process_was_given_is_shown(bench: Bench) -> None:
    steady(bench)
    tape = bench.record(STEADY)
    ran, first, told = tape.steps[0], tape.steps[1], tape.steps[2]
    assert isinstance(ran, Draw)
    assert ran.given == {"args": ["{python}", "noop.py"], "input": b"x"}
    assert isinstance(first, Draw)
    assert isinstance(told, Draw)
    assert first.given == {"args": ["sh", "-c", "cat; echo fired >> fired.log"]}
    assert told.given == {"input": b"a"}
    assert (told.name, told.value) == ("subprocess.Popen.communicate", [b"a", None, 0])
    shown = bench.cli("show", "run.msgpack").out
    assert "subprocess.Popen(sh -c cat; echo fired >> fired.log)" in shown
    assert "cat; echo" in bench.cli("show", "run.msgpack", "2").out
    [row] = bench.cli("show", "run.msgpack", "--json", "--where", 'given =~ "echo 1"').json["steps"]
    assert row["name"] == "asyncio.subprocess"
    assert row["given"] == {"args": ["sh", "-c", "echo fired >> fired.log; echo 1"]}
    assert bench.cli("check", "run.msgpack").code == 0


def test_rerun_tools_starts_them_again(bench: Bench) -> None:
    steady(bench)
    bench.record(STEADY)
    assert bench.path("fired.log").read_text() == "fired\n" * 2
    again = bench.replay("run.msgpack", "--rerun-tools")
    assert again.code == 0, again
    assert bench.path("fired.log").read_text() == "fired\n" * 4


def test_a_process_that_is_told_something_else_is_a_divergence(bench: Bench) -> None:
    steady(bench)
    bench.record(STEADY)
    bench.write("said.txt", "b")
    other = bench.replay()
    assert other.code == 1, other
    assert "subprocess.Popen.communicate" in other.err


def test_another_command_is_a_divergence(bench: Bench) -> None:
    steady(bench)
    bench.record(STEADY)
    bench.write("agent.py", STEADY.replace("echo 1", "echo 2"))
    other = bench.replay()
    assert other.code == 1, other
    assert "asyncio.subprocess" in other.err


TAKEN = """
    import os
    from subprocess import PIPE, Popen
    from talk import say

    p = Popen(["echo", "1"], stdout=PIPE)
    print(say(str(os.read(p.stdout.fileno(), 10))))
"""


def test_a_descriptor_that_the_agent_takes_is_named(bench: Bench) -> None:
    tape = bench.record(TAKEN)
    [named] = [note.data for note in tape.notes if note.kind == "subprocess"]
    assert named["what"] == "subprocess.Popen: the descriptor of its stdout"
    assert named["site"] == ["agent.py:7 in <module>"]
    done = bench.replay()
    assert done.code == 1
    assert "descriptor" in done.err
    assert "--rerun-tools" in done.err


ASKED_MORE = {
    "subprocess": """
        from subprocess import PIPE, Popen
        from talk import say

        p = Popen(["true"], stdout=PIPE)
        if "yes" in say("go on?"):
            print(p.wait())
    """,
    "asyncio": """
        import asyncio
        from talk import say

        async def main():
            p = await asyncio.create_subprocess_exec("true")
            if "yes" in say("go on?"):
                print(await p.wait())

        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("kind", ASKED_MORE)
def test_a_fork_that_asks_more_of_a_process_halts(bench: Bench, kind: str) -> None:
    bench.record(ASKED_MORE[kind])
    reply = bench.write("yes.json", '{"content": [{"type": "text", "text": "yes"}]}')
    done = bench.fork(2, "--reply", reply)
    assert "Traceback" not in done.err, done
    assert "asked more of a process than the tape holds" in done.err, done
