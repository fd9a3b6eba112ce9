"""Which task, work or thread is running."""

from __future__ import annotations

import sys
import threading
from threading import get_ident  # the real one: an agent's threading.get_ident() is noted


class _Working(threading.local):
    """What was handed to this thread of a pool last, by the name that is its own in every run."""

    name = ""


working = _Working()


def in_loop() -> bool:
    """True in a coroutine or a callback of an asyncio loop."""
    events = sys.modules.get("asyncio.events")
    running = getattr(events, "_get_running_loop", None)
    return running is not None and running() is not None


def task_name() -> str:
    """The asyncio task, else the work of a pool, else the thread; empty for the main thread.

    Which thread of a pool does a piece of work is chance; the work itself has a name.
    """
    if in_loop():
        task = sys.modules["asyncio"].current_task()
        if task is not None:
            return str(task.get_name())
    if working.name:
        return working.name
    if get_ident() == threading.main_thread().ident:
        return ""
    return threading.current_thread().name
