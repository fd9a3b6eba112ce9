"""The debugger in a real terminal as a program among others: suspend, sizes, clipboard, colours."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import shlex
import shutil
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Terminal, wait_for
from tui_tapes import refund_run

BASH = shutil.which("bash")


class Screen(Terminal):
    """A terminal of a size, with a state and settings of its own."""

    def __init__(self, words: list[str], folder: Path, lines: int, columns: int, **env: str):
        env = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PS1": "shell> ",
            **env,
        }
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            if name not in env or not env[name]:
                env.pop(name, None)
        self._first = (lines, columns)
        super().__init__(words, folder, env)

    def resize(self, lines: int, columns: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.shown = b""

    def until_quiet(self) -> None:
        """Read until nothing comes for a while."""
        seen = [-1, 0]

        def quiet() -> bool:
            self._read()
            self._read()
            seen[:] = [seen[1], len(self.shown)]
            return seen[0] == seen[1]

        wait_for(quiet, "quiet")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def debugger(*words: str) -> list[str]:
    return [sys.executable, "-m", "tracefork_tui", *words]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    """Opens the debugger on a tape; what is opened is gone in the end."""
    refund_run(tmp_path / "run.msgpack")
    screens: list[Screen] = []

    def open_(
        words: list[str] | None = None, lines: int = 24, columns: int = 80, **env: str
    ) -> Screen:
        words = debugger("run.msgpack") if words is None else words
        start = f"stty rows {lines} cols {columns}; exec {shlex.join(words)}"
        screen = Screen(["sh", "-c", start], tmp_path, lines, columns, **env)
        screens.append(screen)
        return screen

    yield open_
    for screen in screens:
        screen.kill()


@pytest.mark.skipif(BASH is None, reason="job control is a shell's")
def test_it_is_suspended_and_comes_back(opened: Any) -> None:
    shell = opened([str(BASH), "--norc", "--noprofile", "-i"])
    shell.until("shell> ")
    shell.type(f"{shlex.join(debugger('run.msgpack'))}\n")
    shell.until("step 1/13")
    shell.type("j")
    shell.until("2/13")
    shell.until_quiet()
    shell.forget()
    shell.type("\x1a")
    shell.until("Stopped")
    assert b"\x1b[?1049l" in shell.shown
    shell.type("echo the''shell\n")
    shell.until("theshell")
    shell.forget()
    shell.type("fg\n")
    shell.until("step 2/13")
    assert b"\x1b[?1049h" in shell.shown
    shell.type("j")
    shell.until("3/13")
    shell.forget()
    shell.type("q")
    shell.until("shell> ")
    shell.type("echo code=$?\n")
    shell.until("code=0")
    shell.type("exit\n")
    assert shell.end() == 0


@pytest.mark.parametrize(("lines", "columns"), [(0, 0), (0, 80), (24, 0)])
def test_a_terminal_without_a_size_is_drawn_once(opened: Any, lines: int, columns: int) -> None:
    screen = opened(lines=lines, columns=columns)
    screen.until("step 1/13")
    screen.until_quiet()
    screen.resize(30, 100)
    screen.until("not replayed")
    screen.resize(0, 0)
    screen.until_quiet()
    screen.type("q")
    assert screen.end() == 0


def test_any_size_is_drawn(opened: Any) -> None:
    screen = opened()
    screen.until("step 1/13")
    for lines, columns in ((1, 1), (2, 5), (5, 20), (50, 200)):
        screen.resize(lines, columns)
        screen.until_quiet()
    screen.forget()
    screen.type("j")
    screen.until("2/13")
    screen.type("q")
    assert screen.end() == 0
    assert b"Traceback" not in screen.shown


def test_what_is_yanked_reaches_the_clipboard_of_the_terminal(opened: Any) -> None:
    screen = opened()
    screen.until("step 1/13")
    screen.until_quiet()
    screen.type("y")
    screen.until("copied ")
    found = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)(\x07|\x1b\\)", screen.shown)
    assert found
    assert b"time.time" in base64.b64decode(found[1])
    screen.type("q")
    assert screen.end() == 0


def test_no_colour_reaches_a_terminal_that_asks_for_none(opened: Any) -> None:
    screen = opened(NO_COLOR="1")
    screen.until("step 1/13")
    screen.type("j?")
    screen.until("Digits before a key")
    screen.type("qq")
    assert screen.end() == 0
    styles = re.findall(rb"\x1b\[([0-9;]*)m", screen.shown)
    assert styles
    coloured = re.compile(rb"(^|;)(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;|$)")
    assert not [style for style in styles if coloured.search(style)]
    assert any(b"7" in style.split(b";") for style in styles)


def test_a_place_is_kept_from_session_to_session(opened: Any, tmp_path: Path) -> None:
    before = (tmp_path / "run.msgpack").read_bytes()
    screen = opened()
    screen.until("first keys")
    screen.type("7G")
    screen.until("7/13")
    screen.type("q")
    assert screen.end() == 0
    again = opened()
    again.until("step 7/13")
    again.until("where you left it")
    again.type("q")
    assert again.end() == 0
    assert (tmp_path / "run.msgpack").read_bytes() == before


def test_a_mistake_in_the_settings_is_told(opened: Any, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "tracefork-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[keys]\nnext-stp = 'x'\nnext-step = 'ctrl+n'\n")
    screen = opened(columns=200)
    screen.until("did you mean next-step")
    screen.type("\x0e")
    screen.until("2/13")
    screen.type("q")
    assert screen.end() == 0


def test_the_tapes_of_a_folder_are_opened_from_a_list(opened: Any) -> None:
    screen = opened(debugger())
    screen.until("1 tape")
    screen.until("exit 0")
    screen.type("\r")
    screen.until("step 1/13")
    screen.forget()
    screen.type("q")
    screen.until("1 tape")
    screen.type("q")
    assert screen.end() == 0


def test_a_script_goes_on_at_the_terminal(opened: Any) -> None:
    screen = opened(debugger("run.msgpack", "--run", "goto 4; print"))
    screen.until("step 4/13")
    screen.until_quiet()
    screen.type("j")
    screen.until("5/13")
    screen.forget()
    screen.type("q")
    assert screen.end() == 0
    assert b"I will check the order first." in screen.shown
