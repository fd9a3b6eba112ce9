"""What is typed faster than screens open and close goes where it was meant to go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Event, Key, Paste
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input
from tui_app import app_of, settle
from tui_forks import family, screen_text
from tui_runs import until
from tui_tapes import refund_run

from tracefork_tui.tui import judging
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.screens.tree import TreeScreen
from tracefork_tui.tui.widgets.prompt import Field

NAMED = {"\r": "enter", "\x1b": "escape", "\t": "tab"}


def type_ahead(pilot: Pilot[Any], keys: str) -> None:
    """All keys at once, as a fast typist or a paste has them wait in the terminal."""
    for character in keys:
        key = NAMED.get(character) or _character_to_key(character)
        pilot.app.post_message(Key(key, character if character.isprintable() else None))


def stands(app: DebuggerApp, name: str, step: int) -> Callable[[], bool]:
    def holds() -> bool:
        screen = app.screen
        session = screen.session if isinstance(screen, MainScreen) else None
        return session is not None and (session.name, session.cursor) == (name, step)

    return holds


def tree_is_read(app: DebuggerApp) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, TreeScreen) and "fork-1" in screen_text(app)


@pytest.mark.parametrize("keys", ["?qjj", "tqjj", "jt?qqj", "?jjqjj", ":3\r"])
async def test_keys_behind_a_screen_that_closes_reach_the_one_below(
    tmp_path: Path, keys: str
) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, keys)
        await until(pilot, stands(app, "run.msgpack", 3), keys)


async def test_keys_behind_enter_reach_the_tape_that_it_opens(tmp_path: Path) -> None:
    app = app_of(family(tmp_path)["root"])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for _ in range(3):
            type_ahead(pilot, "gt")
            await until(pilot, tree_is_read(app), "the tree")
            type_ahead(pilot, "j\r4Gj")
            await until(pilot, stands(app, "run.fork-1.msgpack", 5), "the fork")
            type_ahead(pilot, "qj")
            await until(pilot, stands(app, "run.msgpack", 2), "the tape below")


async def test_text_behind_a_key_goes_into_the_field_that_it_opens(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))

    def value() -> str:
        return "".join(field.value for field in app.screen.query(Input))

    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, "4Gioverl")
        await until(pilot, lambda: value() == "overl", "the filter of faults")


async def test_what_follows_enter_waits_until_the_line_is_judged(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, ":watch n\r:break n == 4\rc")
        await until(pilot, stands(app, "run.msgpack", 4), "the breakpoint")
        screen = app.screen
        assert isinstance(screen, MainScreen)
        assert screen.session.beside.watches == ["n"]


async def test_what_follows_a_wrong_line_is_typed_into_it(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, ":break n ==\r 4\rc")
        await until(pilot, stands(app, "run.msgpack", 4), "the breakpoint")


@pytest.mark.parametrize("keys", [":watch n\r:break n == 4\rc", ":break n ==\r 4\rc"])
async def test_a_slow_line_loses_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    quick = Field.on_event

    async def slow(field: Field, event: Event) -> None:
        await asyncio.sleep(0.01)
        await quick(field, event)

    monkeypatch.setattr(Field, "on_event", slow)
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, keys)
        await until(pilot, stands(app, "run.msgpack", 4), "the breakpoint")


async def test_escape_does_not_wait_for_the_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(judging, "judge", lambda *of: asked.append(of[3]))
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, ":break n > 0\rc")
        await until(pilot, lambda: "n > 0" in "".join(asked), "the judge")
        await settle(pilot)
        type_ahead(pilot, "\x1bjj")
        await until(pilot, stands(app, "run.msgpack", 3), "the steps behind Escape")
        assert not app.session.beside.breakpoints


async def test_tab_waits_for_what_it_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = judging.judge

    def slow(post: Any, *of: Any) -> None:
        time.sleep(0.2)
        quick(post, *of)

    monkeypatch.setattr(judging, "judge", slow)
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, ":break provenan\t == 'live' and n == 4\rc")
        await until(pilot, stands(app, "run.msgpack", 4), "the breakpoint")
        assert [one.when for one in app.session.beside.breakpoints] == [
            "provenance == 'live' and n == 4"
        ]


async def test_what_is_pasted_keeps_its_place_among_the_keys(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, ":")
        app.post_message(Paste("break n == 4"))
        type_ahead(pilot, "\rc")
        await until(pilot, stands(app, "run.msgpack", 4), "the breakpoint")


async def test_keys_keep_their_order_and_none_is_lost(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        type_ahead(pilot, "jjkjkj" * 20 + "5Gjjkma" + "g'a")
        await until(pilot, stands(app, "run.msgpack", 6), "the mark")
