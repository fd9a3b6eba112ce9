"""The command line driven as a user drives it: real processes, real HTTP, real terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tracefork_tui

KEY = "sk-ant-test-5f0c77aa1b2c"
PATIENCE = 180.0

TALK = '''\
"""What the agents of these tests share: a plain client of the Messages API."""
import os

import {library} as http

BASE = os.environ["ANTHROPIC_BASE_URL"]
HEADERS = {{"x-api-key": os.environ["ANTHROPIC_API_KEY"]}}
client = http.Client(headers=HEADERS)


def body(text, **more):
    turns = [{{"role": "user", "content": text}}]
    return {{"model": "demo-model", "max_tokens": 200, "messages": turns, **more}}


def ask(text, **more):
    return client.post(BASE + "/v1/messages", json=body(text, **more))


def say(text, **more):
    return ask(text, **more).json()["content"][0]["text"]
'''


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def one_line(self) -> str:
        """The error that is the one line on stderr."""
        assert self.code == 2, self
        assert self.out == "", self
        assert self.err.startswith("tracefork-tui: "), self
        assert self.err.count("\n") == 1, self
        assert self.err.isprintable() or self.err[:-1].isprintable(), self
        return self.err[:-1]


class Bench:
    """A folder to work in, an offline model, and the commands."""

    def __init__(self, folder: Path, url: str, state: Path) -> None:
        self.folder = folder
        self.url = url
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not re.search(r"^(PYTHON|ANTHROPIC|OPENAI|TRACEFORK|COV)|_KEY$|_TOKEN$", name)
        }
        self.env |= {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": KEY,
            "XDG_STATE_HOME": str(state),
        }
        self.write("talk.py", TALK.format(library="httpx2"))

    def write(self, name: str, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        (self.folder / name).write_bytes(data)
        return name

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, *words: str, stdin: str | bytes = b"", **env: str | None) -> Done:
        """Any command, in the folder; `env` adds variables, or takes them away with None."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment(**env),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=PATIENCE,
        )
        return Done(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode("utf-8")
        )

    def environment(self, **env: str | None) -> dict[str, str]:
        new: dict[str, str | None] = {**self.env, **env}
        return {name: value for name, value in new.items() if value is not None}

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tracefork_tui", *words]

    def cli(self, *words: str, stdin: str | bytes = b"", **env: str | None) -> Done:
        return self.run(*self.words(*words), stdin=stdin, **env)

    def record(
        self, agent: str, *words: str, tape: str = "run.msgpack", code: int = 0, **more: Any
    ) -> tracefork_tui.Tape:
        """Record an agent, given as its source, and open the tape."""
        self.write("agent.py", agent)
        done = self.cli("record", "-o", tape, "--", sys.executable, "agent.py", *words, **more)
        assert done.code == code, done
        return self.open(tape)

    def open(self, tape: str = "run.msgpack") -> tracefork_tui.Tape:
        return tracefork_tui.open(self.folder / tape)

    def replay(self, tape: str = "run.msgpack", *words: str, **more: Any) -> Done:
        """Replay with no server to be found and no key."""
        env = {"ANTHROPIC_BASE_URL": None, "ANTHROPIC_API_KEY": None} | more
        return self.cli("replay", tape, *words, **env)

    def fork(self, at: int, *words: str, tape: str = "run.msgpack", **more: Any) -> Done:
        env = {"ANTHROPIC_BASE_URL": None, "ANTHROPIC_API_KEY": None} | more
        return self.cli("fork", tape, "--at", str(at), *words, **env)

    def start(self, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )

    def files(self) -> dict[str, bytes]:
        """Every file of the folder but Python's own caches."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in found
            if "__pycache__" not in path.parts
        }


class Terminal:
    """A process in a pseudo-terminal of its own."""

    def __init__(self, words: list[str], cwd: Path, env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()

        def control() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=control,
        )
        os.close(slave)
        self.shown = b""

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, text: str) -> None:
        """Read until the screen has shown `text`."""
        wait_for(lambda: self._read() and text.encode() in self.shown, text)

    def end(self) -> int:
        """Read to the end; gives the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read() and time.monotonic() < deadline:
            pass
        code = self.process.wait(PATIENCE)
        os.close(self.master)
        return code

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], 0.1)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)


def wait_for(condition: Callable[[], Any], what: str = "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"nothing came of waiting for {what!r}"
        time.sleep(0.02)


def draws(tape: tracefork_tui.Tape) -> list[tuple[str, Any]]:
    return [(step.name, step.value) for step in tape.steps if step.kind == "draw"]


def exchanges(tape: tracefork_tui.Tape) -> list[Any]:
    return [step for step in tape.steps if step.kind == "exchange"]
