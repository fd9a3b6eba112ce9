"""Stepping through the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action

if TYPE_CHECKING:
    from ..screens.main import MainScreen
    from ..session import Session


@action("j", label="step", help="next step", group="Move", hint=1)
def next_step(screen: MainScreen, count: int | None) -> None:
    _steps(screen, count or 1)


@action("k", label="back", help="previous step", group="Move")
def previous_step(screen: MainScreen, count: int | None) -> None:
    _steps(screen, -(count or 1))


def _steps(screen: MainScreen, by: int) -> None:
    screen.go(screen.session.lens.moved(screen.session.cursor, by))


@action("l", label="exchange", help="next exchange", group="Move", hint=2)
def next_exchange(screen: MainScreen, count: int | None) -> None:
    _exchange(screen, 1, count or 1)


@action("h", label="exchange back", help="previous exchange", group="Move")
def previous_exchange(screen: MainScreen, count: int | None) -> None:
    _exchange(screen, -1, count or 1)


def _exchange(screen: MainScreen, way: int, count: int) -> None:
    session, found = screen.session, None
    n: int | None = session.cursor
    while count and n is not None:
        n = _neighbour(session, n, way)
        found = n or found
        count -= 1
    if found is None:
        screen.say("no exchange after this step" if way > 0 else "no exchange before this step")
    else:
        screen.go(found)


def _neighbour(session: Session, n: int, way: int) -> int | None:
    """The nearest exchange that is listed."""
    lens = session.lens
    if lens.filter is None:
        return session.reader.neighbour(n, way)
    while (after := lens.moved(n, way)) != n:
        n = after
        if session.reader.kind(n) == "exchange":
            return n
    return None


@action("pagedown", label="page down", help="a screenful of steps on", group="Move")
def page_down(screen: MainScreen, count: int | None) -> None:
    _steps(screen, screen.page * (count or 1))


@action("pageup", label="page up", help="a screenful of steps back", group="Move")
def page_up(screen: MainScreen, count: int | None) -> None:
    _steps(screen, -screen.page * (count or 1))
