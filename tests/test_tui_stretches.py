"""Runs of draws take one line of the timeline, and every draw can still be stood on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tui_app import LARGE, SMALL, app_of, press, settle, shown
from tui_tapes import Maker

from tracefork_tui.tape.columns import FLOATS
from tracefork_tui.tape.index import Index
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tui.lens import Lens


def many_draws(path: Path) -> str:
    """One draw, 9000 in three records, an exchange's request, one draw, 20 in one record."""
    made = Maker(path)
    made.draw("uuid.uuid4", "uuid", "6f0c")
    for count in (4000, 4000, 1000):
        quick(made, count)
    made.send(b"{}")
    made.draw("uuid.uuid4", "uuid", "6f0d")
    quick(made, 20)
    made.writer.close()
    seal(made.path, {"exit_code": 0}, made.now, b"secret").close()
    return made.path


def quick(made: Maker, count: int) -> None:
    tail = made.writer.tail(made.n + 1, 0)
    assert tail is not None
    source = tail.source(FLOATS, ["", ["agent.py:7 in poll"], 0, "time.time", "float"])
    for _ in range(count):
        made.n += 1
        made.now += 2
        tail.keep(source, FLOATS, made.now * 1000, 1763640251 + made.now / 1e6)
    made.writer.settle()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_the_timeline(tmp_path: Path, size: tuple[int, int]) -> None:
    async with app_of(many_draws(tmp_path / "run.msgpack")).run_test(size=size) as pilot:
        await settle(pilot)
        assert "×9000 time.time" in shown(pilot)
        assert "×20 time.time" in shown(pilot)
        assert "step 1/9023" in shown(pilot)
        for n in (2, 9002, 9003, 9004):
            screen = await press(pilot, "j")
            assert screen.session.cursor == n
        for n in (9003, 9002, 2, 1):
            screen = await press(pilot, "k")
            assert screen.session.cursor == n
        await press(pilot, "5", "0", "0", "G")
        assert "step 500/9023" in shown(pilot)
        assert "500" in next(line for line in shown(pilot).splitlines() if line.startswith("▸"))
        screen = await press(pilot, "j")
        assert screen.session.cursor == 501


def test_rows_and_steps() -> None:
    rng = random.Random(3)
    for _ in range(50):
        index, n = Index(), 0
        for _ in range(rng.randrange(1, 12)):
            count = rng.choice([1, 1, 3, 9, 40])
            index.add(2 if count > 1 else 7, n + 1, 50, count)
            n += count
        lens = Lens(lambda n=n: n, lambda index=index: index)  # type: ignore[misc]
        steps = [lens.step(row) for row in range(lens.height)]
        assert sum(lens.folded(step) for step in steps) == n
        assert [lens.row(step) for step in steps] == list(range(lens.height))
        for step in range(1, n + 1):
            row = lens.row(step)
            assert lens.step(row) <= step
            assert row + 1 == lens.height or step < lens.step(row + 1)
            lens.stand_on(step)
            assert lens.step(row) == step
            lens.stand_on(0)
        walked, at = [1], 1
        while (after := lens.moved(at, 1)) != at and after <= n:
            walked.append(after)
            at = after
        assert walked == steps


def test_a_million_draws_open_at_once(tmp_path: Path) -> None:
    """Nothing is kept of a run but its place: the index on the tape has one entry."""
    path = many_draws(tmp_path / "run.msgpack")
    with Tape(path) as tape:
        assert len(tape.index.counts) == 4
        assert len(tape.index.first) == 9023
        assert tape.steps[4321].value > 1763640251
