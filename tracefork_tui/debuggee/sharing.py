"""Queues that several processes share, as the workers of a pool do: who takes what from one, and
who gives when, is on the tape of each. In a replay each has its turn again.

A turn is counted in a file beside the plan, one byte for each; a lock on it makes it one with what
it counts.
"""

from __future__ import annotations

import fcntl
import os
import time
from _thread import start_new_thread
from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .failures import in_one_line
from .further import BEGAN, ENDED, FAILED
from .hooks import AfterImport
from .session import DOOMED, Session
from .standin import like

if TYPE_CHECKING:
    from ..tape.reader import Tape

TURN = "queue turn"
GREW = "pool grew"
LOKY = ("joblib.externals.loky.backend.queues", "loky.backend.queues")
PATIENT = 10.0
PATIENCE = 20.0
STEP, LOOK = 0.001, 0.5

sleep, monotonic = time.sleep, time.monotonic


class Sharing:
    """The turns of this process, where it is a child of a recorded one."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def install(self, hooks: AfterImport) -> None:
        hooks.on("multiprocessing.queues", self._patch)
        for name in LOKY:
            hooks.on(name, lambda module: self._in_turn(module.SimpleQueue, "put", "_writer"))
        hooks.on("multiprocessing.process", self._patch_end)
        hooks.on("concurrent.futures.process", self._patch_growth)

    def begin(self, plan: str, child: bool, parent: Tape | None) -> None:
        """`plan`: the path of the plan; `parent`: the tape that this process replays."""
        self._root = plan.partition(".plan")[0] + ".plan" if child else ""
        self.session.failed_at = f"{self._root}{FAILED}" if child else ""
        if child and self.session.policy.replaying:
            start_new_thread(_end_with, (self.session, self.session.failed_at))
        self._ordinals: dict[tuple[str, int], int] = {}
        self._pools = 0
        self._turns: dict[tuple[str, int], deque[int]] = {}
        self._grew: set[tuple[int, int]] = set()
        for note in parent.notes if parent is not None else ():
            if note.kind == TURN:
                key = (str(note.data["way"]), int(note.data["queue"]))
                self._turns.setdefault(key, deque()).append(int(note.data["number"]))
            elif note.kind == GREW:
                self._grew.add((int(note.data["pool"]), int(note.data["call"])))

    @property
    def off(self) -> bool:
        return not self._root or self.session.detached

    def turn(self, way: str, end: Any) -> Turn:
        """The turn of who takes from ("get") or gives to ("put") the pipe with this end."""
        inode = os.fstat(end.fileno()).st_ino
        known = sum(1 for other, _ in self._ordinals if other == way)
        queue = self._ordinals.setdefault((way, inode), known)
        left = self._turns.get((way, queue))
        number = left.popleft() if left else 0
        return Turn(self.session, f"{self._root}.{inode}-{way}", way, queue, number)

    def _patch(self, module: ModuleType) -> None:
        library: Any = module
        self._in_turn(library.SimpleQueue, "get", "_reader")
        self._in_turn(library.SimpleQueue, "put", "_writer")
        self._in_turn(library.Queue, "get", "_reader")
        real = library.Queue._feed

        def _feed(*args: Any) -> None:
            at = next((n for n, arg in enumerate(args) if _sends(arg)), None)
            if at is not None and not self.off:
                writer, lock = args[at].__self__, args[at + 1]
                args = (*args[: at + 1], _Lock(self, writer, lock), *args[at + 2 :])
            real(*args)

        library.Queue._feed = staticmethod(_feed)

    def _patch_end(self, module: Any) -> None:
        """A process that ends by itself says so: one that only began was ended from outside."""
        real = module.BaseProcess._bootstrap

        def _bootstrap(process: Any, *args: Any, **kwargs: Any) -> Any:
            self._tell(BEGAN)
            if self.session.policy.replaying:
                process.run = in_one_line(process.run)
            code = real(process, *args, **kwargs)
            self._tell(ENDED)
            return code

        like(_bootstrap, real)
        module.BaseProcess._bootstrap = _bootstrap

    def _tell(self, what: str) -> None:
        if not self.off:
            self.session.note(what, {})

    def _in_turn(self, owner: Any, way: str, end: str) -> None:
        real = getattr(owner, way)

        def shared(queue: Any, *args: Any, **kwargs: Any) -> Any:
            if self.off or not (way == "put" or _waits(*args, **kwargs)):
                return real(queue, *args, **kwargs)
            with self.turn(way, getattr(queue, end)):
                return real(queue, *args, **kwargs)

        like(shared, real)
        setattr(owner, way, shared)

    def _patch_growth(self, module: ModuleType) -> None:
        """A pool grows when nobody is idle: a replay grows it when the recorded run did."""
        pool: Any = module.ProcessPoolExecutor
        real = pool._adjust_process_count

        def _adjust_process_count(executor: Any) -> None:
            session = self.session
            if not getattr(executor, "_safe_to_dynamically_spawn_children", False):
                real(executor)
                return
            if not hasattr(executor, "_tracefork"):
                self._pools += 1
                executor._tracefork = [self._pools, 0]
            executor._tracefork[1] += 1
            place = tuple(executor._tracefork)
            before = len(executor._processes)
            if not session.policy.replaying:
                real(executor)
            elif place in self._grew:
                executor._spawn_process()
            if len(executor._processes) > before:
                session.note(GREW, {"pool": place[0], "call": place[1]})

        like(_adjust_process_count, real)
        pool._adjust_process_count = _adjust_process_count


class Turn:
    """One turn. `number`: the recorded one, 0 where there is none to wait for."""

    def __init__(self, session: Session, path: str, way: str, queue: int, number: int) -> None:
        self._session = session
        self._path = path
        self._way = way
        self._queue = queue
        self._number = number
        self._fd = -1

    def __enter__(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = int(self._session.aside(os.open, (self._path, flags, 0o600), {}))
        if self._session.policy.replaying:
            self._wait()
        else:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        if self._way == "put":  # who has it may end us at once
            self._note(1)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                os.write(self._fd, b".")
                if self._way == "get":
                    self._note(0)
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)

    def _note(self, more: int) -> None:
        number = os.fstat(self._fd).st_size + more
        self._session.note(TURN, {"way": self._way, "queue": self._queue, "number": number})

    def _wait(self) -> None:
        """Until all before have had theirs, or nothing moves for long."""
        before, until = -1, monotonic() + PATIENCE
        while self._session._failure is None:
            size = os.fstat(self._fd).st_size
            if self._number and size >= self._number - 1:
                return
            if size != before:
                before, until = size, monotonic() + PATIENCE
            if monotonic() > until:
                return
            sleep(STEP)


class _Lock:
    """The lock of a queue's feeder: held, it has its turn."""

    def __init__(self, sharing: Sharing, writer: Any, real: Any) -> None:
        self._sharing = sharing
        self._writer = writer
        self._real = real
        self._turn: Any = None

    def acquire(self) -> bool:
        self._turn = self._sharing.turn("put", self._writer)
        self._turn.__enter__()
        return bool(self._real.acquire())

    def release(self) -> None:
        self._real.release()
        self._turn.__exit__(None, None, None)


def _end_with(session: Session, failed: str) -> None:
    """End this process when one beside it diverged: it may wait for it, or for its parent."""
    while not session.aside(os.path.exists, (failed,), {}):
        sleep(LOOK)
    sleep(DOOMED)
    session.end()


def _waits(block: bool = True, timeout: Any = None) -> bool:
    """True for a get that takes what time it takes: any other may well come back with nothing."""
    return block and (timeout is None or timeout >= PATIENT)


def _sends(value: Any) -> bool:
    return getattr(value, "__name__", "") == "send_bytes" and hasattr(value, "__self__")
