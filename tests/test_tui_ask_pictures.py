"""Pictures of what asks a run: filter, breakpoints, watches, marks, origin, the typed line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_app import LARGE, SMALL, app_of, settle, until
from tui_tapes import refund_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.beside import Beside, Breakpoint

KEYS: dict[str, tuple[str, ...]] = {
    "main": ("8", "G"),
    "filter": (*":filter status != null", "enter", "j"),
    "typed": tuple(":break tol == 3 and sta"),
    "breakpoints": ("B", "j"),
    "watches": ("V", "j", "j"),
    "marks": (*":marks", "enter"),
    "origin": ("1", "0", "G", *":origin 480", "enter"),
}
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])


@pytest.fixture(autouse=True)
def fixed_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracefork_tui.wire.cost", lambda *_: Decimal("0.0125"))


@pytest.fixture
def tape(tmp_path: Path) -> str:
    """A run with something of everything beside it."""
    path = refund_run(tmp_path / "run.msgpack")
    kept = Beside(Tape(path))
    kept.marks |= {"a": 4, "b": 12}
    kept.notes[8] = "480 are cents, or are they?"
    kept.breakpoints += [
        Breakpoint(5),
        Breakpoint(when='tool == "refund"'),
        Breakpoint(when="status >= 400", enabled=False),
    ]
    kept.watches += ["arguments.amount", "output_tokens"]
    kept.save()
    return path


@SIZES
@pytest.mark.parametrize("name", KEYS)
def test_asking(snap_compare: Any, tape: str, name: str, size: tuple[int, int]) -> None:
    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press(*KEYS[name])
        trace = getattr(pilot.app.screen, "trace", None)
        if trace is not None:
            await until(pilot, lambda: trace.done)
        await settle(pilot)

    assert snap_compare(app_of(tape), terminal_size=size, run_before=go)
