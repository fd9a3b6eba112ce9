"""The screen of a comparison."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import until
from tui_forks import SIZES, family, long_pair, press, screen_text, settle, ticket_run
from tui_tapes import HOSTILE, hostile_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.diff import DiffScreen
from tracefork_tui.tui.screens.help import HelpScreen
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


def shown(app: DebuggerApp) -> DiffScreen:
    assert isinstance(app.screen, DiffScreen)
    return app.screen


def say(app: DebuggerApp) -> str:
    screen = app.screen
    assert isinstance(screen, MainScreen)
    return screen._hints.message


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
@pytest.mark.parametrize(
    "keys", [["d"], ["d", "n"], ["d", "e"], ["d", "F", "g"]], ids=["first", "next", "end", "open"]
)
def test_pictures(
    snap_compare: Snap, paths: dict[str, str], size: tuple[int, int], keys: list[str]
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    assert snap_compare(app_on(paths["right"]), terminal_size=size, run_before=go)


async def test_a_fork_beside_its_parent(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        seen = screen_text(app)
        assert "5 steps shared, then 2 changed" in seen
        assert "difference 1/2" in seen
        assert seen.splitlines()[1].split() == (
            ["run.msgpack", "run.fork-1.msgpack", "·", "edited", "reply", "at…"]
        )
        assert "refund(A-1009, 480," in seen
        assert "refund(A-1009, 48 …" in seen
        assert "answered live → edited" in seen
        assert "✗ exit 1" in seen
        assert "✓ exit 0" in seen


async def test_a_root_beside_its_newest_fork(tmp_path: Path) -> None:
    from tui_forks import parent

    root = ticket_run(tmp_path / "run.msgpack")
    header = parent(root, 6, "reply", "edited reply")
    ticket_run(tmp_path / "a.msgpack", 47, header, started=300.0)
    ticket_run(tmp_path / "b.msgpack", 48, header, started=100.0)
    app = app_on(root)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        assert shown(app).names == ("run.msgpack", "a.msgpack")


async def test_nothing_to_compare_with(tmp_path: Path, paths: dict[str, str]) -> None:
    alone = app_on(ticket_run(tmp_path / "run.msgpack"))
    async with alone.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        assert say(alone) == (
            "this tape has no parent and no fork here; D compares it with another tape"
        )
    Path(paths["root"]).unlink()
    orphan = app_on(paths["right"])
    async with orphan.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        assert say(orphan).startswith("its parent run.msgpack is not in this folder")


async def test_a_parent_in_another_folder_is_known_while_it_is_open(
    tmp_path: Path, paths: dict[str, str]
) -> None:
    away = Path(paths["right"]).rename(tmp_path / "away.msgpack")
    app = app_on(paths["root"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.open_tape(str(away), then="diff")
        await settle(pilot)
        assert shown(app).names == ("run.msgpack", "away.msgpack")


async def test_moving_among_differences(paths: dict[str, str]) -> None:
    app = app_on(paths["twice"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        screen = shown(app)
        assert screen._lines
        lines = screen._lines
        kinds = Counter(lines.rows[position].kind for position in lines.changes)
        assert kinds["added"] == 1
        positions = []
        for _ in range(len(lines.changes) + 2):
            positions.append(lines.position(screen.rows.cursor))
            await press(pilot, "n")
        assert positions[: len(lines.changes)] == list(lines.changes)
        assert screen.rows.cursor == lines.end
        assert "no difference after this" in screen_text(app)
        await press(pilot, "N")
        assert lines.position(screen.rows.cursor) == lines.changes[-1]
        await press(pilot, "g", "right_curly_bracket")
        assert lines.position(screen.rows.cursor) == lines.changes[0]
        await press(pilot, "2", "n")
        assert lines.position(screen.rows.cursor) == lines.changes[2]
        await press(pilot, "g", "N")
        assert "no difference before this" in screen_text(app)


async def test_folds(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        screen = shown(app)
        before = screen.rows.height
        await press(pilot, "g")
        assert "4 equal steps (1–4), proven by their chains" in screen_text(app)
        assert "Enter unfolds them" in screen_text(app)
        await press(pilot, "enter")
        assert screen.rows.height == before + 3
        await press(pilot, "j", "space")
        assert screen.rows.height == before
        assert screen.rows.cursor == 0
        await press(pilot, "F")
        assert screen.rows.height == 14
        await press(pilot, "F")
        assert screen.rows.height == before


async def test_a_step_opens_in_its_tape_and_back(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d", "enter")
        assert isinstance(app.screen, MainScreen)
        assert (app.screen.session.name, app.screen.session.cursor) == ("run.fork-1.msgpack", 6)
        assert app.screen.session is app.session
        await press(pilot, "q", "h", "o")
        assert isinstance(app.screen, MainScreen)
        assert (app.screen.session.name, app.screen.session.cursor) == ("run.msgpack", 6)
        await press(pilot, "q")
        assert isinstance(app.screen, DiffScreen)
        await press(pilot, "q")
        assert isinstance(app.screen, MainScreen)
        assert app.screen.session.cursor == 6
        assert "step 6/" in screen_text(app)
        await press(pilot, "q")
    assert app.return_code == 0


async def test_a_step_of_one_side_opens_there(paths: dict[str, str]) -> None:
    app = app_on(paths["twice"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        screen = shown(app)
        assert screen._lines
        added = [n for n in screen._lines.changes if screen._lines.rows[n].kind == "added"]
        screen.go(screen._lines.line(added[0]))
        await press(pilot, "h", "enter")
        assert isinstance(app.screen, MainScreen)
        assert app.screen.session.name == "run.fork-1.fork-1.msgpack"


async def test_the_mouse(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        screen = shown(app)
        await pilot.click(screen.rows, offset=(4, 1))
        await settle(pilot)
        assert (screen.rows.cursor, screen.rows.side) == (1, 0)
        await pilot.click(screen.rows, offset=(50, 0))
        await pilot.click(screen.rows, offset=(50, 0))
        await settle(pilot)
        assert screen.rows.height > 10
        await pilot.click(screen.rows, offset=(50, 2))
        await pilot.click(screen.rows, offset=(50, 2))
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)


async def test_keys_are_listed_and_the_page_zooms(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        assert "next row that differs" in screen_text(app)
        await press(pilot, "q", "z")
        screen = shown(app)
        assert not screen.rows.display
        assert screen.about.size.height > 15
        await press(pilot, "z", "e")
        assert screen.rows.display
        assert "final answer" in screen_text(app)
        await press(pilot, "J")
        assert screen.about.scroll_offset.y == 1


async def test_with_a_chosen_tape_or_the_marked_one(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "D")
        assert isinstance(app.screen, TreeScreen)
        assert "compare run.fork-1.msgpack with …" in screen_text(app)
        await press(pilot, "G", "enter")
        assert shown(app).names == ("run.fork-1.msgpack", "run.fork-2.msgpack")
        await press(pilot, "q", "t", "G", "m", "q", "D")
        assert shown(app).names == ("run.fork-1.msgpack", "run.fork-2.msgpack")
        await press(pilot, "q", "t", "g", "m", "q", "D")
        assert shown(app).names == ("run.msgpack", "run.fork-1.msgpack")


async def line(pilot: Pilot[None], words: str) -> None:
    from textual.widgets import Input

    await press(pilot, "colon")
    pilot.app.screen.query_one(Input).value = words
    await press(pilot, "enter")


async def test_on_the_command_line(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await line(pilot, "diff-with run.fork-2.msgpack")
        assert shown(app).names == ("run.fork-1.msgpack", "run.fork-2.msgpack")
        await press(pilot, "q")
        await line(pilot, "diff-with nothing")
        assert say(app) == "there is no file nothing"
        await line(pilot, "diff-with run.fork-1.msgpack")
        assert say(app).startswith("that is this tape itself")


async def test_a_tape_that_cannot_be_read(paths: dict[str, str]) -> None:
    app = app_on(paths["right"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        bad = Path(paths["root"]).with_name("[nope].msgpack")
        bad.write_bytes(b"no tape")
        app.push_screen(DiffScreen(paths["right"], str(bad)))
        await settle(pilot)
        assert "✗ cannot be compared" in screen_text(app)
        assert "not a tape" in screen_text(app)
        await press(pilot, "j", "n", "enter", "F", "e", "q")
        assert isinstance(app.screen, MainScreen)


async def test_hostile_text_is_inert(tmp_path: Path) -> None:
    name = HOSTILE.replace("\x00", "").replace("/", "∕").replace("\ud800", "")[:80]
    hostile = hostile_run(tmp_path / f"{name}.msgpack")
    other = ticket_run(tmp_path / "run.msgpack")
    app = app_on(other)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        for pair in ((hostile, other), (other, hostile)):
            app.push_screen(DiffScreen(*pair))
            await settle(pilot)
            await press(pilot, "F", "g")
            for _ in range(shown(app).rows.height):
                seen = screen_text(app)
                assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in seen)
                await pilot.press("j")
                await pilot.pause()
            await press(pilot, "q")
        assert app.is_running


async def test_ten_thousand_steps_a_side_are_read_as_they_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = long_pair(tmp_path, 10_000, 6_000)
    read: set[tuple[str, int]] = set()
    whole, main = Tape.step, threading.main_thread()

    def counting(self: Tape, n: int) -> Any:
        if threading.current_thread() is main:
            read.add((self.path, n))
        return whole(self, n)

    monkeypatch.setattr(Tape, "step", counting)
    app = app_on(a)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(DiffScreen(a, b))
        await until(pilot, lambda: isinstance(app.screen, DiffScreen) and app.screen._end)
        screen = shown(app)
        assert screen._lines
        assert screen._end
        assert len(screen._lines.changes) > 500
        height = screen.rows.size.height
        on_screen = 2 * height + 8
        assert len(read) <= on_screen + 30
        read.clear()
        await press(pilot, "F")
        assert screen.rows.height > 10_000
        await press(pilot, "5", "0", "0", "0", "G")
        assert screen.rows.cursor == 4_999
        assert 0 < len(read) <= 2 * on_screen
        read.clear()
        await press(pilot, "G")
        assert len(read) <= on_screen
        read.clear()
        await press(pilot, "N", "N", "N")
        assert len(read) <= on_screen


async def test_leaving_ends_the_work(tmp_path: Path) -> None:
    a, b = long_pair(tmp_path, 4_000, 10)
    app = app_on(a)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(DiffScreen(a, b))
        await pilot.pause(0.02)
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert not [worker for worker in app.workers if worker.is_running]
