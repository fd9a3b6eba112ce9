"""Draws in quick succession: kept in the tape's tail without a system call, and for numbers,
once the place that draws is known, without asking anybody.

A place is the user's frames and those between them, each by its code and where it stands: while
they are the same, so are the call site and the answer to whose code it is.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Callable

from ..tape.codec import pack
from ..tape.columns import FLOATS, INTEGERS, MOST, OBJECTS
from ..tape.errors import TapeError
from ..tape.tail import COUNT
from .callers import MOST_FRAMES, generated
from .names import task_name

if TYPE_CHECKING:
    from ..tape.tail import Tail
    from .feeding import Stretch
    from .session import Session

QUICK = 10_000_000
"""Nanoseconds between draws that are a quick succession."""
FEWEST = 16
LASTS = 100_000_000
"""Nanoseconds after which a burst is appended to the tape."""
LONGEST = 4096
LAST = MOST - 1
ATOMIC = sys.version_info >= (3, 10) and getattr(sys, "_is_gil_enabled", lambda: True)()
SPOTS = 1024

Chain = tuple[tuple[CodeType, int], ...]


class Spot:
    """A place that has drawn a number in this burst, and what is known of it.

    `chain`: its frames. `base`: below them the main module's own, which is known by itself: it
    lives as long as the program, and to ask a frame for its code is dear where an audit hook
    listens. `whole`: these are all frames down to the first. `alone`: and it is the main thread,
    outside of any task; the same frames are so again. `sole`: that frame, where it is all of them.
    """

    __slots__ = (
        "alone",
        "base",
        "base_at",
        "chain",
        "column",
        "epoch",
        "kind",
        "more",
        "place",
        "sole",
        "task",
        "whole",
    )

    def __init__(self, chain: Chain, base: FrameType, task: str, kept: Kept) -> None:
        whole = base.f_back is None
        main = whole and base.f_globals.get("__name__") == "__main__"
        self.chain = chain if main else (*chain, (base.f_code, base.f_lasti))
        self.base = base if main else None
        self.base_at = base.f_lasti
        self.whole = whole
        self.alone = whole and not task
        self.sole = base if main and not chain and not task else None
        self.task = task
        self.epoch, self.place, self.column, self.kind, self.more = kept[1:]


Kept = tuple[int, int, int, Any, type, Any]
"""Of the draw that was kept last: the thread, the burst, the source, the column, the value's type,
and on replay the stretch that it came from.
"""


class Burst:
    """The draws that wait in the tail. All but `kept` is used under the session's lock.

    `limit`: until when (the clock's ns) draws are taken without asking; 0 while they are not.
    """

    def __init__(self, session: Session, clock: Callable[[], int]) -> None:
        self.limit = self.epoch = self.count = self.n = 0
        self.times: Any = None
        self.which: Any = None
        self.head: Any = None
        self.kept: Kept | None = None
        self._session = session
        self._clock = clock
        self._tail: Tail | None = None
        self._until = self._last = self._quick = self._told = 0
        self._places: dict[Any, int] = {}
        self._off = False

    def shut(self) -> None:
        """Numbers are given out: nothing is taken without asking until the next one is kept."""
        self.limit = 0
        told, self._told = self._told, self.count
        if told != self.count:
            self._session.policy.drawn(self.count - told)

    def close(self) -> None:
        """Append what waits to the tape."""
        if self._until:
            self.shut()
            self._until = self.count = self._told = 0
            self.epoch += 1
            try:
                self._session.writer.settle()
            except TapeError as error:
                self._session.stop(error)

    def putter(self) -> Callable[[Spot, Any], bool]:
        """What keeps a number of a known place without asking; it tells if it could.

        Between its look at `limit` and the new count nothing is called, so that no other thread
        and no signal's handler comes in between: CPython looks for them at calls and at jumps
        back, from 3.10 on. All who change a burst under the lock set `limit` to 0 before.
        """
        clock, lock = self._clock, self._session.lock

        def put(spot: Spot, value: Any) -> bool:
            now = clock()
            if now >= self.limit or spot.epoch != self.epoch:
                return False
            at = self.count
            try:
                spot.column[at] = value
            except (ValueError, OverflowError):
                return False
            self.times[at] = now
            self.which[at] = spot.place
            self.count = self.head[COUNT] = at + 1
            if at == LAST:
                self.full()
            return True

        def locked(spot: Spot, value: Any) -> bool:
            with lock:
                return put(spot, value)

        return put if ATOMIC else locked

    def full(self) -> None:
        """There is no room for another number."""
        self.limit = 0
        with self._session.lock:
            self.close()

    def take(self, n: int, said: tuple[Any, ...], value: Any, more: Stretch | None) -> bool:
        """Keep draw `n` with those that wait; False where it is to be appended by itself.

        `said`: (task, site, provenance, name, type).
        """
        now = self._clock()
        if self._until and (now > self._until or n != self.n + self.count):
            self.close()
        if not self._until and not self._begin(n, now):
            return False
        kind = _column(value)
        data = value if kind != OBJECTS else self._held(value)
        place = self._place(kind, said) if data is not None else -1
        if self._tail is None or place < 0:
            self.close()
            return False
        self._tail.keep(place, kind, now, data)
        self.count = self._told = self.count + 1
        column = self._tail.floats if kind == FLOATS else self._tail.integers
        if kind != OBJECTS:
            self.kept = (get_ident(), self.epoch, place, column, type(value), more)
        self._last = now
        if self.count == MOST:
            self.close()
        elif self._session.policy.newest(n):
            self.limit = self._until
        return True

    def off(self) -> None:
        """Nothing waits from now on; what does is not this process's."""
        self._off, self._tail = True, None
        self.limit = self._until = 0

    def _begin(self, n: int, now: int) -> bool:
        self._quick = self._quick + 1 if now - self._last < QUICK else 0
        self._last = now
        if self._off or self._quick < FEWEST or self._session.breakpoints is not None:
            return False
        self._tail = self._session.writer.tail(n, self._session.start)
        if self._tail is None:
            self._off = True
            return False
        self.times, self.which, self.head = self._tail.times, self._tail.which, self._tail.head
        self.n, self.count, self._until = n, 0, now + LASTS
        self._told = 0
        self._places.clear()
        return True

    def _held(self, value: Any) -> int | None:
        data = pack(value)
        place = self._tail.hold(data) if self._tail is not None and len(data) < LONGEST else -1
        return place if place >= 0 else None

    def _place(self, kind: int, said: tuple[Any, ...]) -> int:
        key = (kind, *said)
        place = self._places.get(key)
        if place is None and self._tail is not None:
            task, site, *rest = said
            place = self._tail.source(kind, [task, list(site), *rest])
            if place >= 0:
                self._places[key] = place
        return -1 if place is None else place


def _column(value: Any) -> int:
    if type(value) is float:
        return FLOATS
    return INTEGERS if type(value) is int and -(1 << 63) <= value < 1 << 63 else OBJECTS


class Quick:
    """The short way of one function: what is known of the places that call it.

    `keep(frame, call)` draws as the session does it, the value being what `call` gives.
    """

    def __init__(self, session: Session, keep: Callable[..., Any]) -> None:
        self._session = session
        self._keep = keep
        self._spots: dict[int, Spot] = {}
        self.known = self._knows()

    def _knows(self) -> Callable[[Any], Spot | None]:
        find, within = self._spots.get, self._session.within.get

        def known(frame: Any) -> Spot | None:
            """The place that draws, where all of it is as it was."""
            spot = find(frame.f_lasti)
            if spot is None or within() is not None:
                return None
            for code, at in spot.chain:
                if frame is None or frame.f_code is not code or frame.f_lasti != at:
                    return None
                frame = frame.f_back
            if spot.whole and (
                frame is not spot.base or (frame is not None and frame.f_lasti != spot.base_at)
            ):
                return None
            return spot if spot.alone or spot.task == task_name() else None

        return known

    def recorder(self, real: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
        """`real`, recorded; `other(frame, args, kwargs)` where the place is not known."""
        inside, getframe, known = self._session.inside.get, sys._getframe, self.known
        find, within, drawn = self._spots.get, self._session.within.get, self.drawn
        burst, clock, put = self._session.burst, self._session.clock, self._session.burst.putter()

        def recorded(*args: Any, **kwargs: Any) -> Any:
            if inside():
                return real(*args, **kwargs)
            frame = getframe(1)
            spot = find(frame.f_lasti)
            if spot is None or frame is not spot.sole or within() is not None:
                spot = known(frame)
                if spot is None:
                    return other(frame, args, kwargs)
            try:
                value = real(*args, **kwargs) if args or kwargs else real()
            except BaseException as error:
                return drawn(frame, _raising(error))
            if type(value) is not spot.kind:
                return drawn(frame, _giving(value))
            if not ATOMIC:
                return value if put(spot, value) else drawn(frame, _giving(value))
            now = clock()
            if now < burst.limit and spot.epoch == burst.epoch:  # as `put` does it, without a call
                at = burst.count
                try:
                    spot.column[at] = value
                except (ValueError, OverflowError):
                    return drawn(frame, _giving(value))
                burst.times[at] = now
                burst.which[at] = spot.place
                burst.count = burst.head[COUNT] = at + 1
                if at == LAST:
                    burst.full()
                return value
            return drawn(frame, _giving(value))

        return recorded

    def feeder(
        self, real: Callable[..., Any], other: Callable[..., Any], advance: bool
    ) -> Callable[..., Any]:
        """`real`, fed from the tape; with `advance` it is called all the same."""
        inside, getframe, known = self._session.inside.get, sys._getframe, self.known
        burst, lock, put = self._session.burst, self._session.lock, self._session.burst.putter()

        def fed(*args: Any, **kwargs: Any) -> Any:
            if inside():
                return real(*args, **kwargs)
            frame = getframe(1)
            spot = known(frame)
            more = spot.more if spot is not None else None
            if spot is not None and more is not None:
                with lock:
                    at = more.next
                    if at < more.fit and more.numbers[at] == burst.n + burst.count:
                        value = more.values[at]
                        if type(value) is spot.kind and put(spot, value):
                            more.next = at + 1
                            if advance:
                                real(*args, **kwargs)
                            return value
            return other(frame, args, kwargs)

        return fed

    def drawn(self, frame: FrameType, call: Callable[[], Any]) -> Any:
        """Draw as the session does it, and remember the place."""
        self._session.burst.kept = None
        value = self._keep(frame, call)
        kept = self._session.burst.kept
        if kept is not None and kept[0] == get_ident():
            if len(self._spots) >= SPOTS:
                self._spots.clear()
            chain, base = _chain(frame, self._session.callers.user)
            self._spots[frame.f_lasti] = Spot(chain, base, task_name(), kept)
        return value


def _chain(frame: FrameType, user: Callable[[FrameType], bool]) -> tuple[Chain, FrameType]:
    """The frames that make a call site, and the last of them apart."""
    found: list[tuple[CodeType, int]] = []
    users = int(user(frame) and not generated(frame.f_code))
    while frame.f_back is not None and users < MOST_FRAMES:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
        users += user(frame) and not generated(frame.f_code)
    return tuple(found), frame


def _giving(value: Any) -> Callable[[], Any]:
    return lambda: value


def _raising(error: BaseException) -> Callable[[], Any]:
    def call() -> Any:
        raise error

    return call
