"""`replay --pdb N`: pdb in the frame that asked for step N, in agents of every shape."""

from __future__ import annotations

import fcntl
import struct
import termios

import pytest
from cli_runs import Bench, Done, Terminal

READS = """\
import sys
import uuid

import talk

PATH = "/v1/messages"

def ask(fruit):
    mark = str(uuid.uuid4())
    reply = talk.client.post(talk.BASE + PATH, json=talk.body(f"{fruit} {mark}"))
    return reply.json()["content"][0]["text"]

def main():
    eaten = []
    for line in sys.stdin:
        eaten.append(line.strip())
        print(ask(eaten[-1]))
    print("eaten:", *eaten)

main()
"""
STDIN = "apple\npear\n"

ASYNC = """\
import asyncio

import httpx2
import talk

PATH = "/v1/messages"

async def ask(http, name):
    await asyncio.sleep(len(name) / 100)
    async with asyncio.timeout(1):
        return (await http.post(talk.BASE + PATH, json=talk.body(f"hello {name}"))).status_code

async def main():
    crew = ["ada", "grace", "hopper"]
    async with httpx2.AsyncClient(headers=talk.HEADERS) as http:
        print(await {together})

asyncio.run(main())
"""
GATHER = "asyncio.gather(*(ask(http, name) for name in crew))"

THREADS = """\
import threading

import talk

PATH = "/v1/messages"

def ask(name, answers):
    answers[name] = talk.client.post(talk.BASE + PATH, json=talk.body(f"hello {name}")).status_code

def main():
    answers = {}
    threads = [threading.Thread(target=ask, args=(n, answers)) for n in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(answers))

main()
"""

LOOP_AND_THREAD = """\
import asyncio

import talk

async def main():
    name = "ada"
    async with asyncio.timeout(1):
        print(await asyncio.to_thread(talk.say, name))

asyncio.run(main())
"""


def pdb(bench: Bench, n: int, *lines: str, words: tuple[str, ...] = ()) -> Done:
    """Replay to step `n` with these lines typed at the prompt."""
    return bench.replay(
        "run.msgpack", "--pdb", str(n), *words, stdin="".join(f"{x}\n" for x in lines)
    )


def said(done: Done) -> list[str]:
    """What pdb answered, a line each."""
    return [line.removeprefix("(Pdb) ") for line in done.out.splitlines()]


def test_the_callers_frame_its_locals_and_its_caller(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    done = pdb(bench, 6, "p fruit", "up", "p eaten", "up", "up", "c")
    lines = said(done)
    assert done.code == 0, done
    assert "replay: proven" in done.err
    assert "step 6: POST " in done.out
    assert f"> {bench.path('agent.py')}(10)ask()" in lines
    assert lines.count("'pear'") == 1
    assert "['apple', 'pear']" in lines
    assert f"> {bench.path('agent.py')}(20)<module>()" in lines
    assert "*** Oldest frame" in lines
    assert lines[-1] == "eaten: apple pear"


def test_it_stops_before_the_answer(bench: Bench) -> None:
    tape = bench.record(READS, stdin=STDIN)
    done = pdb(bench, 5, "p 'mark' in locals()", "n", "p mark", "c")
    assert done.code == 0, done
    assert "False" in said(done)
    assert repr(tape.step(5).value) in said(done)


def test_no_frame_of_ours_is_shown(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    shown = pdb(bench, 3, "w", "c").out
    assert "httpx2" in shown
    assert "tracefork" not in shown.replace(str(bench.folder), "")


def test_the_prompt_does_not_disturb_the_replay(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    code = "import time, random; time.time(), random.random(), uuid.uuid4(), input()"
    done = pdb(bench, 3, code, "typed", "p ask('plum')", "print('printed')", "c")
    assert done.code == 0, done
    assert "no connection" in done.out
    assert "printed" in said(done)
    assert said(done)[-1] == "eaten: apple pear"


def test_assignments_reach_the_agent(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    done = pdb(bench, 7, "eaten = ['nothing']", "c")
    assert done.code == 0, done
    assert "eaten: nothing" in said(done)[-1]


def test_a_breakpoint_is_kept_from_step_to_step(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    done = pdb(bench, 1, "b ask", "c", "p fruit", "c", "p fruit", "c", words=("--pdb", "7"))
    assert {"'apple'", "'pear'"} <= set(said(done)), done
    assert "step 7: stdin" in done.out


@pytest.mark.parametrize(("lines", "n"), [(["q"], 3), (["n", "q"], 5), ([], 3)])
def test_quitting_ends_the_run_in_one_line(bench: Bench, lines: list[str], n: int) -> None:
    bench.record(READS, stdin=STDIN)
    done = pdb(bench, n, *lines)
    assert done.code == 1
    assert done.err.endswith(f"tracefork-tui: stopped at step {n} by the user\n")
    assert "replay:" not in done.err
    assert "eaten" not in done.out


def test_quitting_as_json(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    done = pdb(bench, 3, "q", words=("--json",))
    assert done.code == 1
    assert done.json["stopped"] == "stopped at step 3 by the user"
    assert "(Pdb)" in done.err


def test_a_step_that_is_not_there(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    assert "no step 40; it has 7" in pdb(bench, 40).one_line()


def test_names_of_the_standard_library_in_the_agents_folder(bench: Bench) -> None:
    bench.write("cmd.py", "NAME = 'mine'")
    bench.write("code.py", "NAME = 'mine'")
    source = READS.replace(
        '    print("eaten', '    import cmd, code\n    print(cmd.NAME, code.NAME)\n    print("eaten'
    )
    bench.record(source, stdin=STDIN)
    done = pdb(bench, 3, "p fruit", "c")
    assert done.code == 0, done
    assert "mine mine" in done.out


@pytest.mark.parametrize("together", [GATHER, "taskgroup"])
def test_async(bench: Bench, together: str) -> None:
    source = ASYNC.replace("{together}", together)
    if together == "taskgroup":
        source = source.replace(
            "        print(await taskgroup)",
            "        async with asyncio.TaskGroup() as group:\n"
            "            for name in crew:\n"
            "                group.create_task(ask(http, name))",
        )
    bench.record(source)
    done = pdb(bench, 2, "p name", "up", "p crew", "up", "d", "d", "n", "c")
    assert done.code == 0, done
    assert "'grace'" in said(done)
    assert "['ada', 'grace', 'hopper']" in said(done)
    assert "<module>()" in done.out
    assert "not proven" not in done.err


def test_threads(bench: Bench) -> None:
    bench.record(THREADS)
    done = pdb(bench, 1, "p name", "up", "c")
    assert done.code == 0, done
    assert {"'ada'", "'grace'"} & set(said(done))
    assert "not proven" not in done.err


@pytest.mark.parametrize(
    ("agent", "n"), [(ASYNC.replace("{together}", GATHER), 2), (LOOP_AND_THREAD, 1)]
)
def test_time_stands_still_at_the_prompt(bench: Bench, agent: str, n: int) -> None:
    bench.record(agent)
    done = pdb(bench, n, "import threading; threading.Event().wait(1.6)", "c")
    assert done.code == 0, done
    assert "not proven" not in done.err


def terminal(bench: Bench, n: int) -> Terminal:
    env = bench.environment(ANTHROPIC_BASE_URL=None, TERM="dumb", HOME=str(bench.folder))
    return Terminal(bench.words("replay", "run.msgpack", "--pdb", str(n)), bench.folder, env)


def test_on_a_terminal(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    screen = terminal(bench, 6)
    screen.until("(Pdb) ")
    screen.type("p fruit.up\t()\n")
    screen.until("'PEAR'")
    screen.type("\x03")
    screen.until("--KeyboardInterrupt--")
    screen.type("c\n")
    assert screen.end() == 0
    assert b"eaten: apple pear" in screen.shown
    assert b"replay: proven" in screen.shown


def test_a_thread_on_a_terminal(bench: Bench) -> None:
    bench.record(THREADS)
    screen = terminal(bench, 2)
    screen.until("(Pdb) ")
    screen.type("p 'grace' + 'ful'\n")
    screen.until("'graceful'")
    screen.type("q\n")
    assert screen.end() == 1
    assert b"stopped at step 2 by the user" in screen.shown


SDK = """\
import anthropic

def turn(client, question):
    return client.messages.create(
        model="demo-model", max_tokens=100, messages=[{"role": "user", "content": question}]
    )

print(turn(anthropic.Anthropic(), "hello").content[0].text)
"""


def test_an_agent_on_the_sdk(bench: Bench) -> None:
    bench.record(SDK)
    done = pdb(bench, 1, "p question", "p turn(client, 'more')", "c")
    assert done.code == 0, done
    assert "'hello'" in said(done)
    assert "APIConnectionError" in done.out


def test_from_the_app(bench: Bench) -> None:
    bench.record(READS, stdin=STDIN)
    env = bench.environment(TERM="xterm-256color")
    screen = Terminal(bench.words("run.msgpack"), bench.folder, env)
    fcntl.ioctl(screen.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    screen.until("step 1/7")
    screen.type("6P")
    screen.until("(Pdb) ")
    screen.type("p fruit.upper()\n")
    screen.until("'PEAR'")
    screen.type("\x03")
    screen.until("--KeyboardInterrupt--")
    screen.type("c\n")
    screen.until("[Enter] back to the tape")
    screen.type("\n")
    screen.until("the replay was proven")
    screen.type("q")
    assert screen.end() == 0
