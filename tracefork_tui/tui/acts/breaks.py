"""Breakpoints, and continuing to them both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Mistake, action
from ..beside import Breakpoint
from ..text import short

if TYPE_CHECKING:
    from ...query import Query
    from ..look import Reader
    from ..screens.main import MainScreen

NAME = 50


def _toggle(screen: MainScreen, n: int) -> None:
    """Set a breakpoint on a step, or take it away."""
    breakpoints = screen.session.beside.breakpoints
    there = [one for one in breakpoints if one.step == n and not one.when]
    if there:
        breakpoints[:] = [one for one in breakpoints if one not in there]
        screen.keep(f"no breakpoint on step {n} any more")
    else:
        _set(screen, Breakpoint(n), f"on step {n}; c and C go to the next")


def _set(screen: MainScreen, wanted: Breakpoint, words: str) -> None:
    """Set a breakpoint; one that is there already is turned on."""
    n = wanted.step
    if not wanted.when and not 1 <= n <= screen.session.count:
        raise Mistake(f"there is no step {n}; the tape has {screen.session.count}")
    breakpoints = screen.session.beside.breakpoints
    places = [(one.step, one.when) for one in breakpoints]
    if (n, wanted.when) not in places:
        places.append((n, wanted.when))
        breakpoints.append(wanted)
    place = places.index((n, wanted.when))
    breakpoints[place].enabled = True
    screen.keep(f"breakpoint {place + 1} {words}")


def _give(screen: MainScreen, text: str) -> None:
    text = text.strip()
    if not text:
        return
    if text.isdecimal() and len(text) < 10:
        _set(screen, Breakpoint(int(text)), f"on step {text}")
        return
    query = compiled(text)
    _set(screen, Breakpoint(when=query.text), f"where {short(query.text, NAME)}")


def compiled(text: str) -> Query:
    """The expression that a text spells. Raises Mistake."""
    from ...query import QueryError, compile

    try:
        return compile(text)
    except QueryError as error:
        raise Mistake(str(error)) from None


@action("b", label="break", group="Ask", hint=7, give=_give, expression=True,
        help="break on this step, or no longer; on a condition: break EXPR")  # fmt: skip
def break_(screen: MainScreen, count: int | None) -> None:
    _toggle(screen, count or screen.session.cursor)


@action(label="break when", group="Ask", give=_give, expression=True,
        help="set a breakpoint wherever an expression is true")  # fmt: skip
def break_when(screen: MainScreen, count: int | None) -> None:
    from ..judging import Judge, everywhere

    screen.ask_line("break when ", lambda text: _give(screen, text),
                    judge=Judge(screen, everywhere), past="expression")  # fmt: skip


@action("B", label="breakpoints", group="Ask",
        help="list the breakpoints with their hits, to turn off and delete")  # fmt: skip
def breakpoints(screen: MainScreen, count: int | None) -> None:
    from ..screens.breaks import BreaksScreen

    screen.app.push_screen(BreaksScreen(screen))


@action("c", label="continue", group="Ask", help="on to the next breakpoint that is hit")
def continue_(screen: MainScreen, count: int | None) -> None:
    _continue(screen, 1, count or 1)


@action("C", label="continue back", group="Ask", help="back to the last breakpoint that was hit")
def reverse_continue(screen: MainScreen, count: int | None) -> None:
    _continue(screen, -1, count or 1)


def _continue(screen: MainScreen, way: int, count: int) -> None:
    """Go to the COUNTth step after (or before) this one that a breakpoint is hit at."""
    listed = list(enumerate(screen.session.beside.breakpoints, 1))
    steps = {one.step: number for number, one in listed if one.enabled and not one.when}
    queries = [(number, compiled(one.when)) for number, one in listed if one.enabled and one.when]
    if not steps and not queries:
        off = "all breakpoints are off" if listed else "there is no breakpoint yet"
        raise Mistake(f"{off}: b sets one here, :break EXPR on a condition")
    side = "after" if way > 0 else "before"
    nothing = f"no breakpoint is hit {side} this step"
    hit: list[str] = []
    left = count

    def wanted(reader: Reader, n: int) -> bool:
        nonlocal left
        number, why = steps.get(n, 0), ""
        for number_, query in () if number else queries:
            if query.matches_at(reader.tape, n):
                number, why = number_, f": {short(query.text, NAME)}"
                break
        if not number:
            return False
        left -= 1
        hit[:] = [f"breakpoint {number}{why}"]
        return left == 0

    def found() -> None:
        screen.say(f"{hit[0]} · step {screen.session.cursor}")

    if queries:
        screen.seek(wanted, way, "a breakpoint", nothing, found)
        return
    cursor = screen.session.cursor
    ahead = sorted((n for n in steps if (n - cursor) * way > 0), reverse=way < 0)
    ahead = [n for n in ahead if n <= screen.session.count]
    if len(ahead) < count:
        raise Mistake(nothing)
    hit[:] = [f"breakpoint {steps[ahead[count - 1]]}"]
    screen.jump(ahead[count - 1], found)
