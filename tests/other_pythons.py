"""Pythons that have other people's libraries, and nothing of ours.

TRACEFORK_TEST_AGENTS: 1 to have them made, each in a virtual environment in pytest's cache; or the
paths of two that are there, `NEWER:OLDER`. Unset: the tests that need them are skipped.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv

import pytest

CHOSEN = os.environ.get("TRACEFORK_TEST_AGENTS", "")
NEEDS = {
    "newer": [
        "anthropic[aiohttp]==2.12.0",
        "grpcio==1.85.1",
        "httpx==0.28.1",
        "langchain==1.4.7",
        "langchain-anthropic==1.7.7",
        "mcp==2.3.0",
        "mock-ai-api==0.1.1",
        "openai==3.54.0",
        "pydantic-ai-slim[anthropic]==2.68.0",
        "requests==2.34.2",
        "trio==0.35.0",
        "uvloop==0.23.0",
    ],
    "older": ["anthropic==0.125.0", "litellm==1.106.2"],
    "frameworks": ["openai-agents==0.24.0"],
}


def other_python(name: str, config: pytest.Config) -> str:
    """The path of a Python that has NEEDS[name]; skips the test where there is none."""
    if not CHOSEN:
        pytest.skip("TRACEFORK_TEST_AGENTS is not set")
    if CHOSEN != "1":
        paths = dict(zip(NEEDS, CHOSEN.split(os.pathsep), strict=False))
        if name not in paths:
            pytest.skip(f"TRACEFORK_TEST_AGENTS names no {name} Python")
        return paths[name]
    assert config.cache is not None
    folder = config.cache.mkdir(f"agents-{name}")
    python = folder / "venv" / "bin" / "python"
    done = folder / "done"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != repr(NEEDS[name]):
            venv.create(folder / "venv", clear=True)
            pip = [sys.executable, "-m", "pip", "--python", python]
            words = [*pip, "install", "-q", *NEEDS[name]]
            made = subprocess.run(words, capture_output=True, text=True, check=False)
            assert "conflicting dependencies" not in made.stderr, made.stderr[-600:]
            if made.returncode:
                pytest.skip(f"pip cannot install {NEEDS[name]}: {made.stderr[-300:]}")
            done.write_text(repr(NEEDS[name]))
    return str(python)
