"""Stops at steps of a replay: pdb opens in the user's frame that asked, before the answer is there.

The agent's stdin is the tape's; the prompt has the command's. On a terminal it edits lines, else
it reads the command's stdin and writes to its stdout. What is drawn at the prompt is no step, and
a connection that is opened there is refused.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, TextIO

from .effects import CONNECTS
from .held import held

if TYPE_CHECKING:
    from .session import Session

HIGH = 100
SHADOWABLE = ("pdb", "bdb", "cmd", "code", "codeop")


class Breakpoints:
    """Where the run stops, and what its prompt talks to."""

    def __init__(self, session: Session, steps: list[int]) -> None:
        self._session = session
        self._steps = set(steps)
        self._console = Console()
        self._debugger: Any = None
        self._step = 0
        self._thread = 0
        sys.addaudithook(self._refuse)

    def reached(self, n: int, what: str, frame: FrameType | None) -> None:
        """Open the prompt if this step is one to stop at."""
        if n not in self._steps:
            return
        tracing = sys.gettrace()
        sys.settrace(None)
        self._steps.discard(n)
        self._step = n
        frames = [one for one in _outwards(frame) if not hidden(one)]
        if not frames:
            sys.settrace(tracing)
            return
        with self.prompting():
            if self._debugger is None:
                self._debugger = _imported(lambda: self._make())
            self._console.stdout.write(f"step {n}: {what}\n")
        self._debugger.stop(frames[0], self._users(frames))

    def _make(self) -> Any:
        from .prompt import Debugger

        return Debugger(self, self._console)

    def _users(self, frames: list[FrameType]) -> FrameType:
        """The innermost frame of the user's, one with a file where there is one."""
        users = [one for one in frames if self._session.callers.user(one)]
        filed = [one for one in users if not one.f_code.co_filename.startswith("<")]
        return (filed or users or frames)[0]

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """What happens at the prompt stays off the tape, and the other threads wait."""
        inside = self._session.inside
        before, self._thread = (inside.value, self._thread), threading.get_ident()
        inside.value = True
        try:
            with self._session.lock, held.hold(), self._console.open():
                yield
        finally:
            inside.value, self._thread = before

    def quit(self) -> None:
        """End the agent here and now."""
        self._session.note("stopped", {"message": f"stopped at step {self._step} by the user"})
        self._console.flush()
        os._exit(1)

    def _refuse(self, event: str, args: Any) -> None:
        if not held.open or event not in CONNECTS or self._thread != threading.get_ident():
            return
        if len(args) > 1 and isinstance(args[1], tuple):
            raise ConnectionRefusedError("a replay opens no connection, its prompt neither")


class Console:
    """The command's terminal, or its stdin and stdout; taken away from the agent."""

    def __init__(self) -> None:
        self.terminal = _terminal()
        if self.terminal is None:
            self.stdin = _opened(_high(0), "r")
        else:
            self.stdin = _opened(0, "r")
        self.stdout = _opened(1, "w")
        empty = os.open(os.devnull, os.O_RDONLY)
        if empty != 0:
            os.dup2(empty, 0)
            os.close(empty)

    @contextmanager
    def open(self) -> Iterator[None]:
        """While this lasts, sys.stdin and sys.stdout are the prompt's."""
        self.flush()
        streams = sys.stdin, sys.stdout
        numbers = [] if self.terminal is None else [(_high(number), number) for number in (0, 1)]
        for _, number in numbers:
            os.dup2(self.terminal or 0, number)
        sys.stdin, sys.stdout = self.stdin, self.stdout
        try:
            yield
        finally:
            self.flush()
            sys.stdin, sys.stdout = streams
            for kept, number in numbers:
                os.dup2(kept, number)
                os.close(kept)

    def flush(self) -> None:
        for stream in (sys.stdout, sys.stderr, self.stdout):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass


def hidden(frame: FrameType) -> bool:
    """True for the debuggee's own frames and those of the interpreter's start."""
    name = str(frame.f_globals.get("__name__", ""))
    ours = name.startswith(("_tracefork.", "tracefork_tui.debuggee."))
    return ours or frame.f_code.co_filename.startswith("<frozen")


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _terminal() -> int | None:
    """The terminal that is the command's stdin, to read and to write."""
    if not os.isatty(0):
        return None
    try:
        number = os.open(os.ttyname(0), os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return _high(0)
    kept = _high(number)
    os.close(number)
    return kept


def _high(number: int) -> int:
    """A copy of a file descriptor, out of the way of the agent's and its children's."""
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:
        return os.open(os.devnull, os.O_RDWR)


def _opened(number: int, mode: str) -> TextIO:
    return os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False)  # type: ignore[return-value]


def _imported(make: Callable[[], Any]) -> Any:
    """`make()` with the standard library's pdb, whatever the agent calls `cmd` or `code`."""
    home = os.path.dirname(os.__file__)
    agents = {name: sys.modules.pop(name) for name in SHADOWABLE if name in sys.modules}
    path = sys.path[:]
    sys.path[:] = [place for place in path if os.path.dirname(place) == home or place == home]
    try:
        return make()
    finally:
        sys.path[:] = path
        for name in SHADOWABLE:
            sys.modules.pop(name, None)
        sys.modules.update(agents)
