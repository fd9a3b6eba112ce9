"""Every action of the reading half, by its key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import SMALL, app_of, press, screen_of, settle, shown, until
from tui_tapes import long_run, refund_run

from tracefork_tui.tui.actions import ACTIONS, named
from tracefork_tui.tui.screens.help import HelpScreen, contents
from tracefork_tui.tui.views import views_of
from tracefork_tui.tui.widgets.tabstrip import TabStrip

LAST = 13


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> str:
    return refund_run(tmp_path_factory.mktemp("tui") / "run.msgpack")


@asynccontextmanager
async def opened(path: str, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


@pytest.mark.parametrize(
    ("keys", "step"),
    [
        ("j", 2),
        ("3j", 4),
        ("12j", LAST),
        ("99j", LAST),
        ("5jk", 5),
        ("5j2k", 4),
        ("k", 1),
        ("l", 4),
        ("ll", 6),
        ("3l", 8),
        ("9l", 12),
        ("Gh", 12),
        ("G2h", 11),
        ("G", LAST),
        ("7G", 7),
        ("10g", 10),
        ("Gg", 1),
        ("}", 6),
        ("}}", 11),
        ("}}}", 11),
        ("G{", 11),
        ("G{{", 6),
        ("9Gma", 9),
        ("9GmaG'a", 9),
        ("9GG''", 9),
        ("'x", 1),
    ],
)
async def test_moving(tape: str, keys: str, step: int) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        for key in keys:
            screen = await press(pilot, key)
        assert screen.session.cursor == step
        assert f"step {step}/{LAST}" in shown(pilot)


@pytest.mark.parametrize(
    ("keys", "step"), [("down", 2), ("end", LAST), ("pagedown", LAST), ("up", 1)]
)
async def test_arrows_in_the_timeline(tape: str, keys: str, step: int) -> None:
    async with opened(tape) as pilot:
        assert (await press(pilot, keys)).session.cursor == step


async def test_position_history(tape: str) -> None:
    async with opened(tape) as pilot:
        for key in ("5", "G", "9", "G", "j", "G"):
            await press(pilot, key)
        assert (await press(pilot, "ctrl+o")).session.cursor == 10
        assert (await press(pilot, "ctrl+o")).session.cursor == 5
        assert (await press(pilot, "ctrl+o")).session.cursor == 1
        await press(pilot, "ctrl+o")
        assert "no further place" in shown(pilot)
        assert (await press(pilot, "alt+o")).session.cursor == 5
        assert (await press(pilot, "alt+o")).session.cursor == 10
        assert (await press(pilot, "alt+o")).session.cursor == LAST


async def test_search_through_steps_and_back(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, *"/arrived broken", "enter")
        assert screen.session.cursor == 8
        assert screen.body.match is not None
        line, column = screen.body.match
        assert screen.body.document.lines[line][column:].startswith("arrived broken")
        assert (await press(pilot, "n")).session.cursor == 10
        assert "arrived broken" in shown(pilot)
        await press(pilot, "n")
        assert "no “arrived broken” after this in CHAT" in shown(pilot)
        await press(pilot, "1", "0", "G")
        assert (await press(pilot, "N")).session.cursor == 8


async def test_search_tells_capitals_apart_only_if_there_is_one(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, *"/TICKET", "enter")
        assert screen.session.cursor == 1
        assert "no “TICKET” after this" in shown(pilot)
        screen = await press(pilot, *"/tom okafor", "enter")
        assert screen.session.cursor == 4


async def test_search_is_given_up_with_escape(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, *"/abc", "escape")
        assert screen.session.needle == ""
        assert screen.focused is screen.timeline
        assert (await press(pilot, "j")).session.cursor == 2


async def test_search_looks_into_the_view_that_is_open(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "4", "G")
        screen = screen_of(pilot)
        screen.open_view("HEADERS")
        screen = await press(pilot, *"/retry-after", "enter")
        assert screen.session.cursor == 6
        assert screen.view.name == "HEADERS"


async def test_views_in_turn(tape: str) -> None:
    names = ["CHAT", "DELTA", "REQUEST", "RESPONSE", "STREAM", "HEADERS", "COST", "SITE"]
    async with opened(tape) as pilot:
        screen = await press(pilot, "8", "G")
        for name in [*names[1:], names[0]]:
            screen = await press(pilot, "]")
            assert screen.view.name == name
        assert (await press(pilot, "[")).view.name == "SITE"
        assert (await press(pilot, "h", "h")).view.name == "SITE"
        assert (await press(pilot, "k")).view.name == "VALUE"


async def test_panes_zoom_and_wrap(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        assert screen.focused is screen.timeline
        assert (await press(pilot, "tab")).focused is screen.body
        assert (await press(pilot, "shift+tab")).focused is screen.timeline
        await press(pilot, "z")
        assert not screen.timeline.display or screen.timeline.size.width == 0
        assert screen.body.size.width >= 78
        assert f"step 1/{LAST}" in shown(pilot)
        await press(pilot, "z")
        assert screen.timeline.size.width > 0
        await press(pilot, "escape")
        before = screen.body.wraps
        assert (await press(pilot, "W")).body.wraps is not before


async def test_scrolling_the_view_from_the_timeline(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, "8", "G", "]", "]")
        top = screen.body.scroll_offset.y
        assert (await press(pilot, "J")).body.scroll_offset.y == top + 1
        assert (await press(pilot, "K")).body.scroll_offset.y == top
        assert (await press(pilot, "ctrl+d")).body.scroll_offset.y > top
        assert (await press(pilot, "ctrl+u")).body.scroll_offset.y == top
        assert screen.session.cursor == 8


async def test_yank_copies_the_view(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, "y")
        assert pilot.app.clipboard == screen.body.document.text
        assert "copied VALUE of step 1" in shown(pilot)


async def test_help_lists_every_action_and_q_leads_back(tape: str) -> None:
    async with opened(tape) as pilot:
        await pilot.press("question_mark")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)
        listed = contents().text
        for one in ACTIONS.values():
            assert one.help in listed
        await press(pilot, "q")
        assert screen_of(pilot).session.cursor == 1


@pytest.mark.parametrize(
    ("line", "step"),
    [("7", 7), ("99", LAST), ("+3", 4), ("last", LAST), ("next-exch", 4), ("next-step 4", 5)],
)
async def test_command_line(tape: str, line: str, step: int) -> None:
    async with opened(tape) as pilot:
        assert (await press(pilot, ":", *line, "enter")).session.cursor == step


async def test_command_line_search_mark_and_nonsense(tape: str) -> None:
    async with opened(tape) as pilot:
        assert (await press(pilot, ":", *"/overloaded", "enter")).session.cursor == 6
        await press(pilot, ":", *"mark b", "enter")
        await press(pilot, "g")
        assert (await press(pilot, ":", *"to-mark b", "enter")).session.cursor == 6
        await press(pilot, ":", *"nonsense", "enter")
        assert "no command nonsense" in shown(pilot)


@pytest.mark.parametrize("keys", [("q",), (":", "q", "enter"), (":", *"quit", "enter")])
async def test_quitting(tape: str, keys: tuple[str, ...]) -> None:
    app = app_of(tape)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press(*keys)
    assert app.return_code == 0


async def test_palette_offers_the_actions(tape: str) -> None:
    async with opened(tape) as pilot:
        await pilot.press("ctrl+p")
        await settle(pilot)
        await pilot.press(*"next exchange")
        await until(pilot, lambda: "previous" not in shown(pilot), "the palette's answer")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert screen_of(pilot).session.cursor == 4


async def test_escape_forgets_a_count(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = await press(pilot, "5")
        assert screen.keys.pending == "5"
        await press(pilot, "escape")
        assert (await press(pilot, "j")).session.cursor == 2


async def test_mouse(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        await pilot.click("#timeline", offset=(6, 7))
        await settle(pilot)
        assert screen.session.cursor == 8
        await pilot.click("#tabs", offset=(7, 0))
        await settle(pilot)
        assert screen.view.name == "DELTA"
        assert (await press(pilot, "ctrl+o")).session.cursor == 1


async def test_a_long_tape_is_not_read_through(tmp_path: Path) -> None:
    path = long_run(tmp_path / "long.msgpack", 2100)
    async with opened(path) as pilot:
        screen = screen_of(pilot)
        read: list[int] = []
        real = screen.session.reader.tape.step
        screen.session.reader.tape.step = lambda n: read.append(n) or real(n)  # type: ignore[func-returns-value,method-assign]
        assert (await press(pilot, "G")).session.cursor == 2100
        assert len(read) < 200
        assert (await press(pilot, "{")).session.cursor == 2000
        assert (await press(pilot, "{")).session.cursor == 1000
        await press(pilot, "{")
        assert "no error before this step" in shown(pilot)


def test_names_are_found_by_their_beginning() -> None:
    found = named("next-err")
    assert found is not None
    assert found.id == "next_error"
    assert named("next") is None
    assert named("") is None


def test_no_key_has_two_meanings() -> None:
    keys = [key for one in ACTIONS.values() for key in one.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("width", [40, 66, 80, 120])
async def test_the_open_view_is_among_the_names_at_every_width(tape: str, width: int) -> None:
    async with opened(tape, (width, 24)) as pilot:
        screen = await press(pilot, "4", "G")
        strip = screen.query_one(TabStrip)
        for view in views_of(screen.session.step):
            screen.open_view(view.name)
            await settle(pilot)
            assert view.name in strip.render().plain
            assert len(strip.render().plain.rstrip()) <= strip.size.width
        for _ in views_of(screen.session.step):
            if "‹" in strip.render().plain:
                await pilot.click(strip, offset=(1, 0))
                await settle(pilot)
        assert "CHAT" in strip.render().plain
