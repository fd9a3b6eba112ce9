"""Starting an agent under the debugger, and closing its tape when it has ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..debuggee.further import BESIDE, FAILED
from ..tape.codec import pack
from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.redact import Redactor
from ..tape.seal import seal
from .children import CHILD, settle
from .environment import (
    credential_names,
    keeps,
    key_names,
    origins,
    portable,
    user_secret,
)

BOOTSTRAP = str(Path(__file__).resolve().parent.parent / "debuggee" / "bootstrap")
LAST_OUTPUT = 4096
LOOK = 0.5
DOOMED = 10.0
FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class NotStarted(TapeError):
    """The agent's command cannot be started."""


@dataclass
class Launch:
    """What to start: command words, directory, environment, tape to write, and the plan."""

    command: list[str]
    out: str
    cwd: str = "."
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    plan: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    hash_seed: str | None = None
    force: bool = False


class Run:
    """An agent that runs under the debugger. Its tape grows at `out` while it does."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        out: str,
        plan: str,
        before: tuple[int, ...],
    ) -> None:
        self.process = process
        self.out = out
        self._plan = plan
        self._before = before
        self._started = time.monotonic()
        self._cancelled = False
        self._ends_at: float | None = None

    def poll(self) -> int | None:
        """The exit code (negative for a signal), None while it runs."""
        self._end_after_child()
        return self.process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises TimeoutExpired."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            try:
                return self.process.wait(max(0.0, min(LOOK, until - time.monotonic())))
            except subprocess.TimeoutExpired:
                self._end_after_child()
                if time.monotonic() >= until:
                    raise

    def _end_after_child(self) -> None:
        """A process that waits for ever for a child that diverged is ended."""
        if self._ends_at is None and os.path.exists(f"{self._plan}{FAILED}"):
            self._ends_at = time.monotonic() + DOOMED
        if self._ends_at is not None and time.monotonic() > self._ends_at:
            self.cancel()

    def cancel(self, patience: float = 2.0) -> None:
        """End the agent: first asked to, then killed. What it did so far stays on the tape."""
        self._cancelled = True
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            _signal(self.process, number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def forward_signals(self) -> int:
        """Wait for the agent, passing on the signals that were meant for it.

        What the terminal sends goes to the whole foreground group, the agent included, and is
        not sent twice.
        """
        wanted = {*FORWARDED, signal.SIGCHLD}
        while self.process.poll() is None:
            self._end_after_child()
            info = signal.sigtimedwait(wanted, LOOK)
            if info is not None and info.si_signo != signal.SIGCHLD and info.si_code <= 0:
                self.process.send_signal(info.si_signo)
        return self.process.returncode

    def finish(self) -> Tape | None:
        """Close the tape with the run's outcome. None when the agent never began to write one."""
        code = self.wait()
        for left in ("", ".more", FAILED):
            Path(f"{self._plan}{left}").unlink(missing_ok=True)
        if _identity(self.out) in ((), self._before):
            return None
        with Tape(self.out) as tape:
            outcome = _outcome(tape, code, self._cancelled)
        elapsed = int((time.monotonic() - self._started) * 1e6)
        notes = settle(self.out, user_secret(), self._plan)
        return seal(self.out, outcome, elapsed, user_secret(), notes)


def start(
    launch: Launch,
    stdin: int | IO[bytes] | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    apart: bool = False,
) -> Run:
    """Start the agent. `apart`: in a session of its own, away from our terminal.

    Raises NotStarted for a command that is not there, TapeError for an output that exists.
    """
    check_command(launch)
    command = launch.command
    cwd = os.path.realpath(launch.cwd)
    out = os.path.abspath(launch.out)
    check_output(launch.out, launch.force)
    before = _identity(out)
    plan_path = _write_plan(launch, cwd, out)
    environment = _environment(launch, plan_path)
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=apart,
            preexec_fn=_unblock if signal.pthread_sigmask(signal.SIG_BLOCK, ()) else None,
        )
    except OSError as error:
        Path(plan_path).unlink(missing_ok=True)
        raise NotStarted(f"{command[0]}: cannot be started: {error.strerror}") from None
    return Run(process, out, plan_path, before)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def check_command(launch: Launch) -> None:
    """Raises NotStarted if the command or its directory is not there."""
    if not os.path.isdir(launch.cwd):
        raise NotStarted(f"{launch.cwd}: the working directory is not there")
    name = launch.command[0] if launch.command else ""
    if not name or not _found(name, os.path.realpath(launch.cwd), launch.environment):
        raise NotStarted(f"{name}: command not found; name the agent's command behind --")


def check_output(path: str, force: bool) -> None:
    """Raises TapeError if a tape cannot be put at `path`."""
    if not path or os.path.isdir(path):
        raise TapeError(f"{path or '(no name)'}: is a folder; name a file")
    if os.path.exists(path) and not force:
        raise TapeError(f"{path}: exists already; name another file or pass --force")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise TapeError(f"{path}: its folder does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise TapeError(f"{path}: its folder cannot be written to")


def _identity(path: str) -> tuple[int, ...]:
    """What tells a file from the one that was there before; empty for none."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def block_signals() -> set[signal.Signals | int]:
    """Keep the signals that `forward_signals` waits for; gives the mask from before."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, {*FORWARDED, signal.SIGCHLD}))


def header_of(launch: Launch, cwd: str, out: str) -> dict[str, Any]:
    secrets = list(launch.plan.get("secrets", ()))
    redactor = Redactor(launch.environment, secrets)
    words = redactor.command(portable(launch.command, cwd))
    return {
        "command": words,
        "cwd": os.path.relpath(cwd, os.path.dirname(out)),
        "name": _name(words),
        "started": time.time(),
        "id": os.urandom(8).hex(),
        "environment": keeps(launch.environment, redactor),
        "keys": key_names(launch.environment),
        "credentials": credential_names(launch.environment),
        "origins": origins(launch.environment),
        "hash_seed": _hash_seed(launch),
        "user": list(launch.plan.get("user", ())),
        "variables": list(launch.plan.get("variables", ())),
        "secrets": secrets,
        **launch.header,
    }


def _hash_seed(launch: Launch) -> str:
    if launch.hash_seed is None:
        own = launch.environment.get("PYTHONHASHSEED", "")
        fresh = str(int.from_bytes(os.urandom(4), "big"))
        launch.hash_seed = own if own.isdigit() else fresh
    return launch.hash_seed


def _name(words: list[str]) -> str:
    """What to call the agent: its script or module, without the interpreter."""
    for position, word in enumerate(words):
        if word == "-m" and position + 1 < len(words):
            return words[position + 1].rpartition(".")[2]
        if word.endswith(".py"):
            return Path(word).stem
    return Path(words[0]).name if words else ""


def _write_plan(launch: Launch, cwd: str, out: str) -> str:
    plan = {
        "header": header_of(launch, cwd, out),
        "out": out,
        "force": launch.force,
        **launch.plan,
        **_beside(launch),
    }
    handle, path = tempfile.mkstemp(prefix="tracefork-", suffix=".plan")
    with os.fdopen(handle, "wb") as file:
        file.write(pack(plan))
    return path


def _beside(launch: Launch) -> dict[str, Any]:
    """The further Pythons of the run that is replayed, if any, and the words of its first."""
    if not launch.plan.get("parent"):
        return {}
    with Tape(launch.plan["parent"]) as tape:
        notes = [dict(note.data) for note in tape.notes if note.kind == CHILD]
        told = [one for one in notes if one["number"] > BESIDE]
        return {"words": str(tape.header.get("words", "")), "beside": told} if told else {}


def _environment(launch: Launch, plan_path: str) -> dict[str, str]:
    new = dict(launch.environment)
    for name in ("PYTHONPATH", "PYTHONHASHSEED"):
        if name in new:
            new[f"TRACEFORK_{name}"] = new[name]
    path = new.get("PYTHONPATH")
    new["PYTHONPATH"] = f"{BOOTSTRAP}{os.pathsep}{path}" if path else BOOTSTRAP
    new["PYTHONHASHSEED"] = _hash_seed(launch)
    new["TRACEFORK_PLAN"] = plan_path
    return new


def _found(name: str, cwd: str, environment: dict[str, str]) -> bool:
    if os.sep in name:
        return os.access(os.path.join(cwd, name), os.X_OK)
    return shutil.which(name, path=environment.get("PATH")) is not None


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    except ProcessLookupError:
        pass


def _outcome(tape: Tape, code: int, cancelled: bool) -> dict[str, Any]:
    exception = next((n.data.get("what", "") for n in tape.notes if n.kind == "exception"), "")
    output = "".join(text for _, _, text in tape.output()[-200:])
    return {
        "exit_code": code if code >= 0 else None,
        "signal": -code if code < 0 else None,
        "exception": exception,
        "output": output[-LAST_OUTPUT:],
        "cancelled": cancelled,
    }


def exit_code(code: int) -> int:
    """A shell's exit code for a process's."""
    return 128 - code if code < 0 else code


__all__ = [
    "Launch",
    "NotStarted",
    "Run",
    "block_signals",
    "check_command",
    "check_output",
    "exit_code",
    "start",
]
