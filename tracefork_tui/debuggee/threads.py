"""Whether other threads of the agent are at work, so that waiting for them makes sense."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import Any, Callable

from .hooks import AfterImport
from .standin import like

PICKING = frozenset(("_worker", "get"))
IDLE = PICKING | {"wait", "join", "_shutdown", "_wait_for_tstate_lock", "accept", "select", "poll"}


class Threads:
    """Knows the work that was handed to pools and has not begun, besides what threads show."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed = 0

    def install(self, hooks: AfterImport) -> None:
        hooks.on("concurrent.futures.thread", self._patch_pool)
        hooks.on("anyio._backends._asyncio", self._patch_anyio)

    def at_work(self) -> bool:
        """True if a thread does something else than waiting for another."""
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        names = [frame.f_code.co_name for frame in frames.values()]
        if any(name not in IDLE for name in names):
            return True
        return self._handed > 0 and any(name in PICKING for name in names)

    def _patch_pool(self, module: ModuleType) -> None:
        pool: Any = module.ThreadPoolExecutor
        real = pool.submit

        def submit(executor: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            ticket = _Ticket(self, fn)
            try:
                future = real(executor, ticket, *args, **kwargs)
            except BaseException:
                ticket.begun()
                raise
            future.add_done_callback(ticket.begun)
            return future

        like(submit, real)
        pool.submit = submit

    def _patch_anyio(self, module: ModuleType) -> None:
        backend: Any = module.AsyncIOBackend
        real = backend.run_sync_in_worker_thread.__func__

        async def run_sync_in_worker_thread(
            cls: Any, func: Callable[..., Any], *args: Any, **kwargs: Any
        ) -> Any:
            ticket = _Ticket(self, func)
            try:
                return await real(cls, ticket, *args, **kwargs)
            finally:
                ticket.begun()

        backend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)

    def count(self, change: int) -> None:
        with self._lock:
            self._handed += change


class _Ticket:
    """A function on its way to a thread."""

    def __init__(self, threads: Threads, function: Callable[..., Any]) -> None:
        self._threads = threads
        self._function = function
        self._begun = False
        threads.count(+1)

    def begun(self, _: object = None) -> None:
        if not self._begun:
            self._begun = True
            self._threads.count(-1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.begun()
        return self._function(*args, **kwargs)
