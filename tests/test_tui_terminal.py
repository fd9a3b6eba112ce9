"""The debugger in a real terminal: what reaches it, and how it ends."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tui_talks import hostile_talks
from tui_tapes import hostile_run, refund_run

OPEN = "import sys; from tracefork_tui.tui import run; sys.exit(run(sys.argv[1:]))"
STARTED = """
import asyncio, sys
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp

async def main():
    app = DebuggerApp(Tape(sys.argv[1]))
    async with app.run_test(size=(int(sys.argv[2]), 40)) as pilot:
        await pilot.pause(0.3)
        await pilot.press("l", "j", "j")
        await pilot.pause(0.6)

asyncio.run(main())
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


FRAMES = """
import os
from tracefork_tui.tui import _set_frames
_set_frames()
from textual.screen import UPDATE_PERIOD
print(round(1 / UPDATE_PERIOD), os.environ.get("TEXTUAL_FPS"))
"""


class Terminal:
    """The debugger as a child on a pseudo-terminal; `seen` is every byte that it wrote."""

    def __init__(self, path: str, columns: int, lines: int) -> None:
        self._side, child = os.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", OPEN, path],
            stdin=child,
            stdout=child,
            stderr=child,
            env=env,
            start_new_session=True,
        )
        os.close(child)
        self.seen = b""

    def read(self, quiet: float = 0.3, until: bytes = b"", limit: float = 20.0) -> bytes:
        """What comes until it is quiet, or until a mark has come."""
        start, end = len(self.seen), time.monotonic() + limit
        while time.monotonic() < end:
            ready = select.select([self._side], [], [], quiet if not until else 0.5)[0]
            if ready:
                try:
                    data = os.read(self._side, 65536)
                except OSError:
                    break
                if not data:
                    break
                self.seen += data
            elif not until:
                break
            if until and until in self.seen[start:]:
                until = b""
        return self.seen[start:]

    def type(self, keys: bytes) -> bytes:
        os.write(self._side, keys)
        return self.read()

    def end(self) -> int:
        self.read(quiet=1.0)
        code = self.process.wait(timeout=20)
        os.close(self._side)
        return code


@pytest.mark.parametrize(
    ("made", "steps", "columns", "lines"),
    [(hostile_run, 5, 80, 24), (hostile_run, 5, 160, 45), (hostile_talks, 1, 100, 30)],
)
def test_nothing_of_the_tape_is_obeyed(
    tmp_path: Path, made: Callable[[Path], str], steps: int, columns: int, lines: int
) -> None:
    terminal = Terminal(made(tmp_path / "run.msgpack"), columns, lines)
    try:
        terminal.read(until=b"step ")
        for _ in range(steps):
            for _ in range(8):
                terminal.type(b"]")
            terminal.type(b"j")
        for key in b" FFTp\\":
            terminal.type(bytes((key,)))
        terminal.type(b"/nope\r")
        terminal.type(b"n")
        terminal.type(b"?")
        terminal.type(b"q")
        os.write(terminal._side, b"q")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
    shown = terminal.seen.decode("utf-8", "replace")
    assert "[@click" in shown.replace("\x1b", "")
    assert b"\x1b]52" not in terminal.seen
    assert b"cHduZWQ=\x07" not in terminal.seen
    assert b"\x1b[2J" not in terminal.seen.partition(b"step ")[2]
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert b"Traceback" not in terminal.seen


def test_q_ends_it_with_exit_code_0(tmp_path: Path) -> None:
    terminal = Terminal(refund_run(tmp_path / "run.msgpack"), 80, 24)
    try:
        assert b"step 1/13" in terminal.read(until=b"step ")
        os.write(terminal._side, b"q")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
    assert terminal.seen.rstrip().endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.seen


def test_a_terminal_that_goes_away_without_a_signal_ends_it(tmp_path: Path) -> None:
    terminal = Terminal(refund_run(tmp_path / "run.msgpack"), 80, 24)
    try:
        terminal.read(until=b"step ")
        os.close(terminal._side)
        assert terminal.process.wait(timeout=60) == 1
    finally:
        terminal.process.kill()


@pytest.mark.parametrize("columns", [80, 160])
def test_opening_a_tape_imports_no_sdk(tmp_path: Path, columns: int) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    done = subprocess.run(
        [sys.executable, "-c", STARTED, path, str(columns)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'textual'" in done.stdout
    for name in ("anthropic", "openai", "httpx", "tree_sitter"):
        assert f"'{name}'" not in done.stdout
    if columns < 120:  # where no price is shown; the price table brings httpx2 along
        assert "'httpx2'" not in done.stdout


@pytest.mark.parametrize(("own", "expected"), [(None, "240 None"), ("30", "30 30")])
def test_a_key_is_painted_sooner_than_textual_would(own: str | None, expected: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "TEXTUAL_FPS"}
    environment |= {"TEXTUAL_FPS": own} if own else {}
    command = [sys.executable, "-c", FRAMES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == expected, done.stderr
