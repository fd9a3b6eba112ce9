"""The screen that shows the tapes of a family, and going from tape to tape."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_forks import SIZES, family, parent, press, screen_text, settle, ticket_run
from tui_tapes import HOSTILE

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.diff import DiffScreen
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.screens.tree import TreeScreen

Snap = Callable[..., bool]


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices that stay."""

    def price(model: str, usage: Any, provider: str) -> Decimal:
        return Decimal(usage.output_tokens or 0) / 10_000

    monkeypatch.setattr("tracefork_tui.diff.totals.price", price)


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "tapes"
    folder.mkdir()
    return family(folder)


def app_on(path: str) -> DebuggerApp:
    return DebuggerApp(Tape(path))


def shown(app: DebuggerApp) -> TreeScreen:
    assert isinstance(app.screen, TreeScreen)
    return app.screen


def named(app: DebuggerApp) -> str:
    assert isinstance(app.screen, MainScreen)
    return app.screen.session.name


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
@pytest.mark.parametrize("keys", [["t"], ["t", "g", "m", "G"], ["D"]], ids=["t", "marked", "D"])
def test_pictures(
    snap_compare: Snap,
    paths: dict[str, str],
    size: tuple[int, int],
    keys: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracefork_tui.tui.tape_words.size", lambda value: "8.1 kB")

    async def go(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    assert snap_compare(app_on(paths["right"]), terminal_size=size, run_before=go)


async def test_the_tree_tells_what_became_of_each(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        lines = screen_text(app).splitlines()
        assert "4 tapes" in lines[0]
        assert lines[1].split()[:2] == ["run.msgpack", "13"]
        assert "├─ @6 edited reply · offline" in lines[2]
        assert "✓ exit 0" in lines[2]
        assert lines[2].startswith("▸●")
        assert "│  └─ @7 another value · live" in lines[3]
        assert "└─ @6 overloaded:times=3 · offline" in lines[4]
        assert "✗ exit 1" in lines[4]
        assert "from run.msgpack at step 6: edited reply" in screen_text(app)


async def test_open_and_back(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "j", "t", "G", "enter")
        assert named(app) == "run.fork-2.msgpack"
        await press(pilot, "t", "h", "enter")
        assert named(app) == "run.msgpack"
        assert app.screen.session is app.session  # type: ignore[attr-defined]
        assert "step 4/13" in screen_text(app)
        await press(pilot, "j", "ctrl+o")
        assert named(app) == "run.fork-2.msgpack"
        await press(pilot, "q")
        assert named(app) == "run.msgpack"
        assert "step 5/13" in screen_text(app)
        await press(pilot, "t", "enter")
        assert named(app) == "run.msgpack"
        await press(pilot, "q")
    assert app.return_code == 0


async def test_diff_with_parent_and_with_the_open_tape(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "j", "j", "d")
        assert isinstance(app.screen, DiffScreen)
        assert app.screen.names == ("run.fork-1.msgpack", "run.fork-1.fork-1.msgpack")
        await press(pilot, "q", "D")
        assert isinstance(app.screen, DiffScreen)
        assert app.screen.names == ("run.msgpack", "run.fork-1.fork-1.msgpack")
        await press(pilot, "q", "g", "d")
        assert "this tape is no fork" in screen_text(app)
        await press(pilot, "D")
        assert "that is the open tape itself" in screen_text(app)


async def test_an_ancestor_is_on_the_left(paths: dict[str, str]) -> None:
    app = app_on(paths["twice"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "g", "D")
        assert isinstance(app.screen, DiffScreen)
        assert app.screen.names == ("run.msgpack", "run.fork-1.fork-1.msgpack")


async def test_marks(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "j", "m")
        assert app.marked == paths["right"]
        assert screen_text(app).splitlines()[2].startswith("▸ m")
        await press(pilot, "m")
        assert not app.marked


async def test_a_parent_that_is_missing(paths: dict[str, str]) -> None:
    os.remove(paths["right"])
    app = app_on(paths["twice"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "g")
        assert "run.fork-1.msgpack  (not in this folder)" in screen_text(app)
        assert "Only its forks tell of it" in screen_text(app)
        await press(pilot, "enter")
        assert "that tape is not in this folder" in screen_text(app)
        await press(pilot, "j", "d")
        assert "its parent run.fork-1.msgpack is not in this folder" in screen_text(app)


async def test_all_tapes_of_the_folder(paths: dict[str, str]) -> None:
    ticket_run(Path(paths["root"]).with_name("other.msgpack"), 77)
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert "other.msgpack" not in screen_text(app)
        assert "1 more in the folder: a" in screen_text(app)
        await press(pilot, "a", "G")
        assert "other.msgpack" in screen_text(app)
        assert len(shown(app).rows.lines) == 5
        await press(pilot, "a")
        assert len(shown(app).rows.lines) == 4


async def test_a_new_fork_appears(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "b overloaded@6 ✗" in screen_text(app)
        await press(pilot, "t")
        header = parent(paths["root"], 6, "draw", "another value")
        ticket_run(Path(paths["root"]).with_name("new.msgpack"), 55, header)
        await press(pilot, "R")
        assert "new.msgpack" in screen_text(app)
        await press(pilot, "q")
        assert "draw@6" in screen_text(app)


async def test_the_mouse(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        screen = shown(app)
        await pilot.click(screen.rows, offset=(10, 1))
        assert screen.rows.cursor == 1
        await pilot.click(screen.rows, offset=(10, 1))
        await settle(pilot)
        assert named(app) == "run.fork-1.msgpack"


async def test_a_tape_that_is_gone(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t", "j")
        os.remove(paths["right"])
        await press(pilot, "enter")
        assert named(app) == "run.msgpack"
        assert len(app._notifications) == 1


async def test_the_open_tape_is_gone(paths: dict[str, str]) -> None:
    app = app_on(paths["failed"])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        os.remove(paths["failed"])
        await press(pilot, "d")
        assert "is no longer in its folder" in screen_text(app)
        await press(pilot, "t")
        assert "3 tapes" in screen_text(app)


async def test_two_hundred_forks(tmp_path: Path) -> None:
    root = ticket_run(tmp_path / "run.msgpack")
    fork = ticket_run(tmp_path / "f.msgpack", 48, parent(root, 6, "reply", "edited reply"))
    for n in range(199):
        shutil.copy(fork, tmp_path / f"f{n}.msgpack")
    app = app_on(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "t")
        assert "201 tapes" in screen_text(app)
        await press(pilot, "G")
        assert shown(app).rows.cursor == 200
        assert all(line.glance for line in shown(app).rows.lines)


async def test_hostile_names_and_headers_are_inert(tmp_path: Path) -> None:
    bad = HOSTILE.replace("\x00", "").replace("/", "∕").replace("\ud800", "")
    root = ticket_run(tmp_path / f"{bad[:80]}.msgpack")
    ticket_run(tmp_path / "fork.msgpack", 48, parent(root, 6, bad, bad, bad))
    surrogate = os.fsdecode(b"\xff\xfe[red].msgpack")
    shutil.copy(root, tmp_path / surrogate)
    app = app_on(root)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        for keys in (("t",), ("j",), ("j",), ("j",), ("m",), ("a",), ("g", "D"), ("q",), ("d",)):
            await press(pilot, *keys)
            seen = screen_text(app)
            assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in seen)
        assert app.is_running


async def test_a_tape_opens_on_a_step_and_does_an_action(paths: dict[str, str]) -> None:
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.open_tape(paths["right"], step=6, then="diff")
        await settle(pilot)
        assert isinstance(app.screen, DiffScreen)
        assert app.screen.names == ("run.msgpack", "run.fork-1.msgpack")
        await press(pilot, "q")
        assert named(app) == "run.fork-1.msgpack"
        assert "step 6/13" in screen_text(app)
        assert app.open_tape(str(Path(paths["root"]).with_name("[nope]"))) is None
        await settle(pilot)
        assert app.is_running
