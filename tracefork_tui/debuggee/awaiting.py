"""Who waits for a task: the asyncio callers that are not on the stack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any


def with_awaiting(stack: list[tuple[FrameType, int]]) -> list[tuple[FrameType, int]]:
    """The stack with the event loop's frames replaced by those of the tasks that wait."""
    asyncio = sys.modules.get("asyncio")
    task: Any = _current(asyncio)
    if task is None:
        return stack
    root = next(_frames(task), None)
    place = next((at for at, (frame, _) in enumerate(stack) if frame is root), 0)
    waiting: list[tuple[FrameType, int]] = []
    seen = [task]
    while task is not None:
        task = _parent(asyncio, task, seen)
        if task is not None:
            seen.append(task)
            waiting = [(frame, frame.f_lineno) for frame in _frames(task)] + waiting
    return [entry for entry in (*stack[:place], *waiting, *stack[place:]) if not _loops(entry[0])]


def _current(asyncio: Any) -> Any:
    try:
        return asyncio.current_task()
    except (RuntimeError, AttributeError):
        return None


def _parent(asyncio: Any, task: Any, seen: list[Any]) -> Any:
    others = [one for one in asyncio.all_tasks() if one not in seen]
    return next((one for one in others if _waits_for(one, task)), None)


def _waits_for(waiting: Any, task: Any) -> bool:
    future = getattr(waiting, "_fut_waiter", None)
    if future is task or _holds(getattr(future, "_children", None), task):
        return True
    values = (value for frame in _frames(waiting) for value in frame.f_locals.values())
    return any(value is task or _holds(value, task) for value in values)


def _holds(value: Any, task: Any) -> bool:
    members = value if isinstance(value, (list, tuple, set)) else _vars(value).get("_tasks", ())
    return isinstance(members, (list, tuple, set)) and any(one is task for one in members)


def _vars(value: Any) -> dict[str, Any]:
    found = getattr(value, "__dict__", None)
    return found if isinstance(found, dict) else {}


def _frames(task: Any) -> Iterator[FrameType]:
    """The frames of a task, the outermost first."""
    coroutine = task.get_coro()
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def _loops(frame: FrameType) -> bool:
    """True for the frames of asyncio itself."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "asyncio"
