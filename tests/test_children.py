"""Python children of an agent: tapes of their own, tied to their parent and proven with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from cli_runs import Bench, Done, draws, exchanges

import tracefork_tui
from tracefork_tui.tui.family import forest, read_folder

CHILD = """
    import sys, uuid
    from talk import say
    print(say(f"child {uuid.uuid4()} {sys.argv[1:]}"))
"""

AGENT = """
    import multiprocessing, os, subprocess, sys, time, uuid
    from concurrent.futures import ProcessPoolExecutor
    from talk import say

    def work(number):
        return say(f"worker {number} {uuid.uuid4()} {time.time()}")

    def forked():
        if os.fork() == 0:
            say(f"forked {uuid.uuid4()}")
            if os.fork() == 0:
                say("forked twice")
                os._exit(0)
            os.wait()
            os._exit(0)
        os.wait()

    def process(method):
        context = multiprocessing.get_context(method)
        child = context.Process(target=work, args=(7,))
        child.start()
        child.join()
        print(child.exitcode)

    def pool():
        with ProcessPoolExecutor(1) as pool:
            print(list(pool.map(work, range(3))))

    if __name__ == "__main__":
        print(say("before"))
        locals()[sys.argv[1]](*sys.argv[2:])
        print(say("after"))
"""


def kin(bench: Bench) -> dict[str, tracefork_tui.Tape]:
    return {path.name: bench.open(path.name) for path in sorted(bench.folder.glob("*.msgpack"))}


def recorded(bench: Bench, *words: str, agent: str = AGENT) -> dict[str, tracefork_tui.Tape]:
    """The tapes of the agent and of its children, by name; the replay is proven."""
    bench.record(agent, *words)
    done = bench.replay()
    assert done.code == 0, done
    assert "NOT PROVEN" not in done.err
    assert "not recorded" not in done.err
    return kin(bench)


def labels(tape: tracefork_tui.Tape) -> list[str]:
    return [step.request.body.decode().partition('"content":"')[2][:8] for step in exchanges(tape)]


@pytest.mark.parametrize(
    "words", [["process", "fork"], ["process", "spawn"], ["pool"]], ids=" ".join
)
def test_a_process_of_multiprocessing(bench: Bench, words: list[str]) -> None:
    tapes = recorded(bench, *words)
    assert list(tapes) == ["run.child-1.msgpack", "run.msgpack"]
    child, parent = tapes.values()
    assert len(exchanges(parent)) == 2
    assert labels(child) == (["worker 7"] if len(words) > 1 else [f"worker {n}" for n in range(3)])
    origin = child.header["child_of"]
    assert origin["id"] == parent.header["id"]
    assert origin["number"] == 1
    assert origin["step"] >= 1
    (note,) = (note for note in parent.notes if note.kind == "child")
    assert note.data["file"] == "run.child-1.msgpack"
    assert note.data["site"][0].startswith("agent.py:")
    assert bench.cli("check", "run.child-1.msgpack").code == 0
    assert "run.child-1.msgpack" in bench.cli("show", "run.msgpack").out


def test_children_of_a_fork_server(bench: Bench) -> None:
    tapes = recorded(bench, "process", "forkserver")
    assert len(exchanges(tapes["run.child-1.child-1.msgpack"])) == 1


def test_forks_and_their_forks(bench: Bench) -> None:
    tapes = recorded(bench, "forked")
    assert len(exchanges(tapes["run.child-1.msgpack"])) == 1
    assert len(exchanges(tapes["run.child-1.child-1.msgpack"])) == 1
    (root,) = forest(read_folder(str(bench.folder))).roots
    names = [node.name for node in root.walk()]
    assert names == ["run.msgpack", "run.child-1.msgpack", "run.child-1.child-1.msgpack"]


def test_what_a_fork_waits_for_comes_in_its_own_order(bench: Bench) -> None:
    recorded(
        bench,
        agent="""
        import os, time
        from concurrent.futures import ThreadPoolExecutor, as_completed
        from talk import say

        def nap(seconds):
            time.sleep(seconds)
            return seconds

        def order(*naps):
            with ThreadPoolExecutor() as pool:
                return [one.result() for one in as_completed([pool.submit(nap, s) for s in naps])]

        if os.fork() == 0:
            say(f"forked {order(0.3, 0)}")
            os._exit(0)
        os.wait()
        say(f"parent {order(0, 0.3)}")
        """,
    )


def test_a_fork_that_sleeps_and_waits(bench: Bench) -> None:
    recorded(
        bench,
        agent="""
        import os, threading, time, uuid
        from talk import say

        if os.fork() == 0:
            say(f"forked {uuid.uuid4()}")
            time.sleep(0.05)
            say(f"waited {threading.Event().wait(0.05)}")
            os._exit(0)
        os.wait()
        say("after")
        """,
    )


SIGNALS = """
    import os, signal
    from talk import client, say

    def child(work):
        if os.fork() == 0:
            work()
            os._exit(0)
        print(os.wait()[1])

    def asks():
        if os.path.exists("asks"):
            client.post("http://127.0.0.1:1/", content=iter([b"x"]))

    if __name__ == "__main__":
        say("before")
        child(lambda: os.kill(0, 0))
        child(lambda: os.kill(os.getpid(), signal.SIGKILL))
        child(asks)
"""


def test_signals_in_a_replayed_child_are_sent_to_itself(bench: Bench) -> None:
    bench.record(SIGNALS)
    done = bench.replay()
    assert done.code == 0, done
    assert done.out.splitlines() == ["0", "9", "0"]
    bench.write("asks", "")
    done = bench.replay()
    assert done.code == 1, done
    said = "a child sent a request; when it was recorded it made no step, or its tape is not beside"
    assert f"tracefork-tui: {said}" in done.err
    assert f"failed: child 3 (os.fork): {said}" in done.err


def test_a_child_whose_tape_is_gone_is_not_proven(bench: Bench) -> None:
    bench.record(AGENT, "process", "fork")
    bench.path("run.child-1.msgpack").unlink()
    done = bench.replay()
    assert done.code == 1, done
    assert "child 1 (os.fork): NOT PROVEN, there is no tape of it" in done.err


def test_a_python_that_a_tool_runs(bench: Bench) -> None:
    """Its result is a draw, so a replay does not run it; its tape is there to be read."""
    bench.write("child.py", CHILD)
    bench.record(
        """
        import subprocess, sys
        from talk import say
        print(say("before"))
        done = subprocess.run([sys.executable, "child.py", "--flag"], capture_output=True)
        print(say(done.stdout.decode()))
        """
    )
    child = bench.open("run.child-1.msgpack")
    assert len(exchanges(child)) == 1
    assert [name for name, _ in draws(child)] == ["uuid.uuid4"]
    assert child.header["command"][1:] == ["child.py", "--flag"]
    before = bench.files()
    done = bench.replay()
    assert done.code == 0, done
    assert "not run again, step 2 has its result" in done.err
    assert bench.files() == before


def test_a_changed_child_is_not_proven(bench: Bench) -> None:
    bench.record(AGENT, "process", "fork")
    bench.write("agent.py", AGENT.replace('f"worker', 'f"Worker'))
    done = bench.replay()
    assert done.code == 1, done
    assert "child 1 (os.fork): NOT PROVEN" in done.err


QUIET = """
    import os, subprocess, sys
    from talk import say

    say("hello")
    subprocess.run([sys.executable, "-c", "pass"])
    subprocess.run([sys.executable, "-I", "-c", "pass"])
    subprocess.run([sys.executable, "-S", "-c", "pass"], check=True)
    if os.fork() == 0:
        open("made.txt", "w").close()
        os._exit(0)
    os.wait()
    if os.fork() == 0:
        os.execv("/bin/true", ["true"])
    os.wait()
"""


def test_a_child_without_a_step_leaves_no_tape_and_what_it_did_is_named(bench: Bench) -> None:
    tape = bench.record(QUIET)
    assert list(kin(bench)) == ["run.msgpack"]
    shown = bench.cli("show", "run.msgpack").out
    assert "file: writes made.txt, in child 2 (os.fork)" in shown
    assert "-I -c pass: -I, -E or -S  (agent.py:7" in shown
    assert "-S -c pass: -I, -E or -S  (agent.py:8" in shown
    assert any("true" in str(note.data) for note in tape.notes if note.kind == "subprocess")
    assert bench.replay().code == 0


def test_a_child_sees_the_world_of_a_bare_run(bench: Bench) -> None:
    look = "import json, os, sys; print(json.dumps([dict(os.environ), sys.path, sys.flags[:]]))"
    agent = f"""
    import os, subprocess, sys
    from talk import say
    say("hello")
    look = {look!r}
    for env in (None, {{"PATH": os.environ["PATH"]}}, {{**os.environ, "PYTHONPATH": "one:two"}}):
        subprocess.run([sys.executable, "-c", look], env=env, check=True)
        subprocess.run(["env"], env=env, check=True)
        sys.stdout.flush()
    """
    bench.write("agent.py", agent)
    bare = bench.run(sys.executable, "agent.py", PYTHONHASHSEED="7")
    done = bench.cli(
        "record", "-o", "run.msgpack", "--", sys.executable, "agent.py", PYTHONHASHSEED="7"
    )
    assert done.out == bare.out


def test_nothing_is_left_where_plans_are_kept(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    bench.record(QUIET, TMPDIR=str(folder))
    assert os.listdir(folder) == []


def test_a_child_of_a_fork_and_a_child_by_itself(bench: Bench) -> None:
    tape = bench.record(AGENT, "process", "fork")
    last = exchanges(tape)[-1].n
    line = bench.replay("run.child-1.msgpack").one_line()
    assert "replay its parent, run.msgpack" in line
    done = bench.fork(last, "--fault", "refusal", "-o", "fork.msgpack")
    assert done.code == 0, done
    child = bench.open("fork.child-1.msgpack")
    assert "parent" not in child.header
    assert child.header["child_of"]["id"] == bench.open("fork.msgpack").header["id"]
    assert [step.provenance for step in exchanges(child)] == ["recorded"]


SCRIPT = """
    set -e
    "$1" agent.py one
    "$1" agent.py two | "$1" agent.py three
    "$1" agent.py one
"""

ONE_OF_SEVERAL = """
    import sys, uuid
    from talk import say
    heard = "" if sys.stdin.isatty() or sys.argv[1] != "three" else sys.stdin.read()
    print(say(f"{sys.argv[1]} {uuid.uuid4()} {heard}"))
"""


def several(bench: Bench) -> Done:
    bench.write("agent.py", ONE_OF_SEVERAL)
    bench.write("script.sh", SCRIPT)
    words = ("bash", "script.sh", sys.executable)
    return bench.cli("record", "-o", "run.msgpack", "--", *words)


def test_a_script_that_starts_several_pythons(bench: Bench) -> None:
    recorded = several(bench)
    assert recorded.code == 0, recorded
    tapes = kin(bench)
    assert list(tapes) == ["run.msgpack"] + [f"run.python-{n}.msgpack" for n in (2, 3, 4)]
    assert [len(exchanges(tape)) for tape in tapes.values()] == [1, 1, 1, 1]
    assert "python 2 (" in bench.cli("show", "run.msgpack").out
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded.out
    assert done.err.count("proven, 1 exchanges") == 3
    done = bench.fork(exchanges(tapes["run.msgpack"])[0].n, "--fault", "refusal")
    assert done.code == 0, done


def test_a_further_python_that_was_not_recorded_asks_nobody(bench: Bench) -> None:
    several(bench)
    bench.write("script.sh", SCRIPT + '"$1" agent.py four\n')
    done = bench.cli("replay", "run.msgpack", "--", "bash", "script.sh", sys.executable)
    assert done.code == 1, done
    assert "a child drew uuid.uuid4; when it was recorded it made no step" in done.err
    assert "agent.py four) was not started when it was recorded" in done.err


def test_a_wrapper_that_becomes_its_command(bench: Bench) -> None:
    """As `poetry run` or `ddtrace-run` do."""
    bench.write("child.py", CHILD)
    tape = bench.record(
        """
        import os, sys
        from talk import say
        say("first")
        sys.stdout.flush()
        os.execvp("no-such-program", ["x"]) if len(sys.argv) > 1 else None
        os.execvpe(sys.executable, [sys.executable, "child.py"], {**os.environ, "MORE": "1"})
        """
    )
    assert len(exchanges(tape)) == 1
    assert len(exchanges(bench.open("run.child-1.msgpack"))) == 1
    done = bench.replay()
    assert done.code == 0, done
    assert "child 1 (python" in done.err


POOLS = """
    import multiprocessing, sys, time, uuid
    from concurrent.futures import ProcessPoolExecutor
    from talk import say

    def work(number):
        return say(f"task {number} {uuid.uuid4()} {time.time()}")

    def executor(context):
        with ProcessPoolExecutor(4, mp_context=context) as pool:
            return list(pool.map(work, range(8)))

    def pool(context):
        with context.Pool(3) as pool:
            return list(pool.imap_unordered(work, range(6)))

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[2])
        print(say(" ".join(locals()[sys.argv[1]](context))))
"""


@pytest.mark.parametrize(
    "words", [["executor", "fork"], ["executor", "spawn"], ["pool", "fork"]], ids=" ".join
)
def test_workers_take_the_tasks_that_they_took(bench: Bench, words: list[str]) -> None:
    tapes = recorded(bench, *words, agent=POOLS)
    asked = sum(len(exchanges(tape)) for name, tape in tapes.items() if name != "run.msgpack")
    assert asked == (8 if words[0] == "executor" else 6)
    turns = [note.data for tape in tapes.values() for note in tape.notes if "turn" in note.kind]
    assert {turn["way"] for turn in turns} == {"get", "put"}


def test_a_changed_task_of_a_pool_is_not_proven(bench: Bench) -> None:
    bench.record(POOLS, "pool", "fork")
    bench.write("agent.py", POOLS.replace('f"task {number}', 'f"task {number % 5}'))
    done = bench.replay()
    assert done.code == 1, done
    assert "NOT PROVEN" in done.err


def test_what_a_child_touches_is_said_with_its_parents(bench: Bench) -> None:
    bench.record("""
        import multiprocessing
        from talk import say

        def work(n):
            open("out.txt", "w").write("x")
            print(say(f"child {n}"))

        if __name__ == "__main__":
            say("parent")
            process = multiprocessing.get_context("fork").Process(target=work, args=(1,))
            process.start()
            process.join()
        """)
    said = "writes out.txt, in child 1 (os.fork)  (agent.py:6 in work)"
    assert f"\nfile: {said}" in bench.cli("show", "run.msgpack").out
    done = bench.replay()
    assert done.code == 0, done
    assert f"it will touch this again: {said}" in done.err
    assert f"not captured: file: {said}" in done.err
    bench.path("out.txt").unlink()
    assert bench.replay("run.msgpack", "--in-copy").code == 0
    assert not bench.path("out.txt").exists()


def test_why_a_child_diverges_is_said(bench: Bench) -> None:
    bench.write("input.txt", "before")
    bench.record("""
        import multiprocessing
        from talk import say

        def work(path):
            try:
                say(open(path).read())
            except BaseException as error:
                raise BaseExceptionGroup("of one", [error])

        if __name__ == "__main__":
            process = multiprocessing.get_context("fork").Process(target=work, args=("input.txt",))
            process.start()
            process.join()
            say("parent")
        """)
    bench.write("input.txt", "after")
    done = bench.replay()
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "failed: child 1 (os.fork): the agent sent a request that the tape" in done.err
    for line in ('recorded  "before"', 'replayed  "after"', "changed since: input file: input.txt"):
        assert f"    {line}" in done.err
    assert "Traceback" not in done.err
