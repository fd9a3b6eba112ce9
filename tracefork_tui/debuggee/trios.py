"""Agents that run on trio: its tasks have names of their own, and on replay wait for their turns.

Which of its tasks goes on first is chance, and its clock is real: the recording names that, and a
replay takes the time that the agent sleeps.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, Callable

from .hooks import AfterImport
from .names import trio_task
from .session import Session
from .standin import like

FOR_EVER = 60.0
"""Seconds that an answer is held which the recorded run did not wait for."""


def install(session: Session, hooks: AfterImport, aside: Callable[[], bool]) -> None:
    """Name the tasks that the agent starts in a nursery, each after its parent and its place."""
    made: Counter[str] = Counter()

    def patch(module: Any) -> None:
        real = module.Nursery.start_soon

        def start_soon(nursery: Any, async_fn: Any, *args: Any, name: object = None) -> None:
            if aside():
                real(nursery, async_fn, *args, name=name)
                return
            parent = trio_task.value
            made[parent] += 1
            site = session.callers.site(sys._getframe(1))
            session.note("trio", {"what": "tasks in an order of chance", "site": site}, once="")
            trio_task.value = f"{parent}.{made[parent]}" if parent else f"trio-{made[parent]}"
            try:
                real(nursery, async_fn, *args, name=name)
            finally:
                trio_task.value = parent

        like(start_soon, real)
        module.Nursery.start_soon = start_soon

    hooks.on("trio", patch)


def running() -> Any:
    """trio, where one of its tasks runs; else None."""
    trio = sys.modules.get("trio")
    lowlevel = getattr(trio, "lowlevel", None)
    if lowlevel is None:
        return None
    try:
        lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


async def wait(trio: Any, due: Callable[[], bool], moved: Callable[[], int]) -> bool:
    """Wait in a task until it is due; False where nothing moved for long."""
    before, until = moved(), trio.current_time() + FOR_EVER
    while not due():
        if trio.current_time() > until:
            return False
        await trio.sleep(0.001)
        if moved() != before:
            before, until = moved(), trio.current_time() + FOR_EVER
    return True
