"""`record` and signals, deaths and terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import PATIENCE, Bench, Terminal, draws, exchanges, wait_for

WAITS = """
    import os, pathlib, time, uuid
    from talk import ask

    ask("hello")
    uuid.uuid4()
    pathlib.Path("ready").write_text(str(os.getpid()))
    time.sleep(60)
"""

HANDLES = """
    import os, pathlib, signal, sys, time
    from talk import ask

    heard = []
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
        signal.signal(getattr(signal, name), lambda number, _: heard.append(number))
    ask("hello")
    print("ready", flush=True)
    pathlib.Path("ready").write_text(str(os.getpid()))
    deadline = time.monotonic() + 20
    while not heard and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    print("heard", heard, flush=True)
    ask("goodbye")
    sys.exit(3)
"""


def started(bench: Bench, agent: str) -> tuple[subprocess.Popen[bytes], int]:
    """The recorder, and the agent's process id once it is ready."""
    bench.write("agent.py", agent)
    recorder = bench.start(
        *bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    )
    ready = bench.path("ready")
    wait_for(lambda: ready.exists() and ready.read_text(), "the agent")
    return recorder, int(ready.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_recorder_ends_the_agent(bench: Bench, number: signal.Signals) -> None:
    recorder, agent = started(bench, WAITS)
    recorder.send_signal(number)
    _, err = recorder.communicate(timeout=PATIENCE)
    assert recorder.returncode == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(agent, 0)
    tape = bench.open()
    assert tape.damage == []
    assert tape.outcome is not None
    assert (tape.outcome.exit_code, tape.outcome.signal) == (None, number)
    assert (b"KeyboardInterrupt" in err) == (number == signal.SIGINT)
    assert f"ended: signal {int(number)}" in bench.cli("show", "run.msgpack").out
    assert [name for name, _ in draws(tape)] == ["uuid.uuid4", "os.getpid"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_that_the_agent_handles_is_delivered_once(
    bench: Bench, number: signal.Signals
) -> None:
    recorder, _ = started(bench, HANDLES)
    recorder.send_signal(number)
    out, err = recorder.communicate(timeout=PATIENCE)
    assert (recorder.returncode, err) == (3, b"")
    assert f"heard [{int(number)}]" in out.decode()
    assert len(exchanges(bench.open())) == 2


def test_ctrl_c_in_a_terminal_is_delivered_once(bench: Bench) -> None:
    bench.write("agent.py", HANDLES)
    words = bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    terminal = Terminal(words, bench.folder, bench.env)
    terminal.until("ready")
    terminal.type("\x03")
    assert terminal.end() == 3
    assert b"heard [2]" in terminal.shown
    assert b"Traceback" not in terminal.shown
    assert len(exchanges(bench.open())) == 2


def test_ctrl_c_ends_an_agent_as_it_does_a_bare_one(bench: Bench) -> None:
    bench.write("agent.py", WAITS.replace("time.sleep", "print('ready', flush=True); time.sleep"))
    words = bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    terminal = Terminal(words, bench.folder, bench.env)
    terminal.until("ready")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert terminal.shown.count(b"KeyboardInterrupt") == 1
    outcome = bench.open().outcome
    assert outcome is not None
    assert outcome.signal == signal.SIGINT
    assert outcome.exception == "KeyboardInterrupt"


def test_kill_9_of_the_agent_keeps_what_was_recorded(bench: Bench) -> None:
    recorder, agent = started(bench, WAITS)
    os.kill(agent, signal.SIGKILL)
    assert recorder.wait(PATIENCE) == 128 + signal.SIGKILL
    tape = bench.open()
    assert tape.outcome is not None
    assert tape.outcome.signal == signal.SIGKILL
    assert len(exchanges(tape)) == 1
    assert len(draws(tape)) == 2
    assert bench.cli("check", "run.msgpack").code == 0


def test_kill_9_within_an_exchange_says_that_the_agent_died_waiting(
    bench: Bench, tmp_path: Path
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        bench.write("agent.py", "from talk import ask\nask('hello', timeout=60)")
        bench.env["ANTHROPIC_BASE_URL"] = url
        recorder = bench.start(
            *bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
        )
        connection, _ = silent.accept()
        connection.recv(65536)
        with bench.open() as tape:
            assert tape.steps[0].ended == ""
        done = bench.run("pgrep", "-P", str(recorder.pid))
        os.kill(int(done.out), signal.SIGKILL)
        assert recorder.wait(PATIENCE) == 137
        connection.close()
    assert "the agent died waiting" in bench.cli("show", "run.msgpack", "1").out
    assert bench.open().steps[0].ended == ""


def test_kill_9_of_the_recorder_leaves_a_tape_that_opens(bench: Bench) -> None:
    recorder, agent = started(bench, WAITS)
    recorder.kill()
    recorder.wait(PATIENCE)
    os.kill(agent, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{agent}").exists() or zombie(agent))
    tape = bench.open()
    assert len(tape.steps) == 3
    assert tape.outcome is None
    assert any("it was not closed" in line for line in tape.damage)
    done = bench.cli("check", "run.msgpack")
    assert done.code == 0
    assert "note: it was not closed" in done.out
    assert bench.cli("show", "run.msgpack").code == 0
    assert bench.cli("replay", "run.msgpack").one_line().count("--trust") == 1


def zombie(pid: int) -> bool:
    return ") Z" in Path(f"/proc/{pid}/stat").read_text()


def test_an_agent_in_a_terminal_is_in_that_terminal(bench: Bench) -> None:
    bench.write(
        "agent.py",
        """
        import os, sys
        from talk import ask

        print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty(), os.ttyname(0)[:5])
        name = input("name? ")
        print("got", repr(name))
        print("line", repr(sys.stdin.readline()))
        ask(name)
        print(os.isatty(0), os.get_terminal_size().columns >= 0)
        sys.exit(4)
        """,
    )
    words = bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    shown = []
    for command in ([sys.executable, "agent.py"], words):
        terminal = Terminal(command, bench.folder, bench.env)
        terminal.until("name? ")
        terminal.type("Ada\n")
        terminal.until("got")
        terminal.type("more\n")
        assert terminal.end() == 4
        shown.append(terminal.shown)
    assert shown[0] == shown[1]
    assert b"True True True /dev/" in shown[0]
    tape = bench.open()
    assert [value for name, value in draws(tape) if name == "stdin"] == ["Ada", "more\n"]


def test_many_draws_and_exchanges_survive_the_death_at_any_moment(bench: Bench) -> None:
    bench.write(
        "agent.py",
        """
        import os, uuid
        from talk import ask

        for n in range(20):
            uuid.uuid4()
            ask(f"number {n}")
            uuid.uuid4()
            if n == 11:
                os._exit(9)
        """,
    )
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert done.code == 9
    tape = bench.open()
    assert len(tape.steps) == 36
    assert tape.damage == []
    assert bench.replay().code == 0
