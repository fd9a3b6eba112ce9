"""The debugger as a program that is lived in: settings, themes, what it remembers, first keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.color import Color
from tui_app import app_of, press, screen_of, settle, shown, wear
from tui_tapes import refund_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui import ink
from tracefork_tui.tui.actions import ACTIONS, KEYS, rekey
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.config import Config, key_of, load
from tracefork_tui.tui.memory import MOST, Memory
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.themes import NAMES

# Settings


def config_of(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return load(path)


def test_no_file_is_no_setting(tmp_path: Path) -> None:
    config = load(tmp_path / "config.toml")
    assert (config.theme, config.keys, config.mistakes) == ("", {}, [])


def test_settings_are_read(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        'theme = "light"\n[keys]\nnext-error = ["ctrl+n", "!"]\nfork = "F5"\nzoom = ""\nview = "v"',
    )
    assert config.mistakes == []
    assert config.theme == "light"
    assert config.keys == {
        "next_error": ("ctrl+n", "exclamation_mark"),
        "fork": ("f5",),
        "zoom": (),
        "view": ("v",),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = [", "not TOML"),
        ("theme = 3", "theme is not as it should be"),
        ("keys = 3", "keys is not as it should be"),
        ("colour = 'red'", "colour: there is theme, and [keys]"),
        ("[keys]\nnext-eror = 'x'", "no action next-eror: did you mean next-error?"),
        ("[keys]\nfork = 3", "fork: a key is a text"),
        ("[keys]\nfork = ''\ndiff = ['x', 3]", "diff: a key is a text"),
        ("[keys]\nfork = '7'", "digits are counts"),
        ("[keys]\nfork = 'ctrl+nope'", "no such key"),
        ("[keys]\nfork = 'x'\ndiff = 'x'", "x is taken by fork"),
    ],
)
def test_a_mistake_is_told_in_a_line(tmp_path: Path, text: str, told: str) -> None:
    config = config_of(tmp_path, text)
    assert told in config.mistake
    assert config.mistake.startswith("config.toml: ")
    assert "\n" not in config.mistake


def test_what_is_right_is_used_beside_a_mistake(tmp_path: Path) -> None:
    config = config_of(tmp_path, "[keys]\nnope = 'x'\nfork = ['7', 'f6']\ndiff = 'ctrl+b'\n")
    assert config.keys == {"fork": ("f6",), "diff": ("ctrl+b",)}
    assert config.mistake.endswith("(and 1 more)")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff")
    assert "not UTF-8" in load(tmp_path / "config.toml").mistake
    assert "irectory" in load(tmp_path).mistake


def test_keys_are_named_as_users_write_them() -> None:
    assert key_of("}") == "right_curly_bracket"
    assert key_of("G") == "G"
    assert key_of("Ctrl+N") == "ctrl+n"
    assert key_of("alt+/") == "alt+slash"
    assert key_of("ctrl++") == "ctrl+plus"


def test_no_key_stands_for_two_actions() -> None:
    rekey({})
    keys = [key for one in ACTIONS.values() for key in one.keys]
    assert sorted(keys) == sorted(set(keys))
    assert set(KEYS) == set(keys)


async def test_the_users_keys_are_used_and_shown(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    config = Config(keys={"next_error": ("d",), "next_step": ("ctrl+n",), "view": ("v",)})
    app = DebuggerApp(Tape(path), config=config)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "Ctrl-N step" in shown(pilot)
        screen = await press(pilot, "ctrl+n")
        assert screen.session.cursor == 2
        screen = await press(pilot, "j")
        assert screen.session.cursor == 2
        screen = await press(pilot, "d")  # what was its action has lost it
        assert screen.session.cursor > 2
        assert isinstance(app.screen, MainScreen)
        before = screen.view.name
        screen = await press(pilot, "v")
        assert screen.view.name != before
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Ctrl-N      next-step" in shown(pilot)
        await pilot.press("q")
        await pilot.press("t")
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Ctrl-N            next line" in shown(pilot)
    async with app_of(path).run_test() as pilot:
        assert screen_of(pilot)
        assert ACTIONS["next_step"].keys == ("j",)


async def test_a_mistake_in_the_settings_is_on_the_last_line(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    config = config_of(tmp_path, "[keys]\n'[/nope]' = 'x'")
    app = DebuggerApp(Tape(path), config=config)
    async with app.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        assert "no action [/nope]" in shown(pilot)
        await press(pilot, "j")
        assert "no action" not in shown(pilot)


async def test_a_hint_that_is_clicked_is_its_key(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        line = shown(pilot).splitlines()[-1]
        for words, step in (("j step", 2), ("l exchange", 4), ("} error", 6)):
            await pilot.click("Hints", offset=(line.index(words), 0))
            await settle(pilot)
            assert screen_of(pilot).session.cursor == step
        await pilot.click("Hints", offset=(line.index("t tree") + 2, 0))
        await settle(pilot)
        assert not isinstance(app.screen, MainScreen)
        line = shown(pilot).splitlines()[-1]
        await pilot.click("Hints", offset=(line.index("q back"), 0))
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)


# Themes


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)])
async def test_every_ink_can_be_read(tmp_path: Path, name: str, least: float) -> None:
    """Contrast as WCAG 2 has it: text on its page; the line under the cursor."""
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test() as pilot:
        await wear(pilot, NAMES[name])
        inks = screen_of(pilot).timeline._inks
        for part in ink._NAMES:
            style = inks.page + inks[part]
            if part != "edge":
                assert _contrast(style.color, style.bgcolor) >= least, part
        for focused in (True, False):
            style = inks.under_cursor(focused)
            assert _contrast(style.color, style.bgcolor) >= least


def _contrast(one: object, other: object) -> float:
    a, b = sorted(map(_luminance, (one, other)))
    return (b + 0.05) / (a + 0.05)


def _luminance(colour: object) -> float:
    parts = [part / 255 for part in Color.from_rich_color(colour).rgb]  # type: ignore[arg-type]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def test_a_theme_is_chosen_and_remembered(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert app.theme == "textual-dark"
        await press(pilot, *":theme light", "enter")
        assert app.theme == "light"
        await press(pilot, *":theme", "enter")
        assert app.theme == "contrast"
        await press(pilot, *":theme ligt", "enter")
        assert app.theme == "contrast"
        assert "did you mean light?" in shown(pilot)
    app.remember()
    memory = Memory(tmp_path)
    assert memory.theme == "contrast"
    assert DebuggerApp(Tape(path), memory=memory).theme == "contrast"
    set_so = DebuggerApp(Tape(path), memory=memory, config=Config(theme="light"))
    assert set_so.theme == "light"


async def test_without_colours_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = await press(pilot, "j")
        styles = [
            segment.style
            for strip in screen._compositor.render_strips()
            for segment in strip.apply_filter(
                app.get_line_filters()[0], screen.background_colors[0]
            )
            if segment.style
        ]
        assert styles
        assert all(style.color is None and style.bgcolor is None for style in styles)
        assert any(style.reverse for style in styles)
        assert "▸  2" in shown(pilot)
        await press(pilot, *":theme light", "enter")
        assert "NO_COLOR" in shown(pilot)


# What is remembered


async def test_a_tape_opens_where_it_was_left(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    before = Path(path).read_bytes()
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "7", "G")
    app.remember()
    assert Path(path).read_bytes() == before
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert screen_of(pilot).session.cursor == 7
        assert "back at step 7, where you left it; g: the first step" in shown(pilot)
        assert "▸  7" in shown(pilot)
        screen = await press(pilot, "g")
        assert screen.session.cursor == 1


def test_another_tape_of_that_name_is_another(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    with Tape(refund_run(tmp_path / "run.msgpack", {"started": 5.0})) as tape:
        memory.leave(tape, 7)
        assert memory.place(tape) == 7
        memory.save()
    (tmp_path / "run.msgpack").unlink()
    with Tape(refund_run(tmp_path / "run.msgpack", {"started": 6.0})) as tape:
        assert Memory(tmp_path).place(tape) == 0


async def test_typed_lines_are_there_again_in_the_next_session(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *"/mug", "enter")
        await press(pilot, *"/[/nope]", "enter")
        app.remember()
    other = Memory(tmp_path)
    other.typed["/"] = ["vase", "mug"]
    other.save()
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", "up")
        await settle(pilot)
        assert pilot.app.focused.value == "mug"
        await pilot.press("up", "up")
        assert pilot.app.focused.value == "[/nope]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        '{"places": 3, "opened": "x", "theme": 7}',
        '{"places": {"x": 3}}',
        "[" * 9999,
        '{"typed": {"/": [1, "\\u001b[2J"], ":": 7}}',
    ],
)
def test_a_memory_that_cannot_be_read_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "sessions.json").write_text(text)
    memory = Memory(tmp_path)
    with Tape(refund_run(tmp_path / "run.msgpack")) as tape:
        assert memory.place(tape) == 0
        memory.leave(tape, 3)
        memory.save()
        assert Memory(tmp_path).place(tape) == 3


def test_two_sessions_do_not_forget_for_each_other(tmp_path: Path) -> None:
    one, other = Memory(tmp_path / "state"), Memory(tmp_path / "state")
    first = Tape(refund_run(tmp_path / "a.msgpack"))
    second = Tape(refund_run(tmp_path / "b.msgpack"))
    one.leave(first, 3)
    other.leave(second, 5)
    one.save()
    other.save()
    kept = Memory(tmp_path / "state")
    assert (kept.place(first), kept.place(second)) == (3, 5)
    assert (tmp_path / "state" / "sessions.json").stat().st_mode & 0o777 == 0o600


def test_the_memory_is_bounded(tmp_path: Path) -> None:
    places = {f"/tapes/{number}": {"step": 1} for number in range(2 * MOST)}
    (tmp_path / "sessions.json").write_text(json.dumps({"places": places}))
    Memory(tmp_path).save()
    assert len(json.loads((tmp_path / "sessions.json").read_text())["places"]) == MOST


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    memory = Memory(tmp_path / "state")
    memory.save()
    assert (tmp_path / "state").read_text() == "a file"


# First keys


async def test_first_keys_are_shown_take_no_key_and_go_away(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "first keys" in shown(pilot)
        assert "q quit" in shown(pilot)
        screen = await press(pilot, *"jjjj")
        assert screen.session.cursor == 5
        assert "first keys" in shown(pilot)
        await press(pilot, *"jjjj")
        assert "first keys" not in shown(pilot)
    app.remember()
    for _ in range(3):
        app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            seen = "first keys" in shown(pilot)
            await pilot.click("FirstSteps") if seen else None
            await settle(pilot)
            assert "first keys" not in shown(pilot)
        app.remember()
    assert not seen


async def test_first_keys_leave_a_low_terminal_alone(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    app = DebuggerApp(Tape(path), memory=Memory(tmp_path))
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        assert "first keys" not in shown(pilot)
        assert "step 1/13" in shown(pilot)
