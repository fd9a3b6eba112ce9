"""Which task, work or thread is running."""

from __future__ import annotations

import sys
import threading


class _Working(threading.local):
    """What was handed to this thread of a pool last, by the name that is its own in every run."""

    name = ""


working = _Working()


def in_loop() -> bool:
    """True in a coroutine or a callback of an asyncio loop."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def task_name() -> str:
    """The asyncio task, else the work of a pool, else the thread; empty for the main thread.

    Which thread of a pool does a piece of work is chance; the work itself has a name.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            task = asyncio.current_task()
        except (RuntimeError, AttributeError):
            task = None
        if task is not None:
            return str(task.get_name())
    if working.name:
        return working.name
    thread = threading.current_thread()
    return "" if thread is threading.main_thread() else thread.name
