"""Demo agents, recorded on the offline model: for a first look, and for the tapes in `tapes/`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..demo.server import serve
from ..tape.errors import TapeError
from ..tape.reader import Tape
from . import interventions
from .fork import begin
from .launch import Launch, check_output, start
from .plan import LIVE, OFFLINE, Fork

AGENTS = ("refund", "research", "chat")
KEY = "demo-key-for-the-offline-model"
MISREADING = 19
OVERLOADED = 12

Say = Callable[[str], None]


@contextlib.contextmanager
def record_demo(agent: str, out: str | None, force: bool, say: Say) -> Iterator[str]:
    """Record a demo agent; gives the tape's path. Forks can run live while this is open.

    Without `out` the tape is kept in a folder that goes away. Raises TapeError.
    """
    if agent not in AGENTS:
        raise TapeError(f"{agent}: no demo agent; there are {', '.join(AGENTS)}")
    if out is not None:
        check_output(out, force)
    with tempfile.TemporaryDirectory(prefix="tracefork-demo-") as folder, _model() as url:
        path = out or os.path.join(folder, f"{agent}.msgpack")
        say(f"recording the demo agent {agent!r} on the offline model at {url}")
        with _record(agent, path, force, None) as tape:
            ended = tape.outcome and tape.outcome.exit_code
            say(f"{path}: {len(tape.steps)} steps, exit code {ended}")
        yield path


def record_tapes(folder: str, say: Say) -> bool:
    """Record the bundled tapes anew, with the old ones' draws; True if all came out equal.

    Each old tape is replaced only by one with the same fingerprint; another one is kept beside
    it with `.new` in its name. Raises TapeError.
    """
    place = Path(folder)
    root, repaired, overloaded = (
        place / name
        for name in ("refund.msgpack", "refund.fork-1.msgpack", "refund.fork-2.msgpack")
    )
    with _model():
        new = _new(root)
        _record("refund", str(new), True, str(root) if root.exists() else None).close()
        same = [_settle(new, root, say)]
        with Tape(root) as parent:
            step = parent.step(MISREADING)
            reply = interventions.reply(step, (place / "repair.json").read_text())
            fault = interventions.fault(parent.step(OVERLOADED), "overloaded:times=3")
            same.append(_fork(Fork(parent, MISREADING, reply, LIVE), repaired, say))
            same.append(_fork(Fork(parent, OVERLOADED, fault, OFFLINE), overloaded, say))
    return all(same)


def _fork(fork: Fork, path: Path, say: Say) -> bool:
    new = _new(path)
    forking = begin(fork, str(new), force=True, stdout=2)
    forking.wait()
    report = forking.report()
    report.tape.close()
    if not report.held:
        raise TapeError(f"{new}: the fork did not hold: {'; '.join(report.receipt.failures)}")
    return _settle(new, path, say)


def _settle(new: Path, old: Path, say: Say) -> bool:
    """Put a new tape in the old one's place, if it is the same run."""
    with Tape(new) as tape:
        fingerprint = tape.fingerprint
    if old.exists():
        with Tape(old) as tape:
            if tape.fingerprint != fingerprint:
                say(f"{old}: came out as another run; the new tape is {new}")
                return False
    new.rename(old)
    say(f"{old}: {fingerprint}")
    return True


def _new(path: Path) -> Path:
    return path.with_suffix(".new.msgpack")


@contextlib.contextmanager
def _model() -> Iterator[str]:
    """The offline model, and an environment in which agents find it."""
    before = {name: os.environ.get(name) for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY")}
    with serve() as url:
        os.environ.update(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY=KEY)
        try:
            yield url
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _record(agent: str, path: str, force: bool, redraws: str | None) -> Tape:
    command = [sys.executable, "-m", f"tracefork_tui.demo.{agent}"]
    launch = Launch(command, path, force=force)
    if redraws:
        launch.plan["redraws"] = os.path.abspath(redraws)
        with Tape(redraws) as old:
            launch.hash_seed = str(old.header.get("hash_seed"))
    run = start(launch, stdin=subprocess.DEVNULL, stdout=2)
    tape = run.finish()
    if tape is None:
        raise TapeError(f"{path}: the demo agent could not be recorded")
    return tape
