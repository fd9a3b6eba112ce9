"""Sets whose order is told, where a plain one's is that of addresses in memory.

asyncio and anyio begin, cancel and list tasks in the order of such sets. Here that is the order
in which the tasks were given or made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .hooks import AfterImport
from .names import in_loop, task_label
from .standin import like, replace

GENERATOR = 0x20  # inspect.CO_GENERATOR, without the cost of inspect


class Ordered(set[Any]):
    """A set gone through in the order in which its items were given, then added."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._order = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        known = getattr(self, "_order", {})
        others = [item for item in super().__iter__() if item not in known]
        return iter([item for item in known if item in self] + others)

    def add(self, item: Any) -> None:
        super().add(item)
        self._order.setdefault(item)

    def discard(self, item: Any) -> None:
        super().discard(item)
        self._order.pop(item, None)

    def remove(self, item: Any) -> None:
        super().remove(item)
        self._order.pop(item, None)

    def pop(self) -> Any:
        while self._order:
            item = next(iter(self._order))
            del self._order[item]
            if item in self:
                super().discard(item)
                return item
        return super().pop()


Ordered.__name__ = Ordered.__qualname__ = "set"
Ordered.__module__ = "builtins"


def install(hooks: AfterImport) -> None:
    hooks.on("asyncio.tasks", _patch_asyncio)
    hooks.on("asyncio.taskgroups", lambda module: _order(module.TaskGroup, "_tasks"))
    hooks.on("anyio._backends._asyncio", _patch_anyio)


def _patch_asyncio(module: Any) -> None:
    real_tasks, real_completed = module.all_tasks, module.as_completed

    def all_tasks(loop: Any = None) -> Any:
        return Ordered(sorted(real_tasks(loop), key=_number))

    def begun(fs: Any) -> Any:
        if hasattr(fs, "__await__") or not in_loop():
            return fs
        return [module.ensure_future(one) for one in dict.fromkeys(fs)]

    def as_completed(fs: Any, **kwargs: Any) -> Any:
        return real_completed(begun(fs), **kwargs)

    def as_completed_later(fs: Any, **kwargs: Any) -> Iterator[Any]:
        yield from real_completed(begun(fs), **kwargs)

    later = bool(real_completed.__code__.co_flags & GENERATOR)
    replace(module, "asyncio", all_tasks, real_tasks)
    replace(module, "asyncio", as_completed_later if later else as_completed, real_completed)


def _patch_anyio(module: Any) -> None:
    _order(module.CancelScope, "_tasks", "_child_scopes")
    _order(module.TaskGroup, "_tasks")


def _order(made: Any, *names: str) -> None:
    """Give the sets of these names that a `made` begins with an order."""
    real = made.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        for name in names:
            if type(getattr(self, name, None)) is set:
                setattr(self, name, Ordered(getattr(self, name)))

    like(__init__, real)
    made.__init__ = __init__


def _number(task: Any) -> list[Any]:
    """Task-9 comes before Task-10."""
    parts = re.split(r"(\d+)", task_label(task))
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]
