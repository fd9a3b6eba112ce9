"""Which task, work or thread is running."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from threading import get_ident
from typing import Any, Callable

from .hooks import AfterImport
from .standin import like
from .variables import Variable

_OWN = "_tracefork_name"
_NUMBERED = re.compile(r"Task-\d+")


class _Working(threading.local):
    """What was handed to this thread of a pool last, by the name that is its own in every run."""

    name = ""


working = _Working()
trio_task = Variable("tracefork_trio_task", "")


def install(hooks: AfterImport, aside: Callable[[], bool]) -> None:
    """Number asyncio's tasks without those that chance makes: the transport's, which are made while
    `aside()` is true, and those that close a generator or a client that is left behind. Tell tasks
    of one name apart.
    """
    made: Counter[str] = Counter()

    def patch(module: Any) -> None:
        real = module.BaseEventLoop.create_task

        def create_task(loop: Any, coro: Any, **kwargs: Any) -> Any:
            task = real(loop, coro, **kwargs)
            left_behind = type(coro).__name__ == "async_generator_athrow" or _finalizing()
            if not left_behind and not aside():
                name = str(task.get_name())
                plain = "Task" if _NUMBERED.fullmatch(name) else name
                made[plain] += 1
                own = f"Task-{made[plain]}" if plain != name else f"{name} #{made[plain]}"
                if plain != name or made[plain] > 1:
                    setattr(task, _OWN, own)
            return task

        like(create_task, real)
        module.BaseEventLoop.create_task = create_task

    hooks.on("asyncio.base_events", patch)


def _finalizing() -> bool:
    """True where a finalizer makes a task, by the loop or by asyncio."""
    maker: Any = sys._getframe(2)
    if maker.f_globals.get("__name__") == "asyncio.tasks":
        maker = maker.f_back
    return maker is not None and maker.f_code.co_name == "__del__"


def in_loop() -> bool:
    """True in a coroutine or a callback of an asyncio loop."""
    events = sys.modules.get("asyncio.events")
    running = getattr(events, "_get_running_loop", None)
    return running is not None and running() is not None


def task_name() -> str:
    """The asyncio task, else the work of a pool, trio's task, the thread; empty for the main one.

    Which thread of a pool does a piece of work is chance; the work itself has a name.
    """
    if in_loop():
        task = sys.modules["asyncio"].current_task()
        if task is not None:
            return task_label(task)
    if working.name or trio_task.value:
        return working.name or trio_task.value
    if get_ident() == threading.main_thread().ident:
        return ""
    return threading.current_thread().name


def task_label(task: Any) -> str:
    """The name of an asyncio task that is its own in every run."""
    name, own = str(task.get_name()), getattr(task, _OWN, "")
    renamed = own and _NUMBERED.fullmatch(own) and not _NUMBERED.fullmatch(name)
    return name if not own or renamed else str(own)
