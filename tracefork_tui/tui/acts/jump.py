"""Jumps: they leave a place behind that Ctrl-O goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action
from ..rows import is_bad
from ..text import plain

if TYPE_CHECKING:
    from ..look import Reader
    from ..screens.main import MainScreen


@action("g", label="first", help="first step, or step COUNT", group="Jump")
def first(screen: MainScreen, count: int | None) -> None:
    screen.jump(count or screen.session.lens.first)


@action("G", label="last", help="last step, or step COUNT", group="Jump")
def last(screen: MainScreen, count: int | None) -> None:
    screen.jump(count or screen.session.lens.last)


@action("right_curly_bracket", label="error", help="next error", group="Jump", hint=3)
def next_error(screen: MainScreen, count: int | None) -> None:
    _error(screen, 1)


@action("left_curly_bracket", label="error back", help="previous error", group="Jump")
def previous_error(screen: MainScreen, count: int | None) -> None:
    _error(screen, -1)


def _error(screen: MainScreen, way: int) -> None:
    def wanted(reader: Reader, n: int) -> bool:
        return is_bad(reader, n)

    side = "after" if way > 0 else "before"
    screen.seek(wanted, way, "errors", f"no error {side} this step")


@action("ctrl+o", label="went", group="Jump",
        help="back to where the last jump started, in the end to the tape before")  # fmt: skip
def back(screen: MainScreen, count: int | None) -> None:
    n = screen.session.places.back(screen.session.cursor)
    if n is not None or not screen.leave():
        _history(screen, n)


@action("alt+o", label="forth", help="forward again", group="Jump")
def forward(screen: MainScreen, count: int | None) -> None:
    _history(screen, screen.session.places.forward(screen.session.cursor))


def _history(screen: MainScreen, n: int | None) -> None:
    if n is None:
        screen.say("no further place in the history")
    else:
        screen.go(n)


def _put_mark(screen: MainScreen, letter: str) -> None:
    screen.session.marks[letter[0]] = screen.session.cursor
    screen.marks_changed()
    screen.say(f"marked step {screen.session.cursor} as {plain(letter[0])}")


def _jump_to_mark(screen: MainScreen, letter: str) -> None:
    session = screen.session
    n = session.places.last if letter[0] == "'" else session.marks.get(letter[0])
    if n is None:
        screen.say(f"no mark {plain(letter[0])}")
    else:
        screen.jump(n)


@action("m", label="mark", help="mark this step with a letter", group="Jump", give=_put_mark)
def mark(screen: MainScreen, count: int | None) -> None:
    screen.ask_key("mark this step as … (a letter)", lambda letter: _put_mark(screen, letter))


@action(
    "apostrophe",
    label="go to mark",
    help="jump to a mark; '' to where the last jump started",
    group="Jump",
    give=_jump_to_mark,
)
def to_mark(screen: MainScreen, count: int | None) -> None:
    screen.ask_key("jump to mark … (a letter)", lambda letter: _jump_to_mark(screen, letter))
