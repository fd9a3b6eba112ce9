"""A fork from start to end: launched, watched for its limits, closed, judged."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import IO, Any

from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..wire import cost_of
from .launch import Run, start
from .plan import AS_RECORDED, LIVE, STRICT, Fork, Manner, fork_launch
from .verify import Receipt, halted, verify_prefix

TICK = 0.05


@dataclass(frozen=True)
class ForkReport:
    """How a fork went.

    `reached`: step N was asked for and the intervention served; `receipt`: the prefix compared
    with the parent's; `halted`: why the run was ended on purpose, or "".
    """

    tape: Tape
    receipt: Receipt
    reached: bool
    halted: str
    tail: str

    @property
    def held(self) -> bool:
        """The prefix held and the intervention was served."""
        stopped = self.tail == STRICT and bool(self.halted)
        return self.receipt.proven and self.reached and not stopped


def judged(parent: Tape, tape: Tape) -> ForkReport:
    """How a fork went that was made at some other time."""
    made = tape.header.get("parent") or {}
    at = int(made.get("step", 0))
    return ForkReport(
        tape=tape,
        receipt=verify_prefix(parent, tape, at),
        reached=bool(tape.index.of_step(at)),
        halted=halted(tape),
        tail=str(made.get("tail", "")),
    )


class Forking:
    """A fork under way. Poll it, cancel it; `report` closes its tape."""

    def __init__(self, fork: Fork, run: Run, timeout: float) -> None:
        self.fork = fork
        self.run = run
        self.stopped = ""
        self._deadline = time.monotonic() + timeout if timeout else None
        self._spend = Spend(run.out) if fork.max_cost and fork.tail == LIVE else None

    @property
    def out(self) -> str:
        return self.run.out

    def poll(self) -> int | None:
        """The agent's exit code, None while it runs; ends it when a limit is reached."""
        code = self.run.poll()
        if code is not None:
            return code
        if self._deadline is not None and time.monotonic() > self._deadline:
            self.stop("stopped: the time is up (--timeout)")
        elif self._spend is not None and self._spend.so_far(self.fork.at) > self.fork.max_cost:
            self.stop(f"stopped: more than ${self.fork.max_cost:g} spent (--max-cost)")
        return self.run.poll()

    def stop(self, why: str) -> None:
        self.stopped = why
        self.run.cancel()

    def wait(self) -> int:
        while (code := self.poll()) is None:
            try:
                self.run.wait(TICK)
            except subprocess.TimeoutExpired:
                continue
        return code

    def report(self) -> ForkReport:
        """Close the tape and judge it. Raises TapeError if the agent wrote none."""
        tape = self.run.finish()
        if tape is None:
            raise TapeError(f"{self.out}: the agent ended before it could be followed")
        receipt = verify_prefix(self.fork.parent, tape, self.fork.at)
        return ForkReport(
            tape=tape,
            receipt=receipt,
            reached=bool(tape.index.of_step(self.fork.at)),
            halted=self.stopped or halted(tape),
            tail=self.fork.tail,
        )


class Spend:
    """What the live steps of a growing tape have cost so far, in US dollars."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._tape: Tape | None = None
        self._next = 0
        self._sum = 0.0

    def so_far(self, at: int) -> float:
        try:
            if self._tape is None:
                self._tape = Tape(self._path)
                self._next = at
            self._tape.refresh()
            self._take(self._tape)
        except TapeError:
            pass
        return self._sum

    def _take(self, tape: Tape) -> None:
        while self._next <= len(tape.index.first):
            step: Any = tape.step(self._next)
            if step.kind == "exchange" and step.provenance == "live":
                if not step.ended:
                    return
                self._sum += cost_of(step) or 0.0
            self._next += 1


def begin(
    fork: Fork,
    out: str,
    command: list[str] | None = None,
    force: bool = False,
    timeout: float = 0.0,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    apart: bool = False,
    manner: Manner = AS_RECORDED,
) -> Forking:
    """Start a fork. Raises TapeError for a bad step, output or command."""
    launch = fork_launch(fork, out, command, force, manner)
    return Forking(fork, start(launch, stdin, stdout, stderr, apart), timeout)
