"""Running a script bare, under `record` and under `replay`, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "agents"
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY")


@dataclass
class Ran:
    """A finished process."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """The JSON document that it printed."""
        if not self.out:
            raise AssertionError(f"it printed nothing (exit code {self.code}):\n{self.err}")
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in KEYS}
    return {**kept, "ANTHROPIC_API_KEY": "sk-ant-not-a-real-key", **more}


def command(script: str | Path, *args: str, python: str = sys.executable) -> list[str]:
    return [python, str(HERE / script), *args]


def bare(words: list[str], cwd: Path, **more: str) -> Ran:
    return run(words, cwd, environment(**more))


def record(words: list[str], tape: Path, cwd: Path, **more: str) -> Ran:
    return run([*tool("record", "-o", str(tape)), "--", *words], cwd, environment(**more))


def replay(tape: Path, cwd: Path, **more: str) -> tuple[Ran, Any]:
    """The agent's own output, and the receipt."""
    ran = run(tool("replay", str(tape), "--json"), cwd, environment(**more))
    receipt = json.loads(ran.out) if ran.out else {"proven": False, "failures": [ran.err]}
    lines = ran.err.splitlines()
    agents = [line for line in lines if not line.startswith("tracefork-tui: ")]
    return Ran(ran.code, "\n".join(agents), ran.err), receipt


def shown(tape: Path) -> Any:
    ran = run(tool("show", str(tape), "--json"), tape.parent, environment())
    return json.loads(ran.out)


def tool(*words: str) -> list[str]:
    return [sys.executable, "-m", "tracefork_tui", *words]


def run(words: list[str], cwd: Path, variables: dict[str, str]) -> Ran:
    done = subprocess.run(
        words,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
