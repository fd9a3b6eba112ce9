"""Search: plain text through the view that is open, then step after step; `/=` for the next
step of which an expression is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action
from ..text import short
from .breaks import compiled

if TYPE_CHECKING:
    from ...query import Query
    from ..look import Reader
    from ..screens.main import MainScreen


def start(screen: MainScreen, text: str) -> None:
    """Look for a text, for `=` and an expression, or again for the last one where it is empty."""
    session = screen.session
    if text.startswith("=") and text[1:].strip():
        session.sought = compiled(text[1:].strip())
    elif text.strip("="):
        session.needle, session.sought = text, None
    if session.sought is None:
        screen.highlight(session.needle)
    _next(screen, 1)


@action(
    "slash",
    label="search",
    help="search the open view from here on, step after step; a capital makes case count;"
    " /= searches for an expression",
    group="Search",
    hint=4,
    give=start,
)
def search(screen: MainScreen, count: int | None) -> None:
    from ..judging import Judge, after_sign

    def typing(text: str) -> None:
        screen.highlight("" if text.startswith("=") else text)

    screen.ask_line("/", lambda text: start(screen, text), typing, judge=Judge(screen, after_sign))


@action("n", label="next match", help="next match", group="Search")
def next_match(screen: MainScreen, count: int | None) -> None:
    _next(screen, 1)


@action("N", label="match before", help="previous match", group="Search")
def previous_match(screen: MainScreen, count: int | None) -> None:
    _next(screen, -1)


def _next(screen: MainScreen, way: int) -> None:
    if screen.session.sought is not None:
        _next_true(screen, screen.session.sought, way)
        return
    needle = screen.session.needle
    if not needle:
        screen.say("nothing to search for yet: / starts a search")
        return
    screen.highlight(needle)
    if screen.body.seek(way, fresh_only=way < 0):
        return
    view = screen.view.name
    finder = screen.session.finder
    if finder is None or (finder.view, finder.needle) != (view, needle):
        from ..finding import Finder

        finder = screen.session.finder = Finder(view, needle)

    def show() -> None:
        if not screen.body.seek(way, fresh_only=True) and view == "CHAT":
            screen.then_open("DELTA", lambda: _to_match(screen, way))

    side = "after" if way > 0 else "before"
    what = f"“{short(needle, 30)}”"
    screen.seek(finder.wanted, way, what, f"no {what} {side} this in {view}", show)


def _next_true(screen: MainScreen, query: Query, way: int) -> None:
    def wanted(reader: Reader, n: int) -> bool:
        return query.matches_at(reader.tape, n)

    side = "after" if way > 0 else "before"
    what = short(query.text, 40)
    screen.seek(wanted, way, what, f"{what} is true of no step {side} this")


def _to_match(screen: MainScreen, way: int) -> None:
    screen.body.seek(way)
