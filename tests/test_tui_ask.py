"""Asking a run: filter, search, breakpoints, watches, marks and notes, the line over the run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown, until
from tui_tapes import Maker, long_run, refund_run, text

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.beside import Beside
from tracefork_tui.tui.moments import seconds, step_at
from tracefork_tui.tui.screens.breaks import BreaksScreen
from tracefork_tui.tui.screens.marks import MarksScreen
from tracefork_tui.tui.screens.watches import WatchesScreen
from tracefork_tui.tui.survey import scale

LAST = 13


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return refund_run(tmp_path / "run.msgpack")


@asynccontextmanager
async def opened(path: str, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def listed(pilot: Pilot[Any], key: str, kind: type[Any]) -> Any:
    """The list that a key opens."""
    await pilot.press(key)
    await settle(pilot)
    assert isinstance(pilot.app.screen, kind)
    return pilot.app.screen


async def typed(pilot: Pilot[Any], line: str) -> None:
    await pilot.press(*line, "enter")
    await settle(pilot)


# The filter


async def test_a_filter_lists_some_steps_and_moves_among_them(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        await typed(pilot, "&status == 200")
        lens = screen.session.lens
        assert lens.filter is not None
        assert list(lens.filter.numbers) == [4, 8, 10, 12]
        assert "▽ 4 of 13 status == 200" in shown(pilot)
        assert "∉ 1 ◇" in shown(pilot)  # the cursor's own step stays in sight
        assert "lookup_order {" not in shown(pilot)
        for key, step in (("j", 4), ("j", 8), ("G", 12), ("k", 10), ("g", 4), ("k", 4)):
            assert (await press(pilot, key)).session.cursor == step
        assert (await press(pilot, "2", "j")).session.cursor == 10
        assert (await press(pilot, "l")).session.cursor == 12
        assert (await press(pilot, "h", "h")).session.cursor == 8
        assert (await press(pilot, "6", "G")).session.cursor == 6
        assert "∉ 6 ● ✗ 529" in shown(pilot)
        await pilot.click("#timeline", offset=(6, 0))
        await settle(pilot)
        assert screen.session.cursor == 4
        await press(pilot, "escape")
        assert "▽" not in shown(pilot)
        assert "lookup_order {" in shown(pilot)


async def test_an_empty_filter_takes_it_away(tape: str) -> None:
    async with opened(tape) as pilot:
        await typed(pilot, ":filter status >= 400")
        assert "▽ 1 of 13" in shown(pilot)
        await press(pilot, "ampersand")
        assert "status >= 400" in shown(pilot).splitlines()[-1]  # there to be changed
        for _ in range(len("status >= 400")):
            await pilot.press("backspace")
        await press(pilot, "enter")
        assert "▽" not in shown(pilot)
        await typed(pilot, ":filter n < 3")
        await typed(pilot, ":unfilter")
        assert "▽" not in shown(pilot)


async def test_a_filter_over_many_steps_is_shown_and_ended(tmp_path: Path) -> None:
    async with opened(long_run(tmp_path / "long.msgpack", 3000)) as pilot:
        screen = screen_of(pilot)
        with screen.session.background():  # nobody reads on: the work stands still
            screen.sieve.put("status >= 400")
            found = screen.session.lens.filter
            assert found is not None
            await until(pilot, lambda: "▽ 0 … 0 %" in shown(pilot))
            await pilot.press("escape")
        await until(pilot, lambda: "▽ 0 in 1–0" in shown(pilot))
        assert not found.done
        await typed(pilot, ":filter status >= 400")
        again = screen.session.lens.filter
        assert again is not None
        assert list(again.numbers) == [1000, 2000, 3000]


async def test_a_filter_follows_a_run(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    async with opened(run.path) as pilot:
        screen = screen_of(pilot)
        await typed(pilot, "&status == 200")
        found = screen.session.lens.filter
        assert found is not None
        run.say("Hello.")
        n = run.send(b"{}", "https://example.com/x")
        await until(pilot, lambda: screen.session.count == 2 and not found.running)
        assert list(found.numbers) == []  # it has no answer yet
        run.answer(n, 200, [], [b"fine"])
        await until(pilot, lambda: list(found.numbers) == [2])
        run.ask([text("First answer.")])
        await until(pilot, lambda: list(found.numbers) == [2, 3])
        run.writer.close()


# The line that is typed


async def test_mistakes_are_shown_at_their_place(tape: str) -> None:
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        await press(pilot, *"&tol == 3 ")
        lines = shown(pilot).splitlines()
        assert lines[-1].startswith(" &tol == 3")
        assert lines[-2].startswith("  ▾▾▾ there is no field `tol`; did you mean `tool`?")
        await press(pilot, "enter")
        assert screen.session.lens.filter is None
        assert "did you mean" in shown(pilot)  # it waits to be mended
        for _ in range(len("tol == 3 ")):
            await pilot.press("backspace")
        await press(pilot, *'tool == "refund"', "enter")
        assert screen.session.lens.filter is not None
        assert list(screen.session.lens.filter.numbers) == [8, 10]


async def test_names_are_completed(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, *"&arg")
        assert "what a tool is called with" in shown(pilot)
        await press(pilot, "tab")
        assert shown(pilot).splitlines()[-1] == " &arguments"
        await press(pilot, *".am", "tab")
        assert shown(pilot).splitlines()[-1] == " &arguments.amount"
        await press(pilot, "escape")
        await press(pilot, *":unf", "tab")
        assert shown(pilot).splitlines()[-1] == " :unfilter"
        await press(pilot, "escape")
        await press(pilot, *":watch sta")
        assert "the HTTP status" in shown(pilot)
        await press(pilot, "tab", "tab", "shift+tab")
        assert shown(pilot).splitlines()[-1] == " :watch stack"


async def test_the_mouse_completes_and_opens(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, *"&sta")
        lines = shown(pilot).splitlines()
        await pilot.click(offset=(3, next(y for y, one in enumerate(lines) if " status " in one)))
        await settle(pilot)
        assert shown(pilot).splitlines()[-1] == " &status"
        await press(pilot, *" == 200", "enter")
        assert "▽ 4 of 13" in shown(pilot)
        await pilot.click("#filter")
        await settle(pilot)
        assert shown(pilot).splitlines()[-1] == " &status == 200"
        await press(pilot, "escape")
        await typed(pilot, "wtool")
        await pilot.click("#watched")
        await settle(pilot)
        assert isinstance(pilot.app.screen, WatchesScreen)


async def test_earlier_lines_come_back(tape: str) -> None:
    async with opened(tape) as pilot:
        await typed(pilot, "&n < 4")
        await typed(pilot, ":unfilter")
        await typed(pilot, "&n > 4")
        await typed(pilot, ":unfilter")
        await press(pilot, *"&x", "up")
        assert shown(pilot).splitlines()[-1] == " &n > 4"
        await press(pilot, "up", "up")
        assert shown(pilot).splitlines()[-1] == " &n < 4"
        await press(pilot, "down", "down")
        assert shown(pilot).splitlines()[-1] == " &x"


async def test_enter_waits_for_the_verdict(tape: str) -> None:
    async with opened(tape) as pilot:
        await pilot.press(*"&n == 7", "enter", "escape")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.is_running


# Search


async def test_search_for_an_expression(tape: str) -> None:
    async with opened(tape) as pilot:
        await typed(pilot, "/=status >= 400")
        assert screen_of(pilot).session.cursor == 6
        await press(pilot, "n")
        assert "status >= 400 is true of no step after this" in shown(pilot)
        await typed(pilot, ':/=tool == "refund"')
        assert screen_of(pilot).session.cursor == 8
        assert (await press(pilot, "n")).session.cursor == 10
        assert (await press(pilot, "N")).session.cursor == 8
        await typed(pilot, "/policy")
        assert screen_of(pilot).session.sought is None
        await press(pilot, *"/=tol ")
        assert "did you mean" in shown(pilot)


# Breakpoints


async def test_breakpoints_both_ways(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "c")
        assert "there is no breakpoint yet" in shown(pilot)
        await press(pilot, "5", "b", "9", "G", "b", "g")
        assert "  5■◇" in shown(pilot)
        assert (await press(pilot, "c")).session.cursor == 5
        assert "breakpoint 1" in shown(pilot)
        await typed(pilot, ':break tool == "refund"')
        assert (await press(pilot, "c")).session.cursor == 8
        assert 'breakpoint 3: tool == "refund"' in shown(pilot)
        assert (await press(pilot, "2", "c")).session.cursor == 10
        await press(pilot, "c")
        assert "no breakpoint is hit after this step" in shown(pilot)
        assert (await press(pilot, "C")).session.cursor == 9
        assert (await press(pilot, "2", "C")).session.cursor == 5
        await press(pilot, "b")
        assert "no breakpoint on step 5 any more" in shown(pilot)
        assert (await press(pilot, "ctrl+o")).session.cursor == 9
        for line in (":break 3", ":break 3", ':break tool == "refund"', ":break 99"):
            await typed(pilot, line)
        kept = screen_of(pilot).session.beside.breakpoints
        assert [(one.step, one.when) for one in kept] == [(9, ""), (0, 'tool == "refund"'), (3, "")]
        assert "there is no step 99" in shown(pilot)


async def test_the_list_of_breakpoints(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "4", "b")
        await typed(pilot, ':break tool == "refund"')
        screen = await listed(pilot, "B", BreaksScreen)
        assert "■ on  1 hit          step 4" in shown(pilot)
        assert '■ on  2 hits         tool == "refund"' in shown(pilot)
        await pilot.press("j", "space")
        await settle(pilot)
        assert '□ off 2 hits         tool == "refund"' in shown(pilot)
        assert "    10  → refund" in shown(pilot)  # the hits are told below
        await pilot.press("n")
        await settle(pilot)
        assert screen.session.cursor == 8
        await pilot.press("k", "d")
        await settle(pilot)
        assert "step 4" not in shown(pilot)
        await pilot.press("q")
        await settle(pilot)
        await press(pilot, "g", "c")
        assert "all breakpoints are off" in shown(pilot)
        await listed(pilot, "B", BreaksScreen)
        await pilot.press("space", "enter")
        await settle(pilot)
        assert screen_of(pilot).session.cursor == 8


# Watches


async def test_a_watch_and_its_changes(tape: str) -> None:
    async with opened(tape, LARGE) as pilot:
        await press(pilot, "4", "G", "asterisk")
        assert "nothing is watched yet" in shown(pilot)
        await typed(pilot, "warguments.amount")
        assert "WATCH" in shown(pilot)
        assert "arguments.amount –" in shown(pilot)
        assert (await press(pilot, "asterisk")).session.cursor == 8
        assert "arguments.amount: first 480" in shown(pilot)
        assert (await press(pilot, "asterisk")).session.cursor == 10
        assert "arguments.amount: 480 → 24" in shown(pilot)
        await press(pilot, "asterisk")
        assert "no change after this step" in shown(pilot)
        await press(pilot, "G")
        assert "arguments.amount 24 @10" in shown(pilot)
        assert (await press(pilot, "2", "number_sign")).session.cursor == 8
        await typed(pilot, ":watch arguments.amount")
        assert len(screen_of(pilot).watching.watches) == 1


async def test_every_change_is_listed(tape: str) -> None:
    async with opened(tape) as pilot:
        await typed(pilot, "wtool")
        assert "◉ tool" in shown(pilot)  # below the view where there is no column
        await typed(pilot, "wstatus")
        await listed(pilot, "V", WatchesScreen)
        lines = [line.strip() for line in shown(pilot).splitlines()]
        assert [line.split()[-1] for line in lines[2:4]] == ["lookup_order", "refund"]
        assert [line.split()[-1] for line in lines[5:8]] == ["200", "529", "200"]
        await pilot.press("right_square_bracket", "j", "j")
        await settle(pilot)
        assert "− 200" in shown(pilot)
        assert "+ 529" in shown(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert screen_of(pilot).session.cursor == 6
        await listed(pilot, "V", WatchesScreen)
        await pilot.press("d")
        await settle(pilot)
        assert "tool" not in shown(pilot).splitlines()[1]
        await pilot.press("q")
        await settle(pilot)
        assert screen_of(pilot).session.beside.watches == ["status"]


async def test_a_draw_is_followed_without_a_watch(tape: str) -> None:
    async with opened(tape) as pilot:
        assert (await press(pilot, "asterisk")).session.cursor == 7
        await press(pilot, "asterisk")
        assert "no other value of time.time after this step" in shown(pilot)
        assert (await press(pilot, "number_sign")).session.cursor == 1


async def test_a_watch_follows_a_run(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.say("Hello.")
    run.ask([text("First answer.")])
    async with opened(run.path) as pilot:
        screen = screen_of(pilot)
        await typed(pilot, "wtext")
        (watch,) = screen.watching.watches
        assert [one.text for one in watch.changes] == ["First answer."]
        run.draw("uuid.uuid4", "uuid", "one")
        run.ask([text("First answer.")])
        run.ask([text("Second answer.")])
        await until(pilot, lambda: len(watch.changes) == 2)
        assert [(one.n, one.text) for one in watch.changes] == [
            (1, "First answer."),
            (4, "Second answer."),
        ]
        run.writer.close()


# Marks and notes


async def test_marks_and_notes_are_kept_beside_the_tape(tape: str) -> None:
    before = Path(tape).read_bytes()
    async with opened(tape) as pilot:
        await press(pilot, "8", "G", "m", "x")
        await typed(pilot, "ais this right?")
        await press(pilot, "4", "b")
        await typed(pilot, ":break status >= 400")
        await typed(pilot, "wtool")
        assert "✎ is this right?" in shown(pilot)
    assert Path(tape).read_bytes() == before
    kept = Path(tape + ".notes.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text())["marks"] == {"x": 8}
    async with opened(tape) as pilot:
        screen = screen_of(pilot)
        assert (await press(pilot, "g", "apostrophe", "x")).session.cursor == 8
        assert "✎ is this right?" in shown(pilot)
        assert "x 8 ● ✎ is this right?" in shown(pilot)
        assert (await press(pilot, "C")).session.cursor == 6
        assert (await press(pilot, "C")).session.cursor == 4
        assert [one.query.text for one in screen.watching.watches] == ["tool"]
        await press(pilot, "8", "G", "a", *["backspace"] * 20, "enter")
        assert "✎" not in shown(pilot)


async def test_the_list_of_marks(tape: str) -> None:
    async with opened(tape) as pilot:
        await press(pilot, "8", "G", "m", "x", "m", "y", "4", "G")
        await typed(pilot, "afirst")
        await pilot.press(*":marks", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, MarksScreen)
        lines = shown(pilot).splitlines()
        assert "4 ✎ first · → lookup_order" in lines[1]
        assert "xy        8 → refund" in lines[2]
        await pilot.press("j", "d", "enter")
        await settle(pilot)
        assert screen_of(pilot).session.cursor == 4
        assert screen_of(pilot).session.beside.marks == {}


async def test_another_tape_of_that_name_does_not_get_the_marks(tmp_path: Path) -> None:
    path = refund_run(tmp_path / "run.msgpack")
    kept = Beside(Tape(path))
    kept.marks["a"] = 3
    kept.watches.append("tool")
    kept.save()
    Path(path).unlink()
    refund_run(tmp_path / "run.msgpack", {"started": 5.0})
    other = Beside(Tape(path))
    assert other.foreign
    assert (other.marks, other.watches) == ({}, ["tool"])
    other.marks["b"] = 2
    other.save()
    assert json.loads(Path(f"{path}.notes.json.old").read_text())["marks"] == {"a": 3}
    assert Beside(Tape(path)).marks == {"b": 2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1]",
        '{"marks": 7, "notes": [1], "breakpoints": {"a": 1}, "watches": "x"}',
        '{"marks": {"ab": 1, "c": "x", "d": -1, "e": true}, "notes": {"x": "y", "1": 2}, '
        '"breakpoints": [1, {"step": 0}, {"when": 5}], "watches": [1, "", "a\\nb"]}',
        "[" * 100_000,
    ],
)
def test_nonsense_beside_a_tape_is_not_taken(tape: str, text: str) -> None:
    Path(tape + ".notes.json").write_text(text)
    kept = Beside(Tape(tape))
    assert (kept.marks, kept.notes, kept.breakpoints, kept.watches) == ({}, {}, [], [])


async def test_a_folder_that_cannot_be_written_is_told(
    tape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tape) as pilot:

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tracefork_tui.tui.beside.os.open", refuse)
        await press(pilot, "m", "a")
        assert "kept for this session only: Permission denied" in shown(pilot)
        assert (await press(pilot, "G", "apostrophe", "a")).session.cursor == 1


# Moving


async def test_going_to_a_moment(tape: str) -> None:
    lines = {":@0": 1, ":@1.5s": 8, ":@0:01": 8, ":@1h": LAST, ":goto 5": 5, ":goto +2": 7}
    async with opened(tape) as pilot:
        for line, step in lines.items():
            await typed(pilot, line)
            assert screen_of(pilot).session.cursor == step
        await typed(pilot, ":goto @x")
        assert "“@x” is no time" in shown(pilot)
        await typed(pilot, ":goto x")
        assert "“x” is no step" in shown(pilot)


def test_moments(tape: str) -> None:
    assert seconds("1m30s") == seconds("1:30") == seconds("90") == seconds("t+90s") == 90
    assert seconds("2h05m") == 7500
    assert seconds("250ms") == 0.25
    assert [seconds(text) for text in ("", "x", "1m30x", "-5", "9" * 30)] == [None] * 5
    run = Tape(tape)
    begun = [run.step(n).at for n in range(1, LAST + 1)]
    for moment in (0.0, 0.5, 0.905, 1.95, 9.0, *begun):
        last = max((n for n, at in enumerate(begun, 1) if at <= moment), default=1)
        assert step_at(run, moment) == last


async def test_the_same_tool_again(tape: str) -> None:
    async with opened(tape) as pilot:
        for keys, step in (("8G)", 10), ("10G(", 8), ("1G)", 7), ("4G)", 5), ("5G(", 4)):
            assert (await press(pilot, *keys)).session.cursor == step
        await press(pilot, *"1G2)")
        assert "no time.time after this step" in shown(pilot)


# The line over the run


async def test_the_line_over_the_run(tape: str) -> None:
    async with opened(tape, LARGE) as pilot:
        screen = screen_of(pilot)
        await press(pilot, "8", "G", "m", "x", "9", "b")
        signs, bars = shown(pilot).splitlines()[-3:-1]
        assert signs.replace(" ", "") == "✗x■✗"  # in the order of the run
        assert "4.55 s" not in signs
        assert bars.rstrip().endswith("· tokens") or bars.rstrip().endswith("· cost")
        await pilot.click("#scrubber", offset=(signs.index("■"), 0))
        await settle(pilot)
        assert screen.session.cursor == 9
        assert (await press(pilot, "ctrl+o")).session.cursor == 8
        await typed(pilot, ":scrubber")
        assert "· cost" not in shown(pilot)
        await typed(pilot, ":scrubber")
        assert shown(pilot).splitlines()[-3] == signs


def test_the_scale_reads_few_steps(tmp_path: Path) -> None:
    tape = Tape(long_run(tmp_path / "long.msgpack", 20_000))
    read: set[int] = set()
    real = tape.head_of
    tape.head_of = lambda n: read.add(n) or real(n)  # type: ignore[func-returns-value,method-assign]
    found = scale(tape, 60)
    assert len(read) < 60 * 20
    assert found.seconds is not None
    total = found.seconds
    for cell in range(60):
        first, end = found.span(cell)
        for n in {first, end - 1} if first < end else ():
            assert found.cell(n) == cell
            assert total * cell / 60 <= tape.step(n).at <= total * (cell + 1) / 60 + 1e-6


def test_a_tape_without_times_has_a_scale_of_steps(tmp_path: Path) -> None:
    header = {"imported": {"format": "x", "lacks": ["start times"]}}
    tape = Tape(refund_run(tmp_path / "run.msgpack", header))
    found = scale(tape, 4)
    assert found.seconds is None
    assert found.edges == [1, 4, 7, 10, 14]
    assert step_at(tape, 1.0) is None


async def test_the_line_shows_forks_and_follows_a_run(tmp_path: Path) -> None:
    root = refund_run(tmp_path / "run.msgpack")
    parent = {"fingerprint": Tape(root).fingerprint, "step": 8, "intervention": {}}
    refund_run(tmp_path / "run.fork-1.msgpack", {"parent": parent})
    async with opened(root, LARGE) as pilot:
        await until(pilot, lambda: "┬" in shown(pilot), "the fork's sign")
    run = Maker(tmp_path / "other.msgpack")
    run.say("Hello.")
    run.ask([text("First answer.")])
    async with opened(run.path, LARGE) as pilot:
        screen = screen_of(pilot)
        survey = screen.scrubbing.survey
        await until(pilot, lambda: survey.done)
        assert (survey.spent(1, 2) > 0, survey.spent(2, 9)) == (True, 0)
        n = run.send(b"{}", "https://example.com/x")
        run.fail(n, "ConnectError", "refused")
        run.ask([text("Second answer.")])
        await until(pilot, lambda: screen.scrubbing.survey.spent(3, 9) > 0)
        assert list(screen.scrubbing.survey.errors) == [2]
        await until(pilot, lambda: "✗" in shown(pilot).splitlines()[-3], "the error's sign")
        run.writer.close()
