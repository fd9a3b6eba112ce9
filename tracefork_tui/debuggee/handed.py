"""What the user's code hands to a thread as it is: `asyncio.to_thread(subprocess.run, ...)`."""

from __future__ import annotations

from typing import Any, Callable

SITE = "site"


def call(site: list[str], function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Its frame stands for the user's, whose call site it holds."""
    return function(*args, **kwargs)
