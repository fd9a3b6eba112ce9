"""Pictures of the main screen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, settle
from tui_tapes import Maker, refund_run, text

STEPS = {"json": 4, "retry": 6, "streamed": 8, "draw": 7, "error": 11, "tool_error": 10}
PARENT = {"parent": {"fingerprint": "ab" * 32, "step": 9}}


@pytest.fixture(autouse=True)
def fixed_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracefork_tui.wire.cost", lambda *_: Decimal("0.0125"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
@pytest.mark.parametrize("name", STEPS)
def test_step(snap_compare: Any, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(STEPS[name])
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_fork(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(9)
        await settle(pilot)

    path = tmp_path / "run.fork-1.msgpack"
    app = app_of(refund_run(path, PARENT, marks=True))
    assert snap_compare(app, terminal_size=size, run_before=go)


@pytest.mark.parametrize("view", ["DELTA", "REQUEST", "RESPONSE", "STREAM", "HEADERS"])
def test_view(snap_compare: Any, tmp_path: Path, view: str) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(8)
        pilot.app.screen.open_view(view)
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=SMALL, run_before=go)


def test_searching(snap_compare: Any, tmp_path: Path) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        await pilot.press(*"4G/mug")
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=SMALL, run_before=go)


def test_narrow(snap_compare: Any, tmp_path: Path) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(8)
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=(50, 30), run_before=go)


def test_damaged(snap_compare: Any, tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    run.say("Hello.")
    run.ask([text("Good day.")])
    size = Path(run.path).stat().st_size
    run.draw("uuid.uuid4", "uuid", "lost")
    run.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    data = bytearray(Path(run.close(sealed=False)).read_bytes())
    data[size + 12] ^= 0xFF
    Path(run.path).write_bytes(data)

    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(3)
        await settle(pilot)

    app = app_of(run.path)
    app.session.tape.damage[:] = ["the record does not match its checksum: 25 bytes are lost"]
    assert snap_compare(app, terminal_size=(130, 30), run_before=go)
