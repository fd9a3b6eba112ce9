"""Runs of the agent as the screen sees them: begun, looked at, ended, judged.

A job is begun, stopped and finished off the main thread; it is asked whether it runs on any.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from ..tape.reader import Tape

if TYPE_CHECKING:
    from ..replay.fork import Forking
    from ..replay.plan import Intervention, Manner
    from ..replay.replay import Replaying

STOPPED = "stopped by hand"
MOST_PRINTED = 1 << 20


@dataclass(frozen=True)
class Order:
    """What is to be run: the tail from step `at` on, after the intervention if there is one; the
    tape as it stands where `at` is 0. Zero for a limit is none."""

    at: int = 0
    intervention: Intervention | None = None
    tail: str = "offline"
    max_calls: int = 0
    max_cost: float = 0.0

    @property
    def words(self) -> str:
        """What it is, in a few words that may hold text from the tape."""
        if not self.at:
            return "replay"
        what = self.intervention.text if self.intervention else f"from step {self.at} on"
        return f"{what} · {self.tail}"


class Result(NamedTuple):
    """How a run went. `good`: all that it was to show holds. `tape`: what is left of it, or "".
    `proof`: what the header says from now on of the fork, or of what was replayed; "" for as
    before. `step`: the parent's step that is nearest to where it diverged, 0 for none."""

    good: bool
    lines: list[str]
    tape: str = ""
    proof: str = ""
    step: int = 0


class Job(Protocol):
    """A run of an agent. What can go wrong raises TapeError, in one line."""

    order: Order
    name: str

    @property
    def out(self) -> str:
        """The tape that it writes; "" until it has begun."""

    def begin(self) -> None: ...

    def running(self) -> bool: ...

    def stop(self) -> None:
        """End the agent; may take seconds."""

    def finish(self) -> Result:
        """Close and judge what it wrote, once it does not run any more."""

    def printed(self) -> str:
        """What it wrote to stdout and stderr."""


class _Run:
    """What a fork and a replay have in common."""

    def __init__(self, parent: str, order: Order, in_copy: bool) -> None:
        self.order = order
        self.name = parent.rpartition("/")[2]
        self._parent = parent
        self._in_copy = in_copy
        self._copy = contextlib.ExitStack()
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the job)

    def _manner(self, tape: Tape) -> Manner:
        """In the tape's own folder, or in a copy of it that is there until the job is finished."""
        from ..replay.copying import copied_home
        from ..replay.plan import Manner

        folder = self._copy.enter_context(copied_home(tape)) if self._in_copy else ""
        return Manner(folder=folder)

    def printed(self) -> str:
        fd = self._file.fileno()
        start = max(0, os.fstat(fd).st_size - MOST_PRINTED)
        return os.pread(fd, MOST_PRINTED, start).decode("utf-8", "replace")


class ForkJob(_Run):
    """A fork of a tape, written to `out`."""

    def __init__(self, parent: str, order: Order, out: str, in_copy: bool = False) -> None:
        super().__init__(parent, order, in_copy)
        self._out = out
        self._forking: Forking | None = None

    @property
    def out(self) -> str:
        return self._forking.out if self._forking else ""

    def begin(self) -> None:
        from ..replay.fork import begin
        from ..replay.plan import Fork

        order, parent = self.order, Tape(self._parent)
        fork = Fork(
            parent=parent,
            at=order.at,
            intervention=order.intervention,
            tail=order.tail,
            max_calls=order.max_calls,
            max_cost=order.max_cost,
        )
        self._forking = begin(
            fork,
            self._out,
            stdout=self._file,
            stderr=self._file,
            apart=True,
            manner=self._manner(parent),
        )

    def running(self) -> bool:
        return self._forking is not None and self._forking.poll() is None

    def stop(self) -> None:
        if self._forking is not None:
            self._forking.stop(STOPPED)

    def finish(self) -> Result:
        from ..replay.receipt import fork_lines

        assert self._forking is not None
        self._copy.close()
        report = self._forking.report()
        with report.tape:
            good = report.held and not self._forking.stopped
            proof = f"prefix {'proven' if report.receipt.proven else 'NOT PROVEN'}"
            return Result(good, list(fork_lines(report)), report.tape.path, proof)


class ReplayJob(_Run):
    """A tape replayed: nothing is left of it but the receipt."""

    def __init__(self, parent: str, in_copy: bool = False) -> None:
        super().__init__(parent, Order(), in_copy)
        self._replaying: Replaying | None = None
        self._stopped = False

    @property
    def out(self) -> str:
        return self._replaying.out if self._replaying else ""

    def begin(self) -> None:
        from ..replay.replay import Replaying

        parent = Tape(self._parent)
        self._replaying = Replaying(
            parent,
            stdout=self._file,
            stderr=self._file,
            apart=True,
            manner=self._manner(parent),
        )

    def running(self) -> bool:
        return self._replaying is not None and self._replaying.poll() is None

    def stop(self) -> None:
        if self._replaying is not None and self.running():
            self._stopped = True
            self._replaying.run.cancel()

    def finish(self) -> Result:
        from ..replay.receipt import lines

        assert self._replaying is not None
        self._copy.close()
        receipt = self._replaying.receipt()
        if self._stopped:
            return Result(False, [f"replay: {STOPPED}; nothing was proven"])
        proof = "proven" if receipt.proven else "NOT PROVEN"
        step = receipt.explanation.step if receipt.explanation else 0
        return Result(receipt.proven, list(lines(receipt)), "", proof, step)
