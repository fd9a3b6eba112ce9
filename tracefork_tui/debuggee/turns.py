"""What threads do in an order that chance gave it: each is a turn, and comes so again on replay.

A turn is told as [how manieth of its kind and task, kind and task]. The gets are those that the
user's own code makes from a `queue.Queue`; the calls are those by which a pool's threads tell an
event loop that their work is done; the waits are a matter of `waits`.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections import Counter, deque
from functools import partial
from types import FrameType
from typing import Any, Callable

from .callers import ours, past
from .hooks import AfterImport
from .names import in_loop, task_name
from .session import Session
from .standin import like
from .threads import work_of

GET, EMPTY, CALL = "get", "empty", "call"
ARRIVED = "_tracefork_arrived"


class Turns:
    """Counts what each task does, and tells what of it is over."""

    def __init__(self, session: Session, aside: Callable[[], bool]) -> None:
        self._session = session
        self._aside = aside
        self._begun: Counter[str] = Counter()
        self._getting = _Getting()
        self._calls: set[_Call] = set()

    def install(self, hooks: AfterImport) -> None:
        hooks.on("queue", self._patch_queue)
        hooks.on("asyncio.base_events", self._patch_loop)

    def next(self, kind: str, task: str) -> int:
        """How manieth of its kind and task this is."""
        key = f"{kind} {task}"
        self._begun[key] += 1
        return self._begun[key]

    # Queues

    def _patch_queue(self, module: Any) -> None:
        for kind in (module.Queue, module.LifoQueue, module.PriorityQueue):
            kind._get = self._told(kind._get)
        real = module.Queue.get
        session, getting = self._session, self._getting

        def get(queue: Any, block: bool = True, timeout: float | None = None) -> Any:
            frame = _outside(module.__file__, sys._getframe(1))
            if self._aside() or in_loop() or not session.callers.user(frame):
                return real(queue, block, timeout)
            task = task_name()
            number, turn, kind = self.next(GET, task), 0, GET
            if session.policy.replaying:
                turn, kind = session.gate.taken(number, task, (GET, EMPTY))
            try:
                if kind == EMPTY:
                    raise module.Empty
                getting.turn = [number, f"{GET} {task}"]
                return real(queue, block, timeout)
            except module.Empty:
                getting.turn = [number, f"{EMPTY} {task}"]
                raise
            finally:
                self._tell(took=block)
                if turn:
                    session.gate.passed(turn)

        like(get, real)
        module.Queue.get = get

    def _told(self, real: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A queue's own way to give an item, told while no other thread can get one of it."""

        def _get(queue: Any) -> Any:
            item = real(queue)
            self._tell()
            return item

        like(_get, real)
        return _get

    def _tell(self, took: bool = False) -> None:
        turn, self._getting.turn = self._getting.turn, None
        if turn is not None:
            self.timed(turn, took)

    def timed(self, turn: list[Any], took: bool) -> None:
        """Tell a turn; one thread alone has none but those that took time."""
        if took or threading.active_count() > 1:
            self._session.timed(turn)

    # Loops

    def _thread(self, frame: FrameType | None) -> str:
        """The thread, where the user's own code has it call into a loop."""
        if in_loop():
            return ""
        caller = _outside(sys.modules["asyncio.tasks"].__file__ or "", frame)
        return task_name() if self._session.callers.user(caller) else ""

    def _patch_loop(self, module: Any) -> None:
        loops = module.BaseEventLoop
        real, close = loops.call_soon_threadsafe, loops.close

        def call_soon_threadsafe(loop: Any, callback: Any, *args: Any, context: Any = None) -> Any:
            frame = sys._getframe(1)
            work = "" if ours(frame.f_code.co_filename) else work_of(args) or self._thread(frame)
            if not work or self._aside():
                return real(loop, callback, *args, context=context)
            turn = [self.next(CALL, work), f"{CALL} {work}"]
            call = _Call(self._session, loop, turn, callback, self._calls)
            calls = loop.__dict__.get(ARRIVED)
            if calls is None:
                call.handle = real(loop, call, *args, context=context)
            else:
                loop._check_closed()
                call.handle = module.events.Handle(call, args, loop, context)
                calls.append(call.handle)
                loop._write_to_self()
            return call.handle

        def closed(loop: Any) -> None:
            close(loop)
            for call in list(self._calls):
                if call.loop is loop:
                    call.drop()

        like(call_soon_threadsafe, real)
        like(closed, close)
        loops.call_soon_threadsafe, loops.close = call_soon_threadsafe, closed


def gather(loop: Any) -> None:
    """From now on, keep what threads have this loop call until it is let in."""
    setattr(loop, ARRIVED, deque())


def let_in(loop: Any) -> None:
    """The loop looked for events: it makes the calls now, after what it had to do before.

    On replay each is made at its turn, and what came in the same round is woken with it.
    """
    calls = getattr(loop, ARRIVED)
    gate = None
    while calls:
        handle = calls.popleft()
        call = handle._callback
        if isinstance(call, _Call) and call.has_turn():
            gate = call.gate
            gate.call(call.number, loop, partial(call.make, handle))
        else:
            loop._ready.append(handle)
    if gate is not None:
        gate.let_in()


class _Getting(threading.local):
    """The get that this thread is at, until it is told."""

    turn: list[Any] | None = None


class _Call:
    """What a thread has an event loop call; on replay at its turn. `calls`: those not made yet."""

    def __init__(
        self, session: Session, loop: Any, turn: list[Any], callback: Any, calls: set[_Call]
    ) -> None:
        self.handle: Any = None
        self.loop = loop
        self._session = session
        self._turn = turn
        self._callback = callback
        self._calls = calls
        self.gate = session.gate
        self.number = self.gate.number(*turn) if self.gate is not None else 0
        calls.add(self)

    def has_turn(self) -> bool:
        """True on replay where its turn is still to come."""
        return bool(self.number) and self.gate.has(self.number)

    def __call__(self, *args: Any) -> None:
        if self.has_turn() and not self.gate.ready(self.number):
            context = contextvars.copy_context()
            self.gate.call(self.number, self.loop, lambda: context.run(self._go, args))
        else:
            self._go(args)

    def make(self, handle: Any) -> None:
        """Do as a loop does with what is ready."""
        if handle.cancelled():
            self.drop()
        else:
            handle._run()

    def _go(self, args: Any) -> None:
        self._calls.discard(self)
        if self.number:
            self.gate.passed(self.number)
        if self.handle is None or not self.handle.cancelled():
            self._session.timed(self._turn)
            self._callback(*args)

    def drop(self) -> None:
        """It is not made: the loop is closed, or it was cancelled."""
        self._calls.discard(self)
        if self.number:
            self.gate.over(self.number)

    def __repr__(self) -> str:
        return repr(self._callback)


def _outside(file: str, frame: FrameType | None) -> FrameType | None:
    """The nearest frame that is not of a file."""
    return past(frame, lambda one: one.f_code.co_filename == file)
