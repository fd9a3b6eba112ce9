"""What the tests of running agents from the screen share: agents recorded here, and patience."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from tui_app import until

from tracefork_tui.replay.launch import Launch, start
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.asking import Ask
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.screens.run import RunScreen

SIZE = (120, 40)

ASK = """\
import os

import httpx2


def ask(text):
    url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
    turns = [{"role": "user", "content": text}]
    body = {"model": "demo-model", "max_tokens": 200, "messages": turns}
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"]}
    return httpx2.post(url, json=body, headers=headers).json()
"""


def record(command: list[str], folder: Path, name: str) -> Path:
    """Record a command that runs in `folder`, to the tape `name` there."""
    path = folder / name
    launch = Launch(command, str(path), cwd=str(folder))
    quiet = subprocess.DEVNULL
    tape = start(launch, stdin=quiet, stdout=quiet, stderr=quiet).finish()
    assert tape is not None
    tape.close()
    return path


def record_agent(folder: Path, source: str) -> Path:
    (folder / "talk.py").write_text(ASK)
    (folder / "agent.py").write_text(source)
    return record([sys.executable, "agent.py"], folder, "run.msgpack")


def copied(tape: Path, folder: Path) -> Path:
    """A tape of one's own: its forks go beside it."""
    return Path(shutil.copy(tape, folder / "refund.msgpack"))


def opened(path: Path, step: int = 1) -> DebuggerApp:
    app = DebuggerApp(Tape(path))
    app.session.cursor = step
    return app


async def over(pilot: Pilot[Any]) -> RunScreen:
    """Wait for the run to end; gives its screen, which another may be on top of."""

    def screens() -> list[RunScreen]:
        return [one for one in pilot.app.screen_stack if isinstance(one, RunScreen)]

    await until(pilot, lambda: screens() and (screens()[0].result or screens()[0].failure), "a run")
    return screens()[0]


async def ready(pilot: Pilot[Any]) -> None:
    """The main screen has shown its step."""
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    await until(pilot, lambda: screen.body.document.lines, "the first step")


def shown(app: DebuggerApp) -> str:
    """What is on the screen, as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def said(app: DebuggerApp) -> str:
    """What the question on the screen says."""
    assert isinstance(app.screen, Ask), app.screen
    return app.screen.said.plain


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
