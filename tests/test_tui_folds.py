"""Lines that fold: sections of a chat, trees of JSON, and the view's cursor over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from textual.app import App, ComposeResult
from tui_app import LARGE, SMALL, app_of, screen_of, settle
from tui_tapes import Maker, text

from tracefork_tui.tui.document import Document, Kind
from tracefork_tui.tui.views import tree
from tracefork_tui.tui.widgets.lineview import LineView

BODY = {"model": "m", "messages": [{"role": "user", "content": f"word {n}"} for n in range(2000)]}


def page_of(value: Any) -> Document:
    page = Document()
    tree.add_value(page, tree.parse(json.dumps(value)))
    return page


def sections() -> Document:
    page = Document()
    page.section("one", Kind.USER)
    page.add("a\nb\nc")
    page.section("two", Kind.USER)
    page.add("d")
    page.end_section()
    page.line("end")
    return page


def test_sections_fold_and_keep_their_text() -> None:
    page = sections()
    whole = page.text
    assert whole == "one\na\nb\nc\n\ntwo\nd\nend"
    assert page.head_of(2) == 0
    assert page.toggle(0)
    assert page.lines == ["one ⋯ 3 lines", "", "two", "d", "end"]
    assert page.text == whole
    assert not page.toggle(4)
    assert page.close_all()
    assert page.lines == ["one ⋯ 3 lines", "", "two ⋯ 1 line", "end"]
    assert not page.close_all()
    page.open_all()
    assert page.lines == whole.split("\n")


def test_a_match_opens_the_fold_it_is_in() -> None:
    page = sections()
    page.close_all()
    assert page.find("zzz", (0, -1)) is None
    assert page.lines[0] == "one ⋯ 3 lines"
    assert page.find("c", (0, -1)) == (3, 0)
    assert page.find("D", (0, -1)) is None
    page.close_all()
    assert page.find("d", (3, -1), way=-1) == (3, 2)
    assert page.find("d", (3, 2), way=-1) == (3, 0)
    assert page.lines[2:] == ["two", "d", "end"]


def test_a_large_value_is_made_into_lines_where_it_is_open() -> None:
    page = page_of(BODY)
    assert len(page.lines) < 410
    assert page.lines[:4] == [
        "{",
        '  "model": "m",',
        '  "messages": [',
        '    { "role": "user", "content": "word 0" },',
    ]
    page.toggle(3)
    assert page.lines[3:7] == [
        "    {",
        '      "role": "user",',
        '      "content": "word 0"',
        "    },",
    ]
    assert "… 1,600 more of 2,000" in page.lines[406]
    found = page.find("word 1999", (0, -1))
    assert found is not None
    assert '"content": "word 1999"' in page.lines[found[0]]


def test_a_tree_folds_to_its_first_level() -> None:
    page = page_of({"a": {"b": [1]}, "c": [2]})
    assert page.close_all()
    assert page.lines == ["{", '  "a": { "b": [ 1 ] },', '  "c": [ 2 ]', "}"]
    assert not page.close_all()


def test_numbers_and_members_are_shown_as_they_were_sent() -> None:
    page = Document()
    tree.add_value(page, tree.parse('{"a": 1.10, "a": 1e400, "b": 12345678901234567890, "c": {}}'))
    told = " ".join(page.text.split())
    assert told == '{ "a": 1.10, "a": 1e400, "b": 12345678901234567890, "c": {} }'


def test_a_text_of_several_lines_unfolds_into_them() -> None:
    page = page_of({"text": "one\ntwo"})
    whole = page.text
    assert page.lines[1] == '  "text": "one\\ntwo"'
    page.toggle(1)
    assert page.lines[1:4] == ['  "text": (2 lines)', "    one", "    two"]
    assert page.text == whole


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=40,
)


@settings(max_examples=60)
@given(VALUES, some.lists(some.integers(0, 60), max_size=12), some.text(max_size=3))
def test_folding_loses_nothing(value: Any, toggles: list[int], needle: str) -> None:
    page = page_of(value)
    whole = page.text
    page.close_all()
    for line in toggles:
        page.toggle(line)
    assert page.text == whole
    assert all(0 <= head + fold.size < len(page.lines) for head, fold in page.folds.items())
    if needle and not (set(needle) & set("{}[],… ")):
        held = needle in (whole if any(map(str.isupper, needle)) else whole.lower())
        found = page.find(needle, (0, -1))
        assert (found is not None) or not held
    page.open_all()
    page.close_all()
    assert page.text == whole


@pytest.fixture
def viewer() -> App[None]:
    class Viewer(App[None]):
        def compose(self) -> ComposeResult:
            yield LineView()

    return Viewer()


async def test_the_cursor_folds(viewer: App[None]) -> None:
    async with viewer.run_test(size=(60, 12)) as pilot:
        view = viewer.query_one(LineView)
        view.show(sections())
        view.focus()
        await pilot.press("down", "down", "enter")
        assert view.document.lines[0] == "one ⋯ 3 lines"
        assert view.cursor == 0
        await pilot.press("enter")
        assert view.document.lines[1] == "a"
        await pilot.click(LineView, offset=(0, 5))
        assert view.document.lines[5] == "two ⋯ 1 line"
        assert view.cursor == 5
        assert view.fold_all()
        assert not view.fold_all()
        assert len(view.document.lines) == 8


async def test_a_search_shows_what_is_folded(viewer: App[None]) -> None:
    async with viewer.run_test(size=(60, 12)) as pilot:
        view = viewer.query_one(LineView)
        view.show(page_of(BODY))
        view.needle = "word 1234"
        assert view.seek(1)
        await pilot.pause()
        assert "word 1234" in view.document.lines[view.cursor]
        assert view.scroll_offset.y > 1000


def long_talk(path: Path) -> str:
    run = Maker(path)
    for n in range(40):
        run.say(f"Question {n}: where is order A-{n:04d}?")
        run.messages.append({"role": "assistant", "content": [text(f"It is\non its way: {n}.")]})
    run.say("Thanks.")
    run.ask([text("You are welcome.")])
    return run.close()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_pictures(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.open_view("REQUEST")
        screen.body.focus()
        await settle(pilot)
        await pilot.press("F", "slash", *"on its way: 7", "enter")
        await settle(pilot)
        await pilot.press("space")
        await settle(pilot)

    assert snap_compare(
        app_of(long_talk(tmp_path / "run.msgpack")), terminal_size=size, run_before=go
    )
