"""Plain text search: through the view that is open, then step after step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action
from ..text import short
from ..views import build, views_of

if TYPE_CHECKING:
    from ..look import Reader
    from ..screens.main import MainScreen


def start(screen: MainScreen, text: str) -> None:
    """Look for a text, or again for the last one where it is empty."""
    screen.session.needle = text or screen.session.needle
    screen.highlight(screen.session.needle)
    _next(screen, 1)


@action(
    "slash",
    label="search",
    help="search the open view from here on, step after step; a capital makes case count",
    group="Search",
    hint=4,
    give=start,
)
def search(screen: MainScreen, count: int | None) -> None:
    screen.ask_line("/", lambda text: start(screen, text), screen.highlight)


@action("n", label="next match", help="next match", group="Search")
def next_match(screen: MainScreen, count: int | None) -> None:
    _next(screen, 1)


@action("N", label="match before", help="previous match", group="Search")
def previous_match(screen: MainScreen, count: int | None) -> None:
    _next(screen, -1)


def _next(screen: MainScreen, way: int) -> None:
    needle = screen.session.needle
    if not needle:
        screen.say("nothing to search for yet: / starts a search")
        return
    screen.highlight(needle)
    if screen.body.seek(way, fresh_only=way < 0):
        return
    view = screen.view.name

    def wanted(reader: Reader, n: int) -> bool:
        views = views_of(reader.step(n))
        chosen = next((one for one in views if one.name == view), views[0])
        page = build(chosen, reader, n, new=True)
        return page.find(needle, (0, -1)) is not None

    def show() -> None:
        if not screen.body.seek(way, fresh_only=True) and view == "CHAT":
            screen.then_open("DELTA", lambda: _to_match(screen, way))

    side = "after" if way > 0 else "before"
    what = f"“{short(needle, 30)}”"
    screen.seek(wanted, way, what, f"no {what} {side} this in {view}", show)


def _to_match(screen: MainScreen, way: int) -> None:
    screen.body.seek(way)
