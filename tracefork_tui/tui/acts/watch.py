"""Watches: expressions whose values are followed through the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Mistake, action
from ..text import short
from .breaks import compiled
from .origin import expression_of

if TYPE_CHECKING:
    from ..look import Reader
    from ..screens.main import MainScreen


def _add(screen: MainScreen, text: str) -> None:
    if text.strip():
        screen.watching.add(compiled(text.strip()))


@action("w", label="watch", group="Ask", hint=8, give=_add, expression=True,
        help="show the value of an expression as of each step")  # fmt: skip
def watch(screen: MainScreen, count: int | None) -> None:
    from ..judging import Judge, everywhere

    screen.ask_line("watch ", lambda text: _add(screen, text), text=expression_of(screen),
                    judge=Judge(screen, everywhere), past="expression")  # fmt: skip


@action("V", label="watches", group="Ask",
        help="list every change of what is watched, over the whole run")  # fmt: skip
def watches(screen: MainScreen, count: int | None) -> None:
    from ..screens.watches import WatchesScreen

    screen.app.push_screen(WatchesScreen(screen))


@action("asterisk", label="next change", group="Ask",
        help="next change of what is watched or picked; else of the draw's value")  # fmt: skip
def next_change(screen: MainScreen, count: int | None) -> None:
    _go(screen, 1, count or 1)


@action("number_sign", label="change before", group="Ask", help="previous change")
def previous_change(screen: MainScreen, count: int | None) -> None:
    _go(screen, -1, count or 1)


def _go(screen: MainScreen, way: int, count: int) -> None:
    on_draw = screen.session.kind == "draw"
    picked = "" if on_draw else expression_of(screen)
    if picked or screen.watching.watches or not on_draw:
        screen.watching.go(way, count, compiled(picked) if picked else None)
    else:
        _draw(screen, way, count)


def _draw(screen: MainScreen, way: int, count: int) -> None:
    """Go to the next draw of the same name whose value is another one."""
    from ...query.facts import Facts
    from ...query.values import same

    here = Facts(screen.session.tape, screen.session.cursor)
    name, value = here.name, here.value
    if name is None:
        raise Mistake("this step is damaged: it has no value")
    left = count

    def wanted(reader: Reader, n: int) -> bool:
        nonlocal value, left
        facts = Facts(reader.tape, n)
        if facts.name != name or same(facts.value, value):
            return False
        value = facts.value
        left -= 1
        return left == 0

    side = "after" if way > 0 else "before"
    what = f"another {short(name, 40)}"
    screen.seek(wanted, way, what, f"no other value of {short(name, 40)} {side} this step")
