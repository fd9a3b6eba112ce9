"""Explicit seams: every kind of callable and many types of values, recorded and not made again."""

from __future__ import annotations

import sys

import pytest
from cli_runs import Bench, draws, exchanges

import tracefork_tui
from tracefork_tui.debuggee import forms

KINDS = """
    import asyncio, contextlib, dataclasses, datetime, decimal, enum, uuid
    import tracefork_tui
    from talk import say

    def fired(name):
        with open("fired.log", "a") as log:
            log.write(name + "\\n")

    class Colour(enum.Enum):
        RED = 1

    @dataclasses.dataclass(frozen=True)
    class Order:
        id: uuid.UUID
        total: decimal.Decimal
        when: datetime.datetime
        tags: tuple

    class Denied(Exception):
        def __init__(self, code, *, hint):
            super().__init__(code)
            self.hint = hint

        def __str__(self):
            return f"denied {self.args[0]}, {self.hint}"

    class Shop:
        @tracefork_tui.drawn
        def order(self, n):
            fired("order")
            return Order(uuid.uuid4(), decimal.Decimal("1.20") * n, datetime.datetime.now(), (n,))

        @staticmethod
        @tracefork_tui.drawn
        def static(n):
            fired("static")
            return {1: {n}, "colour": Colour.RED}

        @tracefork_tui.drawn
        @classmethod
        def of_class(cls, n):
            fired("class")
            return cls.__name__ * n

    @tracefork_tui.drawn
    def count(n):
        for i in range(n):
            fired("item")
            sent = yield i * 10
            if sent:
                fired("sent")
        return "over"

    @tracefork_tui.drawn
    async def ticks(n):
        for i in range(n):
            fired("tick")
            await asyncio.sleep(0.01)
            yield i

    @tracefork_tui.drawn
    @contextlib.contextmanager
    def locked(name):
        fired("lock")
        try:
            yield {"locked": name}
        except KeyError:
            fired("swallow")
        fired("unlock")

    @tracefork_tui.drawn
    @contextlib.asynccontextmanager
    async def session():
        fired("open")
        yield 7
        fired("close")

    @tracefork_tui.drawn
    @tracefork_tui.drawn
    def twice():
        fired("twice")
        return 2

    @tracefork_tui.drawn
    def denied():
        fired("denied")
        raise Denied(403, hint="ask again")

    @tracefork_tui.drawn
    async def slow(n):
        fired("slow")
        await asyncio.sleep(0.05 / n)
        return n

    @tracefork_tui.drawn
    async def endless():
        fired("endless")
        await asyncio.sleep(100)

    async def main():
        print([i async for i in ticks(3)])
        async with session() as value:
            print("session", value)
        done = []
        async def one(n):
            done.append(await slow(n))
        await asyncio.gather(*[one(n) for n in (1, 2, 5)])
        print("completed", done)
        try:
            await asyncio.wait_for(endless(), 0.05)
        except asyncio.TimeoutError:
            print("timed out")

    print(Shop().order(3), Shop.static(1), Shop.of_class(2))
    print(list(count(3)))
    some = count(5)
    print(next(some), some.send("hello"), type(some).__name__)
    some.close()
    with locked("door") as door:
        print(door)
    with locked("room"):
        raise KeyError("kept in")
    print(twice())
    try:
        denied()
    except Denied as error:
        print(error, error.hint, error.args)
    asyncio.run(main())
    print(say("the end"))
"""


def test_every_kind_of_callable(bench: Bench) -> None:
    bench.write("agent.py", KINDS)
    bare = bench.run(sys.executable, "agent.py")
    assert bare.code == 0, bare
    lines = bench.path("fired.log").read_text()
    bench.path("fired.log").unlink()
    tape = bench.record(KINDS)
    assert bench.path("fired.log").read_text() == lines
    recorded = "".join(text for _, _, text in tape.output())
    assert "completed [5, 2, 1]" in recorded
    for _ in range(3):
        done = bench.replay()
        assert done.code == 0, done
        assert done.out == recorded
        assert "not proven" not in done.err
    assert bench.path("fired.log").read_text() == lines
    names = [name for name, _ in draws(tape)]
    assert names.count("__main__.count") == 6
    assert names.count("__main__.locked (exit)") == 2
    assert names.count("__main__.twice") == 1


def test_a_call_with_other_arguments_is_not_the_recorded_one(bench: Bench) -> None:
    agent = """
        import tracefork_tui
        from talk import say
        print(tracefork_tui.draw("weather", lambda place: place.upper(), "{place}"), say("hello"))
    """
    bench.record(agent.replace("{place}", "Oslo"))
    bench.write("agent.py", agent.replace("{place}", "Bergen"))
    done = bench.replay()
    assert done.code == 1
    assert "called weather with other arguments than recorded" in done.err
    assert "OSLO" not in done.out


def test_what_happens_within_an_explicit_seam_is_named(bench: Bench) -> None:
    tape = bench.record(
        """
        import tracefork_tui
        from talk import say
        say("outside")
        tracefork_tui.draw("sub-agent", lambda: say("inside"))
        """
    )
    assert len(exchanges(tape)) == 1
    named = [note.data["what"] for note in tape.notes if note.kind == "covered"]
    assert len(named) == 1
    assert named[0].startswith("request to http://127.0.0.1:")
    assert bench.replay().code == 0


class Slotted:
    pass


@pytest.mark.parametrize("value", [object(), Slotted(), lambda: 1, 1j, [[object()]], range(3)])
def test_what_a_tape_does_not_hold(value: object) -> None:
    with pytest.raises(forms.Unkept):
        forms.kept(value)


def test_nothing_is_made_that_is_no_plain_value() -> None:
    """A stored value names classes; none but those that hold values are made."""
    for name in ("subprocess.Popen", "os.system", "builtins.eval", "os.PathLike", "no.such"):
        with pytest.raises(forms.Unkept):
            forms.restore({"$type": name, "value": ["true"]})


COMMANDS = """
    import os, subprocess
    from talk import say

    done = subprocess.run(["echo", "here"], capture_output=True, text=True)
    print([done.returncode, done.stdout, done.stderr])
    print(subprocess.run("echo raw", shell=True, capture_output=True).stdout)
    print(os.system("true"), subprocess.call(["true"]))
    try:
        print(subprocess.check_output(["echo", "checked"]))
    except subprocess.CalledProcessError as error:
        print("failed with", error.returncode)
    say("hello")
"""


def test_faults_of_commands(bench: Bench) -> None:
    tape = bench.record(COMMANDS)
    names = [name for name, _ in draws(tape)]
    assert names == [*["subprocess.run"] * 2, "os.system", "subprocess.call", "subprocess.run"]
    seen = [
        (1, "tool_text:text=gone", "[0, 'gone', '']"),
        (1, "tool_error", "[1, '', 'subprocess.run failed']"),
        (1, "tool_empty", "[0, '', '']"),
        (2, "tool_text:text=other", "b'other'"),
        (3, "tool_error", "256 0"),
        (4, "tool_error", "0 1"),
        (5, "tool_error", "failed with 1"),
    ]
    for n, fault, line in seen:
        done = bench.fork(n, "--fault", fault, "-o", "child.msgpack", "--force")
        assert done.code == 0, done
        assert line in done.out.splitlines(), (fault, done)
    line = bench.fork(3, "--fault", "tool_text:text=x").one_line()
    assert "os.system gives an exit code and no text" in line


def test_rerun_commands_are_proven_where_they_give_the_same(bench: Bench) -> None:
    bench.record(COMMANDS)
    assert bench.replay("run.msgpack", "--rerun-tools").code == 0


WORK = """
    import asyncio, datetime, os, random, secrets, subprocess, threading, time, uuid
    import tracefork_tui
    from talk import say

    @tracefork_tui.drawn
    def tool(n):
        return {n}

    async def tick():
        await asyncio.sleep(0.01)
        return time.time()

    def main():
        print(time.time(), uuid.uuid4(), random.random(), datetime.datetime.now())
        print(secrets.token_hex(4), os.urandom(3), os.getpid() > 0, sorted(os.listdir("."))[:1])
        print(subprocess.run(["echo", "x"], capture_output=True).stdout, tool(3))
        print(asyncio.run(tick()))
        worker = threading.Thread(target=lambda: print(time.monotonic() > 0))
        worker.start()
        worker.join()
        with open("made.txt", "w") as file:
            file.write("1")
        print(open("talk.py").read()[:3])
        print(say("hello"))
"""


INSIDE = """
    import tracefork_tui
    from work import main

    with tracefork_tui.record("inside.msgpack"):
        main()
"""


def test_recording_from_within_sees_what_the_command_sees(bench: Bench) -> None:
    """And says what it lacks."""
    bench.write("work.py", WORK)
    bench.write("inside.py", INSIDE)
    done = bench.run(sys.executable, "inside.py")
    assert done.code == 0, done
    command = bench.record("from work import main\nmain()", tape="command.msgpack")
    inside = bench.open("inside.msgpack")

    def seen(tape: tracefork_tui.Tape) -> list[str]:
        return [getattr(step, "name", "") or step.request.method for step in tape.steps]

    def named(tape: tracefork_tui.Tape) -> set[tuple[str, str]]:
        kinds = ("file", "input", "threads", "covered", "subprocess")
        return {(n.kind, str(n.data["what"])) for n in tape.notes if n.kind in kinds}

    assert seen(inside) == seen(command)
    assert named(inside) == named(command)
    shown = bench.cli("show", "inside.msgpack").out
    assert "lacks: what was drawn before the block or through earlier imports" in shown
    bench.write("again.py", "from work import main\nmain()")
    again = bench.replay("inside.msgpack", "--", sys.executable, "again.py")
    assert again.code == 0, again


@pytest.mark.parametrize(
    "value",
    [
        {8, 0, 24, 5, 13},
        {0} | {8},
        {8} | {0},
        {24, 8, 0},
        {1: [frozenset([16, 8, 0, 3])]},
    ],
)
def test_a_set_comes_back_in_its_order(value: object) -> None:
    """Of integers, whose order is no matter of the hash seed."""
    assert repr(forms.restore(forms.kept(value))) == repr(value)


def test_what_was_given_is_the_same_whatever_the_order_of_its_sets() -> None:
    assert repr(forms.shown([{8, 0}])) == repr(forms.shown([{0, 8}]))


def test_a_large_set_is_kept_all_the_same() -> None:
    value = {f"item {n}" for n in range(5000)}
    assert forms.restore(forms.kept(value)) == value


def test_a_set_that_a_seam_gave_is_sent_in_its_order(bench: Bench) -> None:
    bench.record("""
        import tracefork_tui
        from talk import say

        @tracefork_tui.drawn
        def tags():
            return {8, 0, 24, 5, 13}

        say(f"tags {tags()}")
        """)
    assert bench.replay().code == 0


UNRULY = """
    import tracefork_tui

    class NoLength(dict):
        def __len__(self):
            raise RuntimeError("no length")

    class NoName:
        def __getattr__(self, name):
            raise RuntimeError(f"no {name}")

        def __repr__(self):
            raise RuntimeError("no words")

    within = []
    within += [within, within]

    def fails(thing):
        raise ValueError(thing)

    for thing in (NoLength(), NoName(), {NoName(), NoName()}, within):
        for call in (lambda given: thing, lambda given: 1, fails):
            try:
                print(type(tracefork_tui.draw("unruly", call, thing)))
            except Exception as error:
                print(type(error))
"""


def test_what_cannot_be_looked_at_is_the_agents_all_the_same(bench: Bench) -> None:
    bench.write("agent.py", UNRULY)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert bare.code == 0, bare
    assert done.out == bare.out
    assert len(draws(bench.open())) == 12
