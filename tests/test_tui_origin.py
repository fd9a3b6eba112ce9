"""Picking a value in a view, and following it: its origin, its expression, a copy of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown, until
from tui_tapes import Maker, call, refund_run, result, text

from tracefork_tui.query.origins import places
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.screens.origin import OriginScreen
from tracefork_tui.tui.widgets.picking import widened, word_after, word_at, word_before


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return refund_run(tmp_path / "run.msgpack")


@asynccontextmanager
async def opened(path: str, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def traced(pilot: Pilot[Any], *keys: str) -> OriginScreen:
    """The list that keys lead to, with all that is in it."""
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(pilot.app.screen, OriginScreen), "the list")
    screen = pilot.app.screen
    assert isinstance(screen, OriginScreen)
    await until(pilot, lambda: screen.trace.done, "its end")
    await settle(pilot)
    return screen


def body_of(pilot: Pilot[Any]) -> Any:
    return screen_of(pilot).body


def place_of(pilot: Pilot[Any], word: str) -> tuple[int, int]:
    """Where a word is on the screen, right of the list of steps."""
    for y, line in enumerate(shown(pilot).splitlines()):
        x = line.find(word, line.find("│") + 1)
        if x >= 0:
            return x, y
    raise AssertionError(f"{word} is not on the screen")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('  "order_id": "A-1009",', ["order_id", "A-1009"]),
        ("Order: A-1009. Mail tom@example.com!", ["Order", "A-1009", "Mail", "tom@example.com"]),
        ("a **full** refund of 24.00 (x)", ["a", "full", "refund", "of", "24.00", "x"]),
        ("at 12:04:11, https://x.y/z?a", ["at", "12:04:11", "https://x.y/z", "a"]),
        ("6f0c2a51-5b0e-4c1e __x__ 漢字", ["6f0c2a51-5b0e-4c1e", "x", "漢字"]),
        ('{"a": -1.5e-3}', ["a", "1.5e-3"]),
        ("", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    found, at = [], 0
    while span := word_after(line, at):
        found.append(line[slice(*span)])
        at = span[1]
    assert found == words
    back, at = [], len(line)
    while span := word_before(line, at):
        back.append(line[slice(*span)])
        at = span[0]
    assert back[::-1] == words
    for word in words:
        start = line.index(word)
        assert word_at(line, start) is not None
        assert word_at(line, start + len(word) - 1) == word_at(line, start)


def test_widening_takes_the_quoted_text_then_the_line() -> None:
    line = '  "said": "it is \\"so\\" then",'
    span = word_at(line, line.index("then"))
    assert span is not None
    span = widened(line, *span)
    assert line[slice(*span)] == 'it is \\"so\\" then'
    span = widened(line, *span)
    assert line[slice(*span)] == line.strip()


def test_a_line_of_megabytes_is_not_gone_through() -> None:
    line = "word " * 2_000_000
    assert word_before(line, 5_000_000) == (4_999_995, 4_999_999)
    assert word_after(line, 5_000_000) == (5_000_000, 5_000_004)


async def test_arrows_pick_words(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "1", "0", "G", "o")
        body = body_of(pilot)
        assert screen_of(pilot).focused is body
        assert body.picked_text
        await press(pilot, *["right"] * 30)
        last = body.picked
        assert last is not None
        await press(pilot, "left")
        assert body.picked < last
        line = body.document.lines.index("  amount 480.00 is above what was paid (48.00)")
        body.pick_nothing()
        body.put_cursor(line)
        await press(pilot, "right")
        assert body.picked_text == "amount"
        await press(pilot, "right")
        assert body.picked_text == "480.00"
        await press(pilot, "shift+right", "shift+right")
        assert body.picked_text == "480.00 is above"
        await press(pilot, "shift+left")
        assert body.picked_text == "480.00 is"
        await press(pilot, "v")
        assert body.picked_text == "amount 480.00 is above what was paid (48.00)"
        await press(pilot, "y")
        assert pilot.app.clipboard == body.picked_text
        await press(pilot, "escape")
        assert not body.picked_text


@pytest.mark.parametrize("key", ["v", "o"])
async def test_what_a_search_found_is_picked_first(tape: str, key: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "1", "0", "G", *"/above what", "enter")
        await until(pilot, lambda: body_of(pilot).match, "the match")
        await press(pilot, key)
        assert body_of(pilot).picked_text == "above what"


async def test_the_mouse_picks(tape: str) -> None:
    async with opened(tape, LARGE) as pilot:
        await press(pilot, "1", "0", "G")
        body = body_of(pilot)
        x, y = place_of(pilot, "above what")
        await pilot.click(offset=(x + 2, y))
        await settle(pilot)
        assert body.picked_text == "above"
        await pilot.mouse_down(offset=(x, y))
        await pilot.hover(offset=(x + 9, y))
        await pilot.mouse_up(offset=(x + 9, y))
        await settle(pilot)
        assert body.picked_text.startswith("above")


async def test_where_a_value_came_from(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "1", "0", "G")
        x, y = place_of(pilot, "480.00")
        await pilot.click(offset=(x, y))
        await traced(pilot, "o")
        assert "origin of “480.00”" in shown(pilot)
        assert "entered at step 8 as the model's call of refund" in shown(pilot)
        assert "◆      8" in shown(pilot)
        assert "request.messages[4].content[0].content" not in shown(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert "request.messages[4].content[0].content" in shown(pilot)
        await pilot.press("g", "enter")
        await settle(pilot)
        screen = screen_of(pilot)
        assert screen.session.cursor == 8
        assert screen.body.picked_text in ("480", "")
        assert (await press(pilot, "ctrl+o")).session.cursor == 10


async def test_origins(tape: str) -> None:
    origins = {
        "A-1009": "entered at step 4 as a user message",
        "MUG-MOSS": "entered at step 5 as the draw lookup_order",
        "R-5512": "entered at step 12 as the result of refund",
        "harbour": "the run does not hold it",
        "Harbour": "entered at step 4 as the system prompt",
    }
    async with opened(tape) as pilot:
        for words, told in origins.items():
            await traced(pilot, *f":origin {words}", "enter")
            assert told in shown(pilot)
            await press(pilot, "q")


async def test_going_to_a_place_opens_a_view_that_shows_it(tape: str) -> None:
    async with opened(tape) as pilot:
        await traced(pilot, *":origin req_011CQ", "enter")
        await pilot.press("enter")
        await settle(pilot)
        screen = screen_of(pilot)
        assert screen.session.cursor == 4
        assert screen.view.name == "HEADERS"
        assert screen.body.picked_text == "req_011CQ"


async def test_a_picked_value_is_watched(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, "8", "G")
        line = next(n for n, one in enumerate(screen.body.document.lines) if '"amount"' in one)
        screen.body.focus()
        screen.body.put_cursor(line)
        await press(pilot, "right", "right")
        assert screen.body.picked_text == "480"
        await press(pilot, "w")
        assert shown(pilot).splitlines()[-1] == " watch arguments.amount"
        await press(pilot, "escape")
        assert (await press(pilot, "asterisk")).session.cursor == 10
        assert "arguments.amount: 480 → 24" in shown(pilot)


async def test_a_picked_draw_is_watched_by_its_name(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        line = next(n for n, one in enumerate(screen.body.document.lines) if "17636" in one)
        screen.body.focus()
        screen.body.put_cursor(line)
        await press(pilot, "right", "w")
        assert shown(pilot).splitlines()[-1] == ' watch value if name == "time.time"'
        await press(pilot, "enter")
        (watch,) = screen.watching.watches
        assert [one.n for one in watch.changes] == [1, 7]


async def test_a_place_is_watched_from_the_list(tape: str) -> None:
    async with opened(tape) as pilot:
        await traced(pilot, *":origin A-1009", "enter")
        await pilot.press("j", "w")
        await settle(pilot)
        assert screen_of(pilot).session.beside.watches == ["response.content[1].input.order_id"]


async def test_what_is_shown_in_another_way_is_found_as_it_was_sent(tmp_path: Path) -> None:
    """JSON within JSON, escapes, and characters that the view shows as pictures."""
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go.")
    run.ask([call("toolu_01", "look", path="C:\\new")])
    run.say(result("toolu_01", json.dumps({"said": 'a "quoted" word\nand é \x1b[1m'})))
    run.ask([text("Done.")])
    async with opened(run.close()) as pilot:
        await press(pilot, "G")
        body = body_of(pilot)
        line = next(n for n, one in enumerate(body.document.lines) if "quoted" in one)
        body.focus()
        body.put_cursor(line)
        await press(pilot, "right", "right", "v")
        assert "quoted" in body.picked_text
        await traced(pilot, "o")
        assert "entered at step 2 as the result of look" in shown(pilot)


def test_places_of_one_step(tape: str) -> None:
    run = Tape(tape)
    assert [one.expression for one in places(run, 8, "480")] == ["response.content[2].input.amount"]
    assert [one.expression for one in places(run, 8, "A-1009")] == [
        "response.content[2].input.order_id"
    ]
    assert "request.messages[0].content" in [one.expression for one in places(run, 8, "Okafor")]
    assert len(places(run, 8, "e", most=2)) == 2
    assert [one.expression for one in places(run, 2, "6f0c2a51")] == ["value"]
    assert places(run, 3, "480") == []
