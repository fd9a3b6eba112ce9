"""What exchanges took, as figures and charts; and where the cached prompt broke."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, screen_of, settle, shown, until
from tui_talks import hostile_talks, sub_agents

from tracefork_tui import wire
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.caching import break_at
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.units import bars
from tracefork_tui.tui.views import build, views_of
from tracefork_tui.tui.views.cost import recent, tall


@pytest.fixture
def fixed_price(monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(model: str, usage: wire.Usage, provider: str = "") -> Decimal:
        fresh = (usage.input_tokens or 0) + 2 * (usage.cache_write_tokens or 0)
        return Decimal(10 * fresh + (usage.cache_read_tokens or 0)) / 1_000_000

    monkeypatch.setattr("tracefork_tui.wire.cost", cost)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(Tape(sub_agents(tmp_path / "run.msgpack")))


async def summed(pilot: Any) -> None:
    body = screen_of(pilot).body
    await until(pilot, lambda: "waited" in body.document.text, "the sums")
    await settle(pilot)


def page(reader: Reader, n: int) -> str:
    view = next(view for view in views_of(reader.step(n)) if view.name == "COST")
    return build(view, reader, n).text


def test_a_break_names_its_place_and_its_cost(reader: Reader, fixed_price: None) -> None:
    assert [n for n in range(1, 10) if reader.kind(n) == "exchange" and break_at(reader, n)] == [9]
    found = break_at(reader, 9)
    assert found is not None
    assert (found.before, found.held, found.read, found.marked) == (8, 3200, 0, True)
    assert found.change is not None
    assert found.change.path == "system"
    # 3200 tokens at 20 a million and not at 1
    assert found.cost == pytest.approx(3200 * 19 / 1_000_000)
    told = page(reader, 9)
    assert "✗ 3,200 cached tokens were not used again" in told
    assert "3,200 were in the cache after step 8, 0 were read" in told
    assert "− You are the support agent of Harbour & Hearth, a small shop" in told
    assert "+ You are the support agent of Harbour & Hearth, a tiny shop" in told
    assert "$0.0608 more" in told


def test_a_prompt_that_only_grew_is_no_break(reader: Reader) -> None:
    for n in (4, 6, 8):
        assert break_at(reader, n) is None
        assert "not used again" not in page(reader, n)


def test_charts(reader: Reader) -> None:
    measures = recent(reader, 9, 48)
    assert [one.n for one in measures] == [1, 2, 3, 4, 5, 6, 8, 9]
    told = page(reader, 9)
    assert "8 exchanges, step 1 to 9" in told
    assert "tokens read, at most" in told
    assert "put in the cache, at most 3,300, here 3,300" in told
    assert tall([0, 1, 2], 2) == ["  █", " ██"]
    assert tall([0, 0], 2) == []
    assert bars([0, 7, 14]) == "▁▄█"


def test_sums_wait_until_they_are_known(reader: Reader) -> None:
    assert "adding up" in page(reader, 9)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_pictures(
    snap_compare: Any, tmp_path: Path, size: tuple[int, int], fixed_price: None
) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.jump(9)
        screen.open_view("COST")
        await summed(pilot)

    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


async def test_the_sums_arrive(tmp_path: Path) -> None:
    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.jump(9)
        screen.open_view("COST")
        await summed(pilot)
        assert "8, 0 of them failed" in screen.body.document.text


async def test_hostile(tmp_path: Path) -> None:
    app = app_of(hostile_talks(tmp_path / "run.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.open_view("COST")
        for n in range(1, screen.session.count + 1):
            screen.jump(n)
            await settle(pilot)
            words = shown(pilot)
            assert not [c for c in words if unicodedata.category(c) == "Cc" and c != "\n"]
            assert "cannot be shown" not in words
