"""What the list of steps tells of calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from tui_app import LARGE, SMALL, app_of, settle, shown
from tui_tapes import HOSTILE, Maker, call, result, text

from tracefork_tui.interop import steps_text
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.layout import cells
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.rows import beside, is_bad, row_of
from tracefork_tui.tui.widgets.steprow import middle, said

GUIDE = "https://shop.example/guides/returns/"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """An agent that reads one guide page after page; a call between is no model's."""
    run = Maker(tmp_path / "run.msgpack")
    run.say("What is the policy?")
    for page in range(1, 5):
        run.ask([call(f"toolu_{page}", "read_page", url=f"{GUIDE}{page}", section="policy")])
        run.say(result(f"toolu_{page}", "…"))
    n = run.send(b"{}", "https://logs.example.com/v2/projects/41/batches")
    run.answer(n, 202, [], [])
    run.ask([call("toolu_8", "find", words="refund"), call("toolu_9", "find", words="exchange")])
    run.ask([text("30 days.")])
    return run.close()


def told(reader: Reader, n: int, room: int) -> str:
    text = said(beside(reader, row_of(reader, n)), room)
    assert cells(text) <= room
    return text


def test_rows_of_one_tool_are_told_apart(path: str) -> None:
    reader = Reader(Tape(path))
    assert [told(reader, n, 24) for n in (1, 2, 3, 4)] == [
        f"→ read_page(…returns/{page} …" for page in (1, 2, 3, 4)
    ]
    assert told(reader, 2, 90) == f"→ read_page({GUIDE}2, policy)"
    assert told(reader, 5, 24) == "202 POST …/41/batches"
    assert told(reader, 6, 40) == "→ find ×2(refund; exchange)"
    assert told(reader, 7, 24) == "30 days."


def test_draws_that_are_calls(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    for page in ("returns", "repairs"):
        run.n += 1
        given = {"url": f"{GUIDE}{page}", "section": "policy"}
        value = {"title": page.title(), "text": "Thirty days."}
        kept = bytes(32), given
        run.writer.draw(run.n, run.now, "", [], 0, "read_page", "json", value, kept)
    reader = Reader(Tape(run.close()))
    assert told(reader, 1, 90) == f"read_page({GUIDE}returns, policy) {{Returns, Thirty days.}}"
    assert told(reader, 1, 24) == "read_page(…retu… {Retur…"
    assert told(reader, 2, 24) == "read_page(…repa… {Repai…"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_the_list_shows_them(path: str, size: tuple[int, int]) -> None:
    async with app_of(path).run_test(size=size) as pilot:
        await settle(pilot)
        lines = shown(pilot).splitlines()
        for page in (1, 2, 3, 4):
            assert f"returns/{page}" in lines[page].split("│")[0]
        timeline = pilot.app.screen.query_one("#timeline")
        loud, quiet = (
            next(piece for piece in timeline.render_line(1) if words in piece.text)
            for words in ("read_page", "returns")
        )
        assert loud.style
        assert quiet.style
        assert loud.style.color != quiet.style.color


def test_hostile_calls_are_harmless_and_fit(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    bad = HOSTILE.replace("\ud800", "")
    run.ask([call("toolu_1", bad, **{bad: bad, "more": [bad, {bad: bad}]})])
    run.ask(
        [call("toolu_2", bad, **{bad: f"{bad} and more"}), call("toolu_3", "漢字" * 40, a="漢")]
    )
    reader = Reader(Tape(run.close()))
    for n in (1, 2):
        for room in range(91):
            text = told(reader, n, room)
            assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066" for c in text)
        assert not is_bad(reader, n)


def test_names_keep_both_ends() -> None:
    name = "customer-support_72fceb01-b0ab-4bef.eval-12.msgpack"
    assert middle(name, 60) == name
    assert middle(name, 30) == "customer-suppo…eval-12.msgpack"
    assert middle("漢字" * 20, 21).startswith("漢字漢字漢…")
    for room in range(60):
        assert cells(middle(name, room)) <= room
        assert cells(middle("漢字" * 20, room)) <= room


def test_the_table_fits_a_terminal(path: str) -> None:
    for width in (60, 80, 100, 140):
        lines = list(steps_text.table(Tape(path), width, whole_sites=False))[1:8]
        assert all(cells(line) <= width for line in lines)
        assert ("agent.py:88" in lines[0]) == (width > 60)
        assert ("in ask" in lines[0]) == (width >= 80)
    assert all("agent.py:88 in ask" in line for line in list(steps_text.table(Tape(path), 60))[1:8])
