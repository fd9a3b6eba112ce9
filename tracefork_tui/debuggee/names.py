"""Which task or thread is running."""

from __future__ import annotations

import sys
import threading


def in_loop() -> bool:
    """True in a coroutine or a callback of an asyncio loop."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def task_name() -> str:
    """The asyncio task, else the thread, that is running; empty for the main thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            task = asyncio.current_task()
        except (RuntimeError, AttributeError):
            task = None
        if task is not None:
            return str(task.get_name())
    thread = threading.current_thread()
    return "" if thread is threading.main_thread() else thread.name
