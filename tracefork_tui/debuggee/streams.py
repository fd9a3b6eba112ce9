"""Generators and context managers as draws: each item, entry and exit by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable

from .calls import Call, What

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from .session import Session

ITEM, END = "item", "end"


def generate(session: Session, what: What, real: Callable[[], Any]) -> Generator[Any, Any, Any]:
    """The generator that `real()` makes; a replay makes none."""
    source: Any = None
    sent: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            made = Call(session, what._replace(frame=sys._getframe(1)))
            what = what._replace(arguments=None)
            if made.fed:
                kind, value = made.verdict_kind, made.feed()
            else:
                with made:
                    source = source or real()
                    try:
                        value = source.throw(thrown) if thrown else source.send(sent)
                        kind = ITEM
                    except StopIteration as stop:
                        kind, value = END, stop.value
                    made.done(value, kind)
            if kind == END:
                return value
            try:
                sent, thrown = (yield value), None
            except GeneratorExit:
                raise
            except BaseException as error:
                sent, thrown = None, error
    finally:
        if source is not None:
            session.aside(source.close, (), {})


async def generate_async(
    session: Session, what: What, real: Callable[[], Any]
) -> AsyncGenerator[Any, Any]:
    """The asynchronous generator that `real()` makes; a replay makes none."""
    source: Any = None
    sent: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            made = Call(session, what._replace(frame=sys._getframe(1)))
            what = what._replace(arguments=None)
            if made.fed:
                await made.turn_async()
                kind, value = made.verdict_kind, made.feed()
            else:
                made.awaited = True
                with made:
                    source = source or real()
                    try:
                        value = await (source.athrow(thrown) if thrown else source.asend(sent))
                        kind = ITEM
                    except StopAsyncIteration:
                        kind, value = END, None
                    made.done(value, kind)
            if kind == END:
                return
            try:
                sent, thrown = (yield value), None
            except GeneratorExit:
                raise
            except BaseException as error:
                sent, thrown = None, error
    finally:
        if source is not None:
            await source.aclose()


class _Managed:
    def __init__(self, session: Session, what: What, real: Callable[[], Any]) -> None:
        self._session = session
        self._what = what
        self._real = real
        self._manager: Any = None

    def _entry(self) -> Call:
        return Call(self._session, self._what._replace(frame=sys._getframe(2)))

    def _leaving(self) -> Call:
        name = f"{self._what.name} (exit)"
        frame = sys._getframe(2)
        return Call(self._session, What(name, frame, covers=True))


class Manager(_Managed):
    """A context manager whose entry and exit are draws."""

    def __enter__(self) -> Any:
        made = self._entry()
        if made.fed:
            return made.feed()
        with made:
            self._manager = self._real()
            value = self._manager.__enter__()
            made.done(value)
        return value

    def __exit__(self, *error: Any) -> Any:
        made = self._leaving()
        if made.fed:
            return made.feed()
        with made:
            value = bool(self._manager.__exit__(*error)) if self._manager is not None else False
            made.done(value)
        return value


class AsyncManager(_Managed):
    """An asynchronous context manager whose entry and exit are draws."""

    async def __aenter__(self) -> Any:
        made = self._entry()
        if made.fed:
            await made.turn_async()
            return made.feed()
        made.awaited = True
        with made:
            self._manager = self._real()
            value = await self._manager.__aenter__()
            made.done(value)
        return value

    async def __aexit__(self, *error: Any) -> Any:
        made = self._leaving()
        if made.fed:
            await made.turn_async()
            return made.feed()
        made.awaited = True
        with made:
            manager = self._manager
            value = bool(await manager.__aexit__(*error)) if manager is not None else False
            made.done(value)
        return value
