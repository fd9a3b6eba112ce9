"""Text that a terminal or a markup parser would obey, in every view of every step."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown, until
from tui_tapes import hostile_run, refund_run

from tracefork_tui.tape import records
from tracefork_tui.tape.errors import TapeError
from tracefork_tui.tape.writer import Writer
from tracefork_tui.tui.text import notify_plain
from tracefork_tui.tui.views import views_of

OBEYED = ("\x1b", "\x9b", "\x07", "\x00", "\u202e", "\u2066", "\u200b", "\ud800")


def harmless(pilot: Pilot[Any]) -> bool:
    text = shown(pilot)
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
    assert not [c for c in OBEYED if c in text]
    return True


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_every_view_of_every_step(tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_of(hostile_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        for n in range(1, screen.session.count + 1):
            screen.jump(n)
            for view in views_of(screen.session.step):
                screen.open_view(view.name)
                await settle(pilot)
                assert harmless(pilot)
                assert "cannot be shown" not in shown(pilot)
                if view.name in ("CHAT", "DELTA", "REQUEST", "RESPONSE", "VALUE"):
                    assert "[@click=app.quit]" in screen.body.document.text
        assert app.is_running


async def test_messages_and_prompts(tmp_path: Path) -> None:
    app = app_of(hostile_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.say("[/nope] \x1b[2J")
        await settle(pilot)
        assert "[/nope] ␛[2J" in shown(pilot)
        notify_plain(app, "[@click=app.quit]x[/] \x1b]52;c;eA==\x07", title="[/nope]")
        await until(pilot, lambda: "[@click=app.quit]x[/]" in shown(pilot), "the notice")
        await press(pilot, *":[/nope]", "enter")
        await press(pilot, *"/[/nope]", "enter")
        assert harmless(pilot)


async def test_what_is_yanked_is_harmless_too(tmp_path: Path) -> None:
    app = app_of(hostile_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "y")
        assert not [c for c in OBEYED if c in app.clipboard]


async def test_records_of_another_shape(tmp_path: Path) -> None:
    """Whole frames with nonsense in them: shown as damage, never a crash."""
    path = str(tmp_path / "run.msgpack")
    writer = Writer.create(path, {"command": [1, {"a": None}], "parent": 7})
    for n, value in enumerate((["x"], None, 10**18, "\x1b[2J"), start=1):
        writer._append([records.SEND, n, value, 0, 0, 99, value, value, [0], [[9, 9]], value, b""])
        writer._append([records.HEAD, n, n, value, 0, 0, value])
        writer._append([records.CHUNK, n, n, value])
        writer._append([records.END, n, n, 0, value, b""])
    writer._append([records.DRAW, 5, float("nan"), 0, 0, 0, 0, 0, {"a": [b"\x00"]}])
    writer._append([records.NOTE, 5, "kind", "data"])
    writer._append([records.OUTCOME, 5, {"exit_code": ["x"], "exception": 5}])
    writer.close()
    app = app_of(path)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        for n in range(1, screen.session.count + 1):
            screen.jump(n)
            for view in views_of(screen.session.step):
                screen.open_view(view.name)
                await settle(pilot)
                assert harmless(pilot)
        await press(pilot, "}", "{", "g", "l")
        assert app.is_running


@pytest.mark.parametrize("seed", range(12))
async def test_flipped_and_cut_files(tmp_path: Path, seed: int) -> None:
    whole = Path(refund_run(tmp_path / "run.msgpack", sealed=bool(seed % 2))).read_bytes()
    chance = random.Random(seed)
    data = bytearray(whole)
    for _ in range(6):
        data[chance.randrange(200, len(data))] ^= 1 << chance.randrange(8)
    if seed % 3 == 0:
        del data[chance.randrange(len(data) // 2, len(data)) :]
    path = tmp_path / "bad.msgpack"
    path.write_bytes(data)
    try:
        app = app_of(str(path))
    except TapeError:
        return
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        for _ in range(screen_of(pilot).session.count):
            await pilot.press("j")
            await pilot.press("]")
        await settle(pilot)
        assert app.is_running


async def test_an_empty_tape(tmp_path: Path) -> None:
    writer = Writer.create(str(tmp_path / "run.msgpack"), {})
    app = app_of(str(tmp_path / "run.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await press(pilot, *"jkGglh}{", "]", "[", "y", "m", "a", "'", "a", "n", "W")
        assert "step 0/0" in shown(pilot)
        assert "No steps yet" in shown(pilot)
    writer.close()
