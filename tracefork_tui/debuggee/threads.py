"""Work that is handed to pools of threads: its name, and whether any of it is still to be done."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType, ModuleType
from typing import Any, Callable

from . import handed
from .callers import ours
from .held import held
from .hooks import AfterImport
from .names import in_loop, task_name, working
from .standin import like

Site = Callable[[FrameType], "list[str]"]

PATIENCE = 0.25
LONGEST = 20
QUIET = 4
WORK = "_tracefork_work"
PICKING = frozenset(("_worker", "get"))
IDLE = PICKING | {"wait", "join", "_shutdown", "_wait_for_tstate_lock", "accept", "select", "poll"}


class Threads:
    """Knows the work that was handed to pools and has not begun, besides what threads show.

    Work is named by its pool and its place among what the same task handed to that pool; what is
    handed on while `aside()` is true has no name. `site`: where the user's code hands it over.
    """

    def __init__(self, aside: Callable[[], bool], site: Site = lambda _: []) -> None:
        self._aside = aside
        self._site = site
        self._lock = threading.Lock()
        self._handed = 0
        self._named: Counter[str] = Counter()
        self.about_to: list[Callable[[], bool]] = []
        """Each tells whether a thread that waits for us may go on and has not yet."""
        self.cancelled: Callable[[str], None] = lambda name: None
        """Told the name of work that was cancelled before it began."""
        self.keeper: Any = None
        """What may keep work from its pool."""

    def install(self, hooks: AfterImport) -> None:
        hooks.on("concurrent.futures.thread", self._patch_pool)
        hooks.on("anyio._backends._asyncio", self._patch_anyio)

    def at_work(self) -> bool:
        """True if a thread does something else than waiting for another."""
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        names = [_doing(frame) for frame in frames.values()]
        if any(name not in IDLE for name in names) or any(about() for about in self.about_to):
            return True
        return self._handed > 0 and any(name in PICKING for name in names)

    def wait(
        self,
        condition: threading.Condition,
        due: Callable[[], bool],
        moved: Callable[[], int],
        longest: int = LONGEST,
    ) -> bool:
        """Wait, with the condition held, until it is due.

        False where nothing moved `longest` times PATIENCE, or QUIET times while nobody was at work.
        """
        before, still = moved(), 0
        while not due():
            if condition.wait(PATIENCE) or held.now() or moved() != before:
                before, still = moved(), 0
                continue
            still += 1
            if still >= longest or (still >= QUIET and not self.at_work()):
                return False
        return True

    def works(self, ident: int) -> bool:
        """True if this thread does something else than waiting for another."""
        frame = sys._current_frames().get(ident)
        return frame is not None and _doing(frame) not in IDLE

    def _patch_pool(self, module: ModuleType) -> None:
        pool: Any = module.ThreadPoolExecutor
        real = pool.submit

        def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            ticket = self._ticket(executor._thread_name_prefix, fn, sys._getframe(1))
            future = self._kept(executor, ticket, args, kwargs)
            if future is None:
                future = self._handed_in(real, executor, ticket, args, kwargs)
            setattr(future, WORK, ticket.name)
            future.add_done_callback(ticket.begun)
            return future

        like(submit, real)
        pool.submit = submit

    def _kept(self, pool: Any, ticket: Ticket, args: Any, kwargs: Any) -> Any:
        return self.keeper.keep(pool, ticket, args, kwargs) if self.keeper is not None else None

    def _handed_in(self, submit: Any, pool: Any, ticket: Ticket, args: Any, kwargs: Any) -> Any:
        try:
            future = submit(pool, ticket, *args, **kwargs)
        except BaseException:
            ticket.begun()
            raise
        if self.keeper is not None:
            self.keeper.handed(pool, future)
        return future

    def _patch_anyio(self, module: ModuleType) -> None:
        backend: Any = module.AsyncIOBackend
        real = backend.run_sync_in_worker_thread.__func__

        async def run_sync_in_worker_thread(
            cls: Any, func: Callable[..., Any], *args: Any, **kwargs: Any
        ) -> Any:
            ticket = self._ticket("anyio", func, sys._getframe(1))
            try:
                return await real(cls, ticket, *args, **kwargs)
            finally:
                ticket.begun()

        backend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)

    def _ticket(self, pool: str, function: Any, frame: FrameType) -> Ticket:
        return Ticket(self, self._name(pool), function, self._site(frame))

    def _name(self, pool: str) -> str:
        if self._aside():
            return ""
        by = task_name()
        whole = f"{pool} of {by}" if by else pool
        with self._lock:
            self._named[whole] += 1
            return f"{whole} #{self._named[whole]}"

    def count(self, change: int) -> None:
        with self._lock:
            self._handed += change


def _doing(frame: FrameType) -> str:
    """The function that a thread is in, none if it is ours: that waits within another.

    It is `get` where that waits for a queue to be filled, and none where a wait is over and the
    thread has not come to go on.
    """
    name, caller = frame.f_code.co_name, frame.f_back
    if ours(frame.f_code.co_filename) or (name == "wait" and _woken(frame)):
        return ""
    return "get" if name == "wait" and caller and caller.f_code.co_name == "get" else name


def _woken(frame: FrameType) -> bool:
    """True if a condition that is waited for, in this frame, was notified."""
    if frame.f_code.co_filename != threading.__file__ or "waiter" not in frame.f_code.co_varnames:
        return False
    found = frame.f_locals
    condition, waiter = found.get("self"), found.get("waiter")
    return waiter is not None and waiter not in getattr(condition, "_waiters", (waiter,))


def work_of(args: tuple[Any, ...]) -> str:
    """The name of the work that a call is about: of the future among its arguments, else of this
    thread's, if it is no event loop's.
    """
    for arg in args:
        if name := getattr(arg, WORK, ""):
            return str(name)
    return "" if in_loop() else working.name


class Ticket:
    """A function on its way to a thread."""

    def __init__(
        self, threads: Threads, name: str, function: Callable[..., Any], site: list[str]
    ) -> None:
        self._threads = threads
        self.name = name
        self._function = function
        self._site = site
        self._begun = self._kept = False
        threads.count(+1)

    def begun(self, future: Any = None) -> None:
        """A thread took it, or it was cancelled."""
        if self._begun:
            return
        self._begun = True
        if not self._kept:
            self._threads.count(-1)
        if self.name and future is not None and future.cancelled():
            self._threads.cancelled(self.name)

    def keep(self) -> None:
        """No thread is given it."""
        self._kept = True
        self._threads.count(-1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.begun()
        working.name = self.name
        if self._site:
            return handed.call(self._site, self._function, args, kwargs)
        return self._function(*args, **kwargs)
