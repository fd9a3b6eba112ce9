"""A replay from start to end: the tape's command on the tape alone, and what that proves."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import IO

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .launch import Run, start
from .plan import AS_RECORDED, Manner, replay_launch
from .verify import Receipt, verify_replay


class Replaying:
    """A replay under way; its tape is in a folder of its own until `receipt` has judged it."""

    def __init__(
        self,
        parent: Tape,
        command: list[str] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        apart: bool = False,
        manner: Manner = AS_RECORDED,
    ) -> None:
        self.parent = parent
        self._folder = tempfile.TemporaryDirectory(prefix="tracefork-")
        out = os.path.join(self._folder.name, "replay.msgpack")
        launch = replay_launch(parent, out, command, manner)
        stdin = None if manner.stops else subprocess.DEVNULL
        self.run: Run = start(launch, stdin, stdout, stderr, apart)

    @property
    def out(self) -> str:
        return self.run.out

    def poll(self) -> int | None:
        return self.run.poll()

    def receipt(self, look: Callable[[Tape], None] | None = None) -> Receipt:
        """Wait for the agent and compare; `look` at its tape too. Raises TapeError if it never
        began."""
        try:
            tape = self.run.finish()
            if tape is None:
                raise TapeError(
                    f"{self.parent.path}: the replayed agent never loaded the debugger; "
                    "its Python may run with -I, -E or -S"
                )
            with tape:
                if look is not None:
                    look(tape)
                return verify_replay(self.parent, tape)
        finally:
            self._folder.cleanup()
