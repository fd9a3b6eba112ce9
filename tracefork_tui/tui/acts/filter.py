"""The list kept to the steps of which an expression is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action

if TYPE_CHECKING:
    from ..screens.main import MainScreen


def _put(screen: MainScreen, text: str) -> None:
    screen.sieve.put(text)


@action("ampersand", label="filter", group="Search", hint=5, give=_put, expression=True,
        help="list only steps of which an expression is true; an empty one lists all")  # fmt: skip
def filter(screen: MainScreen, count: int | None) -> None:
    from ..judging import Judge, everywhere

    now = screen.session.lens.filter
    screen.ask_line("&", lambda text: _put(screen, text), judge=Judge(screen, everywhere),
                    past="expression", text=now.query.text if now else "")  # fmt: skip


@action(label="all steps", group="Search", help="list all steps again")
def unfilter(screen: MainScreen, count: int | None) -> None:
    screen.sieve.clear()


@action(label="scrubber", group="View", help="show the line over the whole run, or hide it")
def scrubber(screen: MainScreen, count: int | None) -> None:
    screen.toggle_class("plain")
    screen.call_after_refresh(screen.scrubbing.update)
