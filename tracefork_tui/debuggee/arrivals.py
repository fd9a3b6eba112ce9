"""The order in which the user's code sees what has been completed.

`wait` of asyncio and of concurrent.futures gives sets, whose order is that of addresses in memory;
`as_completed` of the latter begins with such a set. The order that the recorded run saw is told in
a note, and given again on replay.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any, Callable

from .hooks import AfterImport
from .names import task_label, task_name
from .ordered import Ordered
from .session import Session
from .standin import replace
from .threads import WORK

ARRIVED = "arrived"
MOST_PENDING = 64
"""Of more than so many that are not done the order is not told: each wait would tell it anew."""


class Arrivals:
    """Names what is waited for: asyncio's tasks have names, and so has the work of pools."""

    def __init__(self, session: Session, aside: Callable[[], bool]) -> None:
        self._session = session
        self._aside = aside
        self._begun: Counter[str] = Counter()
        self._tape: Any = None
        self._told: dict[tuple[str, int], dict[str, Any]] = {}

    def install(self, hooks: AfterImport) -> None:
        hooks.on("asyncio.tasks", self._patch_asyncio)
        hooks.on("concurrent.futures._base", self._patch_futures)

    def _patch_asyncio(self, module: Any) -> None:
        real = module.wait

        async def wait(fs: Any, **kwargs: Any) -> Any:
            if self._not_users(sys._getframe(1)):
                return await real(fs, **kwargs)
            key = self._key()
            done, pending = await real(fs, **kwargs)
            return self._both(key, done, pending)

        replace(module, "asyncio", wait, real)

    def _patch_futures(self, module: Any) -> None:
        real_wait, real_as_completed = module.wait, module.as_completed

        def wait(fs: Any, *args: Any, **kwargs: Any) -> Any:
            found = real_wait(fs, *args, **kwargs)
            if self._not_users(sys._getframe(1)):
                return found
            return type(found)(*self._both(self._key(), *found))

        def as_completed(fs: Any, timeout: float | None = None) -> Iterator[Any]:
            if self._not_users(sys._getframe(1)):
                yield from real_as_completed(fs, timeout)
                return
            key, futures, seen, late = self._key(), list(fs), [], False
            recorded = self._recorded(key)
            try:
                for future in _in_order(futures, recorded.get("done", []), real_wait):
                    seen.append(future)
                    yield future
                left = set(futures).difference(seen)
                if recorded.get("late"):
                    self._session.ahead.skip(timeout)
                    total = len(set(futures))
                    raise module.TimeoutError(f"{len(left)} (of {total}) futures unfinished")
                for future in real_as_completed(left, timeout):
                    seen.append(future)
                    yield future
            except module.TimeoutError:
                late = True
                raise
            finally:
                self._tell(key, done=list(map(_name, seen)), **({"late": True} if late else {}))

        replace(module, "concurrent.futures", wait, real_wait)
        replace(module, "concurrent.futures", as_completed, real_as_completed)

    def _not_users(self, frame: FrameType | None) -> bool:
        return self._aside() or not self._session.callers.user(frame)

    def _key(self) -> tuple[str, int]:
        task = task_name()
        self._begun[task] += 1
        return task, self._begun[task]

    def _both(self, key: tuple[str, int], done: set[Any], pending: set[Any]) -> Any:
        orders = {"done": done}
        if len(pending) <= MOST_PENDING:
            orders["pending"] = pending
        if max(map(len, orders.values())) < 2:
            return done, pending
        told = self._recorded(key)
        orders = {
            name: _in(one, told[name]) if name in told else one for name, one in orders.items()
        }
        self._tell(key, **{name: list(map(_name, one)) for name, one in orders.items()})
        return orders["done"], orders.get("pending", pending)

    def _recorded(self, key: tuple[str, int]) -> dict[str, Any]:
        tape = self._session.policy.parent
        if tape is not None and tape is not self._tape:
            told = [note.data for note in tape.notes if note.kind == ARRIVED]
            self._tape, self._told = tape, {(one["task"], one["n"]): one for one in told}
        return self._told.get(key, {})

    def _tell(self, key: tuple[str, int], **orders: Any) -> None:
        self._session.note(ARRIVED, {"task": key[0], "n": key[1], **orders})


def _in(items: Iterable[Any], names: list[str]) -> Ordered:
    """A set in the order that another run's had."""
    place = {name: at for at, name in enumerate(names)}
    return Ordered(sorted(items, key=lambda item: place.get(_name(item), len(place))))


def _in_order(futures: list[Any], names: list[str], wait: Any) -> Iterator[Any]:
    """The futures of these names, each when it is done, as far as there are such."""
    by_name = {_name(future): future for future in futures}
    for name in names:
        future = by_name.pop(name, None)
        if future is None:
            return
        wait([future])
        yield future


def _name(one: Any) -> str:
    if name := getattr(one, WORK, ""):
        return str(name)
    return task_label(one) if hasattr(one, "get_name") else ""
