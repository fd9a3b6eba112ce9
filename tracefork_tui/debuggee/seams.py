"""Explicit seams: values and effects that only the user knows of, recorded by name."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, TypeVar

from ..tape.codec import packable

F = TypeVar("F", bound=Callable[..., Any])
Encode = Callable[[Any], Any]

CO_COROUTINE = 0x80
HOMES = ("_tracefork.debuggee.session", "tracefork_tui.debuggee.session")


def draw(
    name: str,
    fn: Callable[..., Any],
    *args: Any,
    encode: Encode | None = None,
    decode: Encode | None = None,
    **kwargs: Any,
) -> Any:
    """Call `fn(*args, **kwargs)` and keep what it gives, or raises, under `name` on the tape.

    A replay gives the recorded value back and does not call `fn`. The value must be one that
    msgpack holds (str, bytes, int, float, bool, None, lists and dicts of them), or `encode` must
    make it one and `decode` undo that. A coroutine function gives an awaitable. Without a
    recording it is just the call.
    """
    session = active()
    if session is None or session.inside.value:
        return fn(*args, **kwargs)
    frame = sys._getframe(1)
    stored = encode or _opaque_unless_packable
    if _is_coroutine(fn):
        return session.draw_async(name, "value", lambda: fn(*args, **kwargs), frame, stored, decode)
    return session.draw(name, "value", lambda: fn(*args, **kwargs), frame, stored, decode)


def drawn(
    fn: F | None = None,
    *,
    name: str = "",
    encode: Encode | None = None,
    decode: Encode | None = None,
) -> Any:
    """A decorator: every call of the function is a draw under its qualified name."""
    if fn is None:
        return functools.partial(drawn, name=name, encode=encode, decode=decode)
    label = name or f"{fn.__module__}.{fn.__qualname__}"
    function: Callable[..., Any] = fn
    if _is_coroutine(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            bound = functools.partial(_call, function, args, kwargs)
            session = active()
            if session is None or session.inside.value:
                return await bound()
            frame, stored = sys._getframe(1), encode or _opaque_unless_packable
            return await session.draw_async(label, "value", bound, frame, stored, decode)

        return call_async

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        session = active()
        if session is None or session.inside.value:
            return function(*args, **kwargs)
        bound = functools.partial(_call, function, args, kwargs)
        frame, stored = sys._getframe(1), encode or _opaque_unless_packable
        return session.draw(label, "value", bound, frame, stored, decode)

    return call


def _is_coroutine(function: Any) -> bool:
    """As inspect.iscoroutinefunction, which would cost every agent the import of inspect."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & CO_COROUTINE)


def _call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


class Opaque:
    """A value that the tape cannot hold, by its repr; a replay that needs it diverges."""

    def __init__(self, value: Any) -> None:
        self.opaque_text = repr(value)[:1000]


def _opaque_unless_packable(value: Any) -> Any:
    return value if packable(value) else Opaque(value)


def active() -> Any:
    for name in HOMES:
        session = getattr(sys.modules.get(name), "active", None)
        if session is not None and not session.detached:
            return session
    return None
