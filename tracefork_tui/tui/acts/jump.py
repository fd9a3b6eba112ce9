"""Jumps: they leave a place behind that Ctrl-O goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Mistake, action
from ..moments import seconds, step_at
from ..rows import is_bad
from ..text import short

if TYPE_CHECKING:
    from ...tape.reader import Tape
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

    nothing = "no error before this step"
    if way > 0:
        end = screen.ending
        nothing = "no error after this step" + (f"; {end}" if end.startswith("✗") else "")
    screen.seek(wanted, way, "errors", nothing)


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


def _to(screen: MainScreen, words: str) -> None:
    """Jump to a step, a moment, or so many steps on."""
    session, word = screen.session, words.strip()
    if word.startswith("@"):
        _to_moment(screen, word[1:])
        return
    if not word:
        return
    digits = word[1:] if word[:1] in ("+", "-") else word
    if not digits.isdecimal() or len(digits) > 10:
        raise Mistake(f"“{short(word, 20)}” is no step: 12, +3, -3, or @1m30s")
    n = int(digits) if digits == word else session.cursor + int(word)
    if not 1 <= n <= session.count:
        raise Mistake(f"there is no step {n}; the tape has {session.count}")
    screen.jump(n)


def _to_moment(screen: MainScreen, word: str) -> None:
    moment = seconds(word)
    if moment is None:
        raise Mistake(f"“@{short(word, 20)}” is no time: @90s, @1m30s, @1:30")
    n = step_at(screen.session.tape, moment)
    if n is None:
        raise Mistake("this tape does not tell when its steps began")
    screen.jump(n)


@action(label="go to", group="Jump", give=_to,
        help="a step by its number, or by its time from the start: :@1m30s")  # fmt: skip
def goto(screen: MainScreen, count: int | None) -> None:
    if count:
        _to(screen, str(count))
    else:
        screen.ask_line("go to ", lambda text: _to(screen, text))


@action("right_parenthesis", label="same", group="Jump",
        help="next step of the same tool, or of the same draw")  # fmt: skip
def next_same(screen: MainScreen, count: int | None) -> None:
    _same(screen, 1, count or 1)


@action("left_parenthesis", label="same back", group="Jump",
        help="previous step of the same tool, or of the same draw")  # fmt: skip
def previous_same(screen: MainScreen, count: int | None) -> None:
    _same(screen, -1, count or 1)


def _same(screen: MainScreen, way: int, count: int) -> None:
    """A tool's name is called by a reply, and is the draw's where its result was drawn."""
    from ...query.facts import Facts

    def names(tape: Tape, n: int) -> set[str]:
        facts = Facts(tape, n)
        return {facts.name} if facts.name else set(facts.tool)

    here = names(screen.session.tape, screen.session.cursor)
    if not here:
        raise Mistake("this step calls no tool and draws no value")
    left = count

    def wanted(reader: Reader, n: int) -> bool:
        nonlocal left
        left -= not here.isdisjoint(names(reader.tape, n))
        return left == 0

    what = short(", ".join(sorted(here)), 40)
    side = "after" if way > 0 else "before"
    screen.seek(wanted, way, what, f"no {what} {side} this step")
