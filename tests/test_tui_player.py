"""A stream shown again as it came; and what a tape without times says instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown
from tui_tapes import Maker, refund_run, text

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.player import Player
from tracefork_tui.tui.views import build, views_of
from tracefork_tui.tui.views.stream import StreamPage

IMPORTED = {
    "imported": {
        "source": "[red]run.yaml\x1b[2J",
        "format": "vcrpy",
        "lacks": ["start times", "durations", "time to first byte", "chunk boundaries"],
    }
}


def stream_of(reader: Reader, n: int) -> StreamPage:
    view = next(view for view in views_of(reader.step(n)) if view.name == "STREAM")
    page = build(view, reader, n)
    assert isinstance(page, StreamPage)
    return page


def test_a_page_up_to_a_moment(tmp_path: Path) -> None:
    page = stream_of(Reader(Tape(refund_run(tmp_path / "run.msgpack"))), 8)
    times = [at for _, at in page.times]
    assert len(times) > 3
    assert times == sorted(times)
    assert len(page.upto(0.0).lines) == 2
    assert len(page.upto(times[0]).lines) == page.times[1][0]
    assert page.upto(times[-1]).lines == page.lines


async def test_playing(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        now = [100.0]
        screen.player = player = Player(screen.body, screen.say, lambda: now[0])
        screen.jump(8)
        await press(pilot, "p")
        assert player.playing
        whole = stream_of(screen.session.reader, 8)
        assert len(screen.body.document.lines) == 2
        now[0] += whole.times[1][1] + 1e-6
        player.tick()
        assert len(screen.body.document.lines) == whole.times[2][0]
        await pilot.press("p")
        now[0] += (whole.times[3][1] - whole.times[1][1]) / 4
        player.tick()
        assert len(screen.body.document.lines) >= whole.times[3][0]
        await pilot.press("p")
        assert not player.playing
        assert screen.body.document.lines == whole.lines
        await press(pilot, "p")
        assert player.playing
        await press(pilot, "escape")
        assert not player.playing
        assert screen.body.document.lines == whole.lines
        await press(pilot, "p", "j")
        assert not player.playing
        assert screen.view.name == "VALUE"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_pictures(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        screen = screen_of(pilot)
        now = [0.0]
        screen.player = Player(screen.body, screen.say, lambda: now[0])
        screen.jump(8)
        await press(pilot, "p")
        now[0] += 0.7
        screen.player.tick()
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


@pytest.fixture
def imported(tmp_path: Path) -> str:
    run = Maker(tmp_path / "run.msgpack", IMPORTED)
    run.say("Hello.")
    run.ask([text("Good day.")])
    run.draw("lookup", "str", "x")
    return run.close()


async def test_no_times_are_made_up(imported: str) -> None:
    app = app_of(imported)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        for n in (1, 2):
            screen.jump(n)
            for view in views_of(screen.session.step):
                screen.open_view(view.name)
                await settle(pilot)
                text = shown(pilot)
                assert "t+" not in text
                assert " ms" not in text
                assert " s in all" not in text
                assert "imported" in text
                assert "[red]run.yaml␛[2J" in text
        screen.jump(1)
        await press(pilot, "p")
        assert "not on the tape" in shown(pilot)
        assert not screen.player.playing


def test_a_run_without_times_has_no_duration(imported: str, tmp_path: Path) -> None:
    from tracefork_tui import diff

    totals = diff.compare(Tape(imported), Tape(imported)).totals
    assert totals[0].duration is None
