"""Work that was handed to a pool of threads and cancelled before one took it: whether that was in
time is chance, and comes out on replay as it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .held import monotonic, real_sleep
from .hooks import AfterImport
from .session import Session
from .standin import like
from .threads import WORK, Threads, Ticket

if TYPE_CHECKING:
    from concurrent.futures import Future
    from weakref import WeakKeyDictionary, WeakSet

NOTE = "never begun"
GRACE = 0.001
LONGEST = 1.0


def install(session: Session, hooks: AfterImport, threads: Threads) -> None:
    threads.cancelled = lambda name: session.note(NOTE, {"what": name}, once=name)
    if session.policy.replaying:
        parent = getattr(session.policy, "parent", None)  # a child may have no tape
        notes = parent.notes if parent is not None else ()
        names = {str(note.data.get("what")) for note in notes if note.kind == NOTE}
        kept = _Kept(threads, names)
        threads.keeper = kept
        session.gate.opened.append(kept.hand_in)
        hooks.on("concurrent.futures._base", kept.patch_cancel)
        hooks.on("concurrent.futures.thread", kept.patch_shutdown)


class _Kept:
    """What is kept from its pool, until it is cancelled or the run has left the tape.

    `names`: the work that was never begun when it was recorded; all other is let begin before it
    is cancelled.
    """

    def __init__(self, threads: Threads, names: set[str]) -> None:
        from weakref import WeakKeyDictionary

        self._threads = threads
        self._names = names
        self._kept: dict[Any, tuple[Any, Ticket, Any, Any]] = {}
        self._handed: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()
        self._submit: Any = None
        self._follows = True

    def keep(self, pool: Any, ticket: Ticket, args: Any, kwargs: Any) -> Future[Any] | None:
        """A future of what the pool is not given; None for what it is to have."""
        from concurrent.futures import Future

        if not self._follows or ticket.name not in self._names or pool._shutdown:
            return None
        future: Future[Any] = Future()
        ticket.keep()
        self._kept[future] = (pool, ticket, args, kwargs)
        return future

    def handed(self, pool: Any, future: Any) -> None:
        """The pool has it."""
        from weakref import WeakSet

        self._handed.setdefault(pool, WeakSet()).add(future)

    def hand_in(self) -> None:
        """The run has left the tape: from now on chance has its way."""
        self._follows = False
        while self._kept:
            future, (pool, ticket, args, kwargs) = self._kept.popitem()
            _chain(self._submit(pool, ticket, *args, **kwargs), future)

    def patch_cancel(self, module: Any) -> None:
        real = module.Future.cancel

        def cancel(future: Any) -> bool:
            self._let_begin(future)
            done = bool(real(future))
            kept = self._kept.pop(future, None) if done else None
            if kept is not None:
                future.set_running_or_notify_cancel()  # as a thread of the pool would
            return done

        like(cancel, real)
        module.Future.cancel = cancel

    def patch_shutdown(self, module: Any) -> None:
        pools = module.ThreadPoolExecutor
        real, self._submit = pools.shutdown, pools.submit.__wrapped__

        def shutdown(pool: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:
            if cancel_futures:
                for future in list(self._handed.pop(pool, ())):
                    self._let_begin(future)
                    setattr(future, WORK, "")
                for future, (kept, *_) in list(self._kept.items()):
                    if kept is pool:
                        future.cancel()
            real(pool, wait, cancel_futures=cancel_futures)

        like(shutdown, real)
        pools.shutdown = shutdown

    def _let_begin(self, future: Any) -> None:
        name = getattr(future, WORK, "")
        if not name or name in self._names or not self._follows:
            return
        until = monotonic() + LONGEST
        while future._state == "PENDING" and self._threads.at_work() and monotonic() < until:
            real_sleep(GRACE)


def _chain(done: Any, future: Any) -> None:
    """Have `future` end as `done` does."""

    def copy(_: Any) -> None:
        if future.set_running_or_notify_cancel():
            error = done.exception()
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

    done.add_done_callback(copy)
