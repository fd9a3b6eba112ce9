"""Every command in the README is run as it stands there."""

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from tui_app import LARGE, app_of, settle, shown, until

import tracefork_tui
from tracefork_tui.demo.server import serve

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
AGENT = ROOT / "tracefork_tui" / "demo" / "refund.py"
EXPECTED = {"record": 1, "diff": 1}


def commands() -> list[str]:
    """The lines of the README's shell blocks, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


def environment(**more: str) -> dict[str, str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TERM": "xterm-256color", **more}


def in_terminal(command: str, keys: bytes, cwd: Path, **more: str) -> tuple[int, bytes]:
    """Run a command in a pseudo-terminal, type the keys once it has painted; exit code, output."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.environ.update(environment(**more))
        os.execvp("sh", ["sh", "-c", command])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    output, typed, last = b"", False, time.monotonic() + 60
    while time.monotonic() < last:
        ready, _, _ = select.select([fd], [], [], 0.5)
        if ready:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            output += data
        elif output and not typed:
            os.write(fd, keys)
            typed = True
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), output


def test_the_two_first_commands():
    first, second = commands()[:2]
    assert first == "pip install . && tracefork-tui tapes/refund.msgpack"
    assert second == "pip install '.[test]' && pytest"
    code, output = in_terminal(first.partition(" && ")[2], b"q", ROOT)
    assert code == 0
    assert b"refund.msgpack" in output


def test_ci_runs_the_second_command():
    script = (ROOT / ".ci" / "run").read_text()
    assert "README.md" in script
    assert re.search(r"^pip install .*&& pytest", README, re.MULTILINE)


def test_the_picture_is_there():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).is_file()
    for name in re.findall(r"(?<!!)\[[^]]+\]\(([^):]+)\)", README):
        assert (ROOT / name).exists()


def test_all_others(tmp_path):
    shutil.copy(AGENT, tmp_path / "my_agent.py")
    shutil.copy(ROOT / "tapes" / "repair.json", tmp_path / "better.json")
    ran = []
    with serve() as url:
        env = environment(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY="a-key-for-this-test")
        for command in commands()[2:]:
            words = shlex.split(command)
            assert words[0] == "tracefork-tui"
            if "--run" in words:
                shutil.copytree(ROOT / "tapes", tmp_path / "tapes")
                assert "step 19" in told(command, tmp_path), command
            elif words[1].endswith(".msgpack"):
                assert in_terminal(command, b"q", tmp_path)[0] == 0, command
            else:
                run = command.replace("python my_agent", f"{sys.executable} my_agent")
                done = subprocess.run(
                    run, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True
                )
                assert done.returncode == EXPECTED.get(words[1], 0), (command, done)
            ran.append(words[1])
    assert {"record", "replay", "show", "check", "fork", "diff", "faults"} <= set(ran)
    assert (tmp_path / "run.fork-2.msgpack").exists()


def told(command: str, folder: Path) -> str:
    """What a session that is told in advance says."""
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, (command, done)
    return done.stderr


async def test_the_walk(tmp_path, monkeypatch):
    """Each thing that the walk tells to type does what it says."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for tape in (ROOT / "tapes").glob("*.msgpack"):
        shutil.copy(tape, tmp_path)
    typed = re.findall(r"`(:\w[^`]+)`", README.partition("to its cause")[2].partition("```")[0])
    breakpoint, watch, watches, origin = typed
    app = app_of(str(tmp_path / "refund.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await type_in(pilot, breakpoint)
        await type_in(pilot, "G", "C")
        assert app.session.cursor == 19
        await type_in(pilot, watch)
        await type_in(pilot, watches)
        await until(pilot, lambda: "480" in shown(pilot))
        await type_in(pilot, "q", origin)
        await until(pilot, lambda: "entered at step 19 as the model's reply" in shown(pilot))
        await type_in(pilot, "q", "f")
        assert "edit the reply" in shown(pilot)
        assert "480" in shown(pilot)
        await type_in(pilot, "escape", "t")
        assert "refund.fork-1" in shown(pilot)
    app = app_of(str(tmp_path / "refund.fork-1.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await type_in(pilot, "d")
        await until(pilot, lambda: "18 steps shared" in shown(pilot))
        assert "exit 0" in shown(pilot)


async def type_in(pilot, *keys):
    """Keys, and lines after a colon."""
    for key in keys:
        await (pilot.press(*key, "enter") if key.startswith(":") else pilot.press(key))
        await settle(pilot)


def test_the_demo_opens_its_tape(tmp_path):
    assert "`tracefork-tui demo`" in README
    code, output = in_terminal("tracefork-tui demo", b"q", tmp_path)
    assert code == 0
    assert b"refund.msgpack" in output


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seams, alone, library = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {"fetch_weather": lambda city: f"rain in {city}"}
    exec(seams, names)
    assert names["weather"] == "rain in Oslo"
    assert names["charge_card"](3) is None
    bare = {}
    exec(alone, bare)
    assert bare["drawn"](len)("abc") == 3
    monkeypatch.setitem(sys.modules, "tracefork_tui", None)
    exec(alone, bare)
    assert bare["drawn"](len) is len
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)

    class Agent:
        @staticmethod
        def run() -> None:
            tracefork_tui.draw("tool", lambda: 1)

    shutil.copy(ROOT / "tapes" / "refund.msgpack", "run.msgpack")
    reading, recording = library.split("\n\n")
    exec(reading, {"tracefork_tui": tracefork_tui, "print": lambda *words: None})
    with pytest.raises(tracefork_tui.TapeError, match="exists"):
        exec(recording, {"tracefork_tui": tracefork_tui, "agent": Agent})
    os.remove("run.msgpack")
    exec(recording, {"tracefork_tui": tracefork_tui, "agent": Agent})
    assert [step.name for step in tracefork_tui.open("run.msgpack").steps] == ["tool"]
