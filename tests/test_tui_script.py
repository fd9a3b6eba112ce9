"""Sessions told in advance with `--run`, and the list of tapes that opens without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot
from tui_forks import family, press, screen_text, settle
from tui_tapes import HOSTILE, Maker, refund_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.actions import Mistake
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.diff import DiffScreen
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.screens.tapes import TapesScreen
from tracefork_tui.tui.script import read


def run(folder: Path, *words: str, columns: int = 100) -> subprocess.CompletedProcess[str]:
    """The command line without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tracefork_tui", *words],
        cwd=folder,
        env=os.environ | {"COLUMNS": str(columns), "LINES": "24", "XDG_STATE_HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_script_is_read() -> None:
    assert read("goto 12; view delta;; print") == ["goto 12", "view delta", "print"]
    assert read("12\n/a;print screen") == ["12", "/a", "print screen"]
    assert read(r"/a\;b;print") == ["/a;b", "print"]
    assert read('search "x;y"; +3') == ['search "x;y"', "+3"]
    assert read(" ; ") == []
    for wrong in ("frobnicate", "print everything", "press", "12x", "go 1; nope 3"):
        with pytest.raises(Mistake):
            read(wrong)
    with pytest.raises(Mistake, match="did you mean next-step"):
        read("next-stp")


def test_a_script_prints_what_it_is_told_to(tmp_path: Path) -> None:
    refund_run(tmp_path / "run.msgpack")
    done = run(tmp_path, "run.msgpack", "--run", "goto 8; view delta; print; 1; print screen")
    assert (done.returncode, done.stderr) == (0, "")
    page, _, screen = done.stdout.partition(" run.msgpack · ")
    assert "24.00" in page
    assert "step 1/13" in screen
    assert "▸  1 ◇ time" in screen


def test_a_script_that_prints_nothing_prints_the_screen(tmp_path: Path) -> None:
    refund_run(tmp_path / "run.msgpack")
    done = run(tmp_path, "--run", "next-exchange 2; next-error", "run.msgpack", columns=80)
    assert done.returncode == 0
    assert "step 11/13" in done.stdout or "step 10/13" in done.stdout
    assert len(done.stdout.splitlines()) == 24
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_a_script_waits_for_what_it_set_off(tmp_path: Path) -> None:
    refund_run(tmp_path / "run.msgpack")
    done = run(tmp_path, "run.msgpack", "--run", "4; view request; /refund_id; print screen; quit")
    assert done.returncode == 0
    assert "step 13/13" in done.stdout or "step 12/13" in done.stdout
    done = run(tmp_path, "run.msgpack", "--run", "/no such text anywhere")
    assert done.returncode == 0
    assert "no “no such text anywhere” after this" in done.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("frobnicate", "no command frobnicate"),
        ("goto 99", "there is no step 99; the tape has 13"),
        ("view nonsense", "no view “nonsense” here: "),
        ("zoom sideways", "takes a count"),
        ("help; goto 3", "not on this screen"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(tmp_path: Path, script: str, told: str) -> None:
    refund_run(tmp_path / "run.msgpack")
    done = run(tmp_path, "run.msgpack", "--run", f"print; {script}; print")
    assert done.returncode == 2
    assert done.stderr.startswith("tracefork-tui: --run: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_script_presses_keys_and_leaves_other_screens(tmp_path: Path) -> None:
    paths = family(tmp_path)
    name = Path(paths["right"]).name
    done = run(tmp_path, name, "--run", "diff; print; q; goto 2; print screen")
    assert (done.returncode, done.stderr) == (0, "")
    assert "480" in done.stdout
    assert "step 2/" in done.stdout
    done = run(tmp_path, name, "--run", "press question_mark; print; press q j j; print screen")
    assert "next-exchange" in done.stdout
    assert "step 3/" in done.stdout


def test_hostile_text_is_harmless_in_what_is_printed(tmp_path: Path) -> None:
    run_ = Maker(tmp_path / "run.msgpack")
    run_.draw("uuid.uuid4", "str", HOSTILE)
    run_.close()
    done = run(tmp_path, "run.msgpack", "--run", "print; print screen")
    assert "[@click=app.quit]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


# The tapes of a folder


def test_without_a_terminal_the_tapes_are_a_plain_list(tmp_path: Path) -> None:
    family(tmp_path)
    (tmp_path / "cut.msgpack").write_bytes(b"no tape")
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("run.msgpack ")
    assert "✗ exit 1" in lines[0]
    assert "├─ run.fork-1.msgpack" in lines[1]
    assert "@6 edited reply · offline" in lines[1]
    assert "│  └─ run.fork-1.fork-1.msgpack" in lines[2]
    assert "cut.msgpack: not a tape" in lines[-1]


def test_an_empty_folder_says_how_to_record(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0
    assert "tracefork-tui record -o run.msgpack -- python my_agent.py" in done.stdout


def listed(app: DebuggerApp) -> TapesScreen:
    assert isinstance(app.screen, TapesScreen), app.screen
    return app.screen


async def test_a_tape_opens_from_the_list_and_q_leads_back(tmp_path: Path) -> None:
    family(tmp_path)
    app = DebuggerApp(None, str(tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "4 tapes" in text
        assert "kB" in text
        assert "✗ exit 1" in text
        await press(pilot, "j", "enter")
        assert isinstance(app.screen, MainScreen)
        assert app.screen.session.name == "run.fork-1.msgpack"
        await press(pilot, "q")
        assert listed(app).rows.cursor == 1
        await press(pilot, "g", "D")
        assert "m marks a tape" in screen_text(app)
        await press(pilot, "m", "j", "D")
        assert isinstance(app.screen, DiffScreen)
        await press(pilot, "q", "j", "d")
        assert isinstance(app.screen, DiffScreen)
        await press(pilot, "q", "q")
    assert app.return_code == 0


async def until(pilot: Pilot[None], app: DebuggerApp, words: str) -> None:
    """Let the app go on until it shows something."""
    for _ in range(600):
        if words in screen_text(app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{words!r} is not shown:\n{screen_text(app)}")


async def test_the_list_takes_in_tapes_that_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracefork_tui.tui.screens.tapes.LOOK", 0.05)
    folder = tmp_path / "tapes"
    folder.mkdir()
    made = refund_run(tmp_path / "made.msgpack")
    app = DebuggerApp(None, str(folder))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, app, "There are no tapes")
        assert "tracefork-tui record -o run.msgpack" in screen_text(app)
        shutil.move(made, folder / "new.msgpack")
        await until(pilot, app, "new.msgpack")
        await until(pilot, app, "exit 0")
        (folder / "bad.msgpack").write_bytes(b"")
        await until(pilot, app, "1 cannot be read")


async def test_two_hundred_forks_are_listed(tmp_path: Path) -> None:
    root = refund_run(tmp_path / "run.msgpack")
    with Tape(root) as tape:
        told = {"fingerprint": tape.fingerprint, "step": 3, "kind": "draw", "tail": "offline"}
    for number in range(200):
        run_ = Maker(tmp_path / f"run.fork-{number}.msgpack", {"parent": told})
        run_.draw("uuid.uuid4", "str", "x")
        run_.close(exit_code=number % 2)
    app = DebuggerApp(None, str(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, app, "201 tapes")
        await pilot.press("G")
        await until(pilot, app, "└─ @3")
        await press(pilot, "enter")
        assert isinstance(app.screen, MainScreen)
