"""A value in a view: picked, traced to where it came from, watched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..actions import Mistake, action

if TYPE_CHECKING:
    from ..screens.main import MainScreen

LONGEST = 1000
PICTURES = {0x2400 + code: code for code in range(0x20)} | {0x2421: 0x7F}
"""What stands on the screen for a control character."""


def _trace(screen: MainScreen, text: str) -> None:
    from ..screens.origin import OriginScreen

    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Mistake(f"a text of 1 to {LONGEST} characters can be traced")
    screen.app.push_screen(OriginScreen(screen, text))


@action("o", label="origin", group="Ask", hint=6, give=_trace,
        help="where the picked value entered the run, and everywhere it went")  # fmt: skip
def origin(screen: MainScreen, count: int | None) -> None:
    text = screen.body.picked_text
    if text:
        _trace(screen, text.translate(PICTURES))
        return
    screen.body.focus()
    screen.body.pick_first()
    if screen.body.picked_text:
        screen.say("← → pick a word, Shift more, v the whole; o: its origin, w watches, y copies")
    else:
        screen.say("there is nothing to pick here")


def expression_of(screen: MainScreen) -> str:
    """An expression for the place in this step of what is picked, "" where there is none."""
    from ...query.origins import places
    from ...query.places import path_of

    text = screen.body.picked_text.translate(PICTURES)
    found = places(screen.session.tape, screen.session.cursor, text) if text else []
    if not found:
        return ""
    one = found[-1]
    if one.side == "draw":
        name = json.dumps(getattr(screen.session.step, "name", ""), ensure_ascii=False)
        return f"{one.expression} if name == {name}"
    if one.side == "response" and one.keys[0:1] == ("content",) and one.keys[2:3] == ("input",):
        return "arguments" + path_of(("", *one.keys[3:])).removeprefix('[""]')
    return one.expression


@action("v", label="pick", group="Ask",
        help="pick a word of the view; again: the whole text, or the line")  # fmt: skip
def pick(screen: MainScreen, count: int | None) -> None:
    screen.body.focus()
    screen.body.widen()
