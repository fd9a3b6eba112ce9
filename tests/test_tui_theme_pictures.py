"""Pictures of every view in both sizes, light and with high contrast; the dark ones are with what
they show. Whatever the theme, the words and signs on the screen are the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown, until, wear
from tui_forks import family
from tui_talks import sub_agents
from tui_tapes import refund_run

from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.player import Player
from tracefork_tui.tui.themes import NAMES
from tracefork_tui.tui.views import views_of

SIZES = {"80x24": SMALL, "160x45": LARGE}
THEMES = ("light", "contrast")
Go = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture(autouse=True)
def fixed_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def price(*_: object) -> Decimal:
        return Decimal("0.0125")

    for module in ("widgets.treelist", "tape_words"):  # the format may become smaller
        monkeypatch.setattr(f"tracefork_tui.tui.{module}.size", lambda _: "7.9 kB")
    monkeypatch.setattr("tracefork_tui.wire.cost", price)
    monkeypatch.setattr("tracefork_tui.diff.totals.price", price)


@pytest.fixture
def pictures(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageExtension)


async def _compare(pilot: Pilot[Any], pictures: SnapshotAssertion, name: str = "") -> None:
    """What is open in each theme; the characters have to be those of the dark one."""
    app = pilot.app
    for field in app.screen.query("Input, TextArea"):
        field.cursor_blink = False
    await wear(pilot, NAMES["dark"])
    words = shown(pilot)
    for theme in THEMES:
        await wear(pilot, NAMES[theme])
        assert shown(pilot) == words
        assert app.export_screenshot(title=theme) == pictures(name=f"{name}{theme}")
    await wear(pilot, NAMES["dark"])


@pytest.mark.parametrize("size", SIZES)
async def test_views(tmp_path: Path, pictures: SnapshotAssertion, size: str) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=SIZES[size]) as pilot:
        await settle(pilot)
        screen = app.screen
        screen.jump(8)
        for view in views_of(screen.session.step):
            screen.open_view(view.name)
            await _compare(pilot, pictures, f"{view.name.lower()}-")
        screen.jump(7)
        await _compare(pilot, pictures, "draw-")


SCREENS = {
    "help": ["question_mark"],
    "tree": ["t"],
    "diff": ["j", "j", "j", "j", "j", "j", "d"],
    "fork": ["6", "G", "f"],
    "fault": ["6", "G", "i"],
    "search": ["4", "G", *"/mug"],
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_screens(tmp_path: Path, pictures: SnapshotAssertion, name: str, size: str) -> None:
    app = app_of(family(tmp_path)["right"])
    async with app.run_test(size=SIZES[size]) as pilot:
        await settle(pilot)
        for key in SCREENS[name]:
            await pilot.press(key)
        await _compare(pilot, pictures)


@pytest.mark.parametrize("size", SIZES)
async def test_tapes(tmp_path: Path, pictures: SnapshotAssertion, size: str) -> None:
    folder = tmp_path / "tapes"
    folder.mkdir()
    family(folder)
    app = DebuggerApp(None, str(folder))
    async with app.run_test(size=SIZES[size]) as pilot:
        await settle(pilot)
        await _compare(pilot, pictures)


async def test_lanes_with_a_broken_cache(tmp_path: Path, pictures: SnapshotAssertion) -> None:
    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.jump(9)
        screen.open_view("COST")
        await until(pilot, lambda: "8 exchanges" in shown(pilot), "the sums")
        await _compare(pilot, pictures)


async def test_a_stream_that_plays(tmp_path: Path, pictures: SnapshotAssertion) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        screen, now = screen_of(pilot), [0.0]
        screen.player = Player(screen.body, screen.say, lambda: now[0])
        screen.jump(8)
        await press(pilot, "p")
        now[0] += 0.7
        screen.player.tick()
        await _compare(pilot, pictures)
