"""The library: open, record, draw, drawn, and an agent that has only what is served to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import Bench, draws, exchanges

import tracefork_tui

TOOLS = """
    import asyncio, pathlib
    import tracefork_tui
    from talk import say

    def fired(name):
        with open("fired.log", "a") as log:
            log.write(name + "\\n")

    @tracefork_tui.drawn
    def lookup(order, *, deep=False):
        fired("lookup")
        return {"order": order, "deep": deep, "items": [1, 2.5, None, b"x", "é"]}

    @tracefork_tui.drawn(name="payment")
    def pay(amount):
        fired("pay")
        raise ValueError(f"no money for {amount}")

    @tracefork_tui.drawn
    async def fetch(n):
        fired("fetch")
        await asyncio.sleep(0.01)
        return n * 2

    @tracefork_tui.drawn
    def outer():
        fired("outer")
        say("inside of a tool")
        return lookup("nested")

    print(lookup("A-1", deep=True))
    try:
        pay(5)
    except ValueError as error:
        print("raised", error)
    print(tracefork_tui.draw("answer", lambda x, y: (fired("draw"), x + y)[1], 20, y=22))

    async def main():
        print(await asyncio.gather(fetch(1), fetch(2)))
        print(await tracefork_tui.draw("late", fetch, 4))

    asyncio.run(main())
    print(outer())
    print(say("done"))
"""


def test_a_tool_does_not_fire_again(bench: Bench) -> None:
    tape = bench.record(TOOLS)
    fired = bench.path("fired.log").read_text()
    assert fired.split() == ["lookup", "pay", "draw", *["fetch"] * 3, "outer", "lookup"]
    assert [name for name, _ in draws(tape)] == [
        "__main__.lookup",
        "payment",
        "answer",
        *["__main__.fetch"] * 2,
        "late",
        "__main__.outer",
    ]
    assert len(exchanges(tape)) == 1
    recorded = "".join(text for _, _, text in tape.output())
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded
    assert bench.path("fired.log").read_text() == fired


def test_without_a_recording_they_are_just_calls(bench: Bench) -> None:
    bench.write("agent.py", TOOLS)
    assert bench.run(sys.executable, "agent.py").code == 0
    assert bench.path("fired.log").read_text().count("\n") == 8


def test_a_value_that_a_tape_cannot_hold(bench: Bench) -> None:
    bench.record(
        """
        import tracefork_tui
        from talk import say

        class Thing:
            pass

        tracefork_tui.draw("thing", Thing)
        packed = tracefork_tui.draw("set", lambda: {2, 1}, encode=sorted, decode=set)
        print(packed)
        say("hello")
        """
    )
    done = bench.replay()
    assert done.code == 1
    assert "the value of the draw thing could not be kept" in done.err
    assert draws(bench.open())[1] == ("set", [1, 2])


def test_open_gives_what_the_documentation_says(bench: Bench) -> None:
    bench.record("from talk import say\nimport uuid\nuuid.uuid4()\nsay('hello')")
    with tracefork_tui.open(bench.path("run.msgpack")) as tape:
        assert len(tape.fingerprint) == 64
        assert tape.header["command"][-1] == "agent.py"
        assert tape.damage == []
        draw, exchange = tape.steps
        assert (draw.n, draw.kind, draw.provenance) == (1, "draw", "live")
        assert exchange.fingerprint == tape.fingerprint
        assert exchange.at >= draw.at >= 0
        assert exchange.call_site[0].startswith("talk.py:")
        assert exchange.request.method == "POST"
        assert exchange.request.body.startswith(b'{"model"')
        assert exchange.response.status == 200
        assert b"".join(chunk.data for chunk in exchange.response.chunks) == exchange.response.body
        assert exchange.error is None
        assert [step.n for step in tape.steps[-1:]] == [2]
        with pytest.raises(tracefork_tui.TapeError):
            tape.step(3)
        with pytest.raises(IndexError):
            tape.steps[2]
    with pytest.raises(tracefork_tui.TapeError, match="no such file"):
        tracefork_tui.open(bench.path("nothing"))
    assert issubclass(tracefork_tui.Divergence, BaseException)
    assert not issubclass(tracefork_tui.Divergence, Exception)


INPROCESS = """
    import sys, uuid
    import tracefork_tui
    from talk import ask

    ask("before")
    try:
        with tracefork_tui.record("run.msgpack"):
            uuid.uuid4()
            ask("within")
            if sys.argv[1:]:
                raise KeyError("broken")
    except KeyError:
        pass
    ask("after")
    uuid.uuid4()
    try:
        with tracefork_tui.record("run.msgpack"):
            pass
    except tracefork_tui.TapeError as error:
        print(error)
    with tracefork_tui.record("run.msgpack", force=bool(sys.argv[1:])) if sys.argv[2:] else open("talk.py"):
        ask("again")
"""  # noqa: E501


@pytest.mark.parametrize("fails", [[], ["x"], ["x", "again"]], ids=["well", "badly", "twice"])
def test_record_in_this_process(bench: Bench, fails: list[str]) -> None:
    bench.write("agent.py", INPROCESS)
    done = bench.run(sys.executable, "agent.py", *fails)
    assert done.code == 0, done
    assert "exists already" in done.out
    tape = bench.open()
    assert tape.damage == []
    if fails[1:]:
        assert len(exchanges(tape)) == 1
        return
    assert [step.kind for step in tape.steps] == ["draw", "exchange"]
    assert tape.outcome is not None
    assert tape.outcome.exception == ("KeyError: 'broken'" if fails else "")
    assert "\nended: the block's end" in bench.cli("show", "run.msgpack").out


def test_record_within_a_recording_does_nothing(bench: Bench) -> None:
    tape = bench.record(
        """
        import tracefork_tui
        from talk import ask

        with tracefork_tui.record("inner.msgpack"):
            ask("within")
        """
    )
    assert len(exchanges(tape)) == 1
    assert not bench.path("inner.msgpack").exists()


def test_an_agent_without_our_package(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A bare virtual environment: the library is served, and only when asked for."""
    import venv

    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    python = str(folder / "bin" / "python")
    bench.write(
        "agent.py",
        """
        import sys, time, uuid
        assert not [m for m in sys.modules if m.startswith(("tracefork", "msgpack"))]
        import tracefork_tui
        print(tracefork_tui.draw("tool", lambda: 7), uuid.uuid4(), time.time())
        print(sorted(name for name in dir(tracefork_tui) if name[0] != "_"))
        """,
    )
    done = bench.cli("record", "-o", "run.msgpack", "--", python, "agent.py")
    assert done.code == 1, done
    assert "nothing was captured" in done.err
    names = [name for name, _ in draws(bench.open())]
    assert names == ["tool", "uuid.uuid4", "time.time"]
    replayed = bench.replay()
    assert replayed.code == 0, replayed
    assert replayed.out == done.out


def pythons() -> list[str]:
    """The other Pythons that are found here, by name."""
    return ["python3.9", "python3.10", "python3.12", "python3.13", "python3.14"]


@pytest.mark.parametrize("name", pythons())
def test_agents_on_other_pythons(bench: Bench, name: str) -> None:
    python = found(name)
    if python is None:
        pytest.skip(f"{name} is not here")
    bench.write(
        "agent.py",
        """
        import datetime, random, sys, time, uuid
        print(time.time(), uuid.uuid4(), random.random(), random.choice("abc"))
        print(datetime.datetime.now(), datetime.date.today(), input(), sys.stdin.read())
        raise SystemExit(3)
        """,
    )
    words = ("--", python, "agent.py")
    done = bench.cli("record", "-o", "run.msgpack", *words, stdin="one\ntwo\n")
    assert done.code == 3, done
    tape = bench.open()
    assert tape.header["python"].startswith(name.removeprefix("python"))
    assert len(tape.steps) == 8
    assert len(done.out.splitlines()) == 3
    replayed = bench.replay()
    assert replayed.code == 0, replayed
    assert replayed.out == done.out


def found(name: str) -> str | None:
    """The path of a Python that starts; on PATH, or where pyenv keeps them."""
    import shutil

    kept = Path.home() / ".pyenv" / "versions"
    version = name.removeprefix("python")
    places = [shutil.which(name), *sorted(map(str, kept.glob(f"{version}.*/bin/python")))]
    for place in places:
        if place and subprocess.run([place, "-c", ""], capture_output=True).returncode == 0:
            return place
    return None
