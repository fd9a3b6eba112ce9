"""Explicit seams: values and effects that only the user knows of, recorded by name.

    import tracefork_tui

    weather = tracefork_tui.draw("weather", fetch_weather, "Oslo")

    @tracefork_tui.drawn
    def charge_card(amount): ...

    @tracefork_tui.drawn(encode=DataFrame.to_csv, decode=read_csv)
    async def load(table): ...

A replay gives the recorded results back, raises the recorded exceptions, and does not call the
functions again; what they do within is no step of its own. Coroutine functions, generators,
asynchronous generators and `@contextmanager`s are recorded as they are used: each item, entry and
exit by itself. Without a recording all are plain calls.

A tape holds str, bytes, numbers, bool, None, lists, tuples, sets and dicts of them, dates, UUIDs,
Decimals, paths, enums, dataclasses, named tuples and pydantic models. Of other types `encode` makes
one that it holds, and `decode` undoes that; without them the recording says what it could not
keep, and a replay diverges there.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from types import FrameType
from typing import Any, Callable, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Encode = Callable[[Any], Any]

CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200
KINDS = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
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

    A replay gives the recorded value back and does not call `fn`; it diverges where the call is
    given something else than was recorded. `encode` makes of the value what a tape holds (see
    `help(tracefork_tui.draw.__module__)`), `decode` undoes that. A coroutine function gives an
    awaitable, a generator function a generator. Without a recording it is just the call.
    """
    return _Seam(fn, name, encode, decode).call(args, kwargs, sys._getframe(1))


def drawn(
    fn: F | None = None,
    *,
    name: str = "",
    encode: Encode | None = None,
    decode: Encode | None = None,
) -> Any:
    """A decorator: every call of the function is a draw under its qualified name, or `name`.

    For functions, methods, coroutine functions, generators and `@contextmanager`s; put it above
    `@contextmanager`, below `@staticmethod` and `@classmethod`. See `draw`.
    """
    if fn is None:
        return functools.partial(drawn, name=name, encode=encode, decode=decode)
    inner = getattr(fn, "__func__", None)
    if isinstance(fn, (staticmethod, classmethod)):
        return type(fn)(drawn(inner, name=name, encode=encode, decode=decode))
    label = name or f"{fn.__module__}.{fn.__qualname__}"
    seam = _Seam(fn, label, encode, decode)
    kind = _kind(fn)
    call: Any

    if kind & CO_COROUTINE:

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await seam.call(args, kwargs, sys._getframe(1))
    elif kind & CO_ASYNC_GENERATOR:

        async def call(*args: Any, **kwargs: Any) -> Any:
            stream = seam.call(args, kwargs, None)
            try:
                item = await stream.asend(None)
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        item = await stream.athrow(error)
                    else:
                        item = await stream.asend(sent)
            except StopAsyncIteration:
                return
            finally:
                await stream.aclose()
    elif kind & CO_GENERATOR:

        def call(*args: Any, **kwargs: Any) -> Any:
            return (yield from seam.call(args, kwargs, None))
    else:

        def call(*args: Any, **kwargs: Any) -> Any:
            return seam.call(args, kwargs, sys._getframe(1))

    return functools.wraps(fn)(call)


class _Seam:
    """A function and how its values are kept."""

    def __init__(
        self, function: Any, name: str, encode: Encode | None, decode: Encode | None
    ) -> None:
        self._function = function
        self._name = name
        self._encode = encode
        self._decode = decode

    def call(self, args: Any, kwargs: Any, frame: FrameType | None) -> Any:
        function, session = self._function, active()
        if session is None or session.inside.value:
            return function(*args, **kwargs)
        calls, streams = _beside(session, "calls"), _beside(session, "streams")
        given = _named(function, args, kwargs) or None
        what = calls.What(self._name, frame, given, self._encode, self._decode, covers=True)
        real = functools.partial(function, *args, **kwargs)
        kind = _kind(function)
        if kind & CO_COROUTINE:
            return calls.call_async(session, what, real)
        if kind & CO_ASYNC_GENERATOR:
            return streams.generate_async(session, what, real)
        if kind & CO_GENERATOR:
            return streams.generate(session, what, real)
        made = _context_manager(function)
        if made:
            manager = streams.Manager if made == CO_GENERATOR else streams.AsyncManager
            return manager(session, what, real)
        return calls.call(session, what, real)


def _kind(function: Any) -> int:
    """As inspect tells, which would cost every agent its import."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    return int(getattr(getattr(function, "__code__", None), "co_flags", 0)) & KINDS


def _context_manager(function: Any) -> int:
    """What kind of generator `@contextmanager` was put on; 0 where it was not."""
    code = getattr(function, "__code__", None)
    if code is None or not code.co_filename.endswith("contextlib.py"):
        return 0
    return _kind(getattr(function, "__wrapped__", None))


def _named(function: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Arguments by their names."""
    inner = getattr(function, "__wrapped__", function)
    inner = getattr(inner, "__func__", inner)
    code = getattr(inner, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    if hasattr(function, "__self__"):
        names = names[1:]
    extra = [f"*{place}" for place in range(len(args) - len(names))]
    return {**dict(zip([*names, *extra], args)), **kwargs}


def _beside(session: Any, name: str) -> Any:
    """The module of that name that belongs to the session: the agent may have two of us."""
    return import_module(f"{type(session).__module__.rpartition('.')[0]}.{name}")


def active() -> Any:
    for name in HOMES:
        session = getattr(sys.modules.get(name), "active", None)
        if session is not None and not session.detached:
            return session
    return None
