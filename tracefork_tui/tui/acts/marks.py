"""Marks and notes: kept beside the tape, shown in the list and above the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Mistake, action
from ..beside import LONGEST
from ..text import plain

if TYPE_CHECKING:
    from ..screens.main import MainScreen


def _put_mark(screen: MainScreen, letter: str) -> None:
    session = screen.session
    session.beside.marks[letter[0]] = session.cursor
    screen.keep(f"marked step {session.cursor} as {plain(letter[0])}")


def _jump_to_mark(screen: MainScreen, letter: str) -> None:
    session = screen.session
    n = session.places.last if letter[0] == "'" else session.beside.marks.get(letter[0])
    if n is None:
        raise Mistake(f"no mark {plain(letter[0])}")
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


def _note(screen: MainScreen, text: str) -> None:
    session, text = screen.session, plain(" ".join(text.split()))[:LONGEST]
    if text:
        session.beside.notes[session.cursor] = text
        screen.keep(f"a note on step {session.cursor}")
    elif session.beside.notes.pop(session.cursor, None):
        screen.keep(f"no note on step {session.cursor} any more")


@action("a", label="annotate", group="Jump", give=_note,
        help="write a note beside this step; an empty one takes it away")  # fmt: skip
def note(screen: MainScreen, count: int | None) -> None:
    now = screen.session.beside.notes.get(screen.session.cursor, "")
    screen.ask_line("note ", lambda text: _note(screen, text), text=now)


@action(label="marks", group="Jump", help="list the marks and notes of this tape")
def marks(screen: MainScreen, count: int | None) -> None:
    from ..screens.marks import MarksScreen

    screen.app.push_screen(MarksScreen(screen))
