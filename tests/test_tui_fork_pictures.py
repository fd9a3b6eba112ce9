"""Pictures of the form, the picker, a run and its report, on tapes that are always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, settle
from tui_tapes import refund_run

from tracefork_tui.tui.jobs import Order, Result
from tracefork_tui.tui.screens.asking import Ask, AskLive
from tracefork_tui.tui.screens.run import RunScreen

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
CALL, DRAW = 8, 1
PARENT = {"fingerprint": "ab" * 32, "step": CALL, "file": "run.msgpack"}
PRINTED = """\
T-2041  Mug arrived in two pieces
    lookup_order(A-1009)
    refund(A-1009, 48)
    -> [red]Refunded[/] $48.00
"""
FORKED = [
    "fork: refund.fork-1.msgpack",
    "  prefix        steps 1 to 7 proven",
    "  step 8        edited reply at step 8",
    "  tail          3 stale, 1 edited, 1 fault",
    "  outcome       exit code 0",
]
DIVERGED = [
    "replay: NOT PROVEN",
    "  exchanges     3 of 6",
    "  draws         4 of 7",
    "  request bodies 3 of 6 equal",
    "  leftovers     6",
    f"  recorded      {'1f' * 32}",
    f"  replayed      {'2e' * 32}",
    "  outcome       exit code 1 (recorded: exit code 0)",
    "  failed: the agent sent a request that the tape does not hold",
    "    nearest recording: step 8",
    "    it differs at messages[2].content[0].text",
    "      recorded  Ticket T-2041, opened 2025-11-20 12:04",
    "      replayed  Ticket T-2041, opened 2025-11-21 08:30",
    "    likely cause: clock; read the clock through time or datetime in your own code",
    "    asked for at agent.py:88 in ask",
    "  not captured: subprocess: git rev-parse HEAD  (agent.py:22 in main)",
]


class Shown:
    """A run that stands still where a picture is taken of it."""

    def __init__(self, out: str, order: Order, result: Result | None) -> None:
        self.order = order
        self.name = "refund.msgpack"
        self.out = out
        self._result = result

    def begin(self) -> None:
        pass

    def running(self) -> bool:
        return self._result is None

    def stop(self) -> None:
        self._result = Result(False, [])

    def finish(self) -> Result:
        assert self._result is not None
        return self._result

    def printed(self) -> str:
        return PRINTED


def still() -> float:
    return 0.0


def no_blinking(app: Any) -> None:
    for widget in app.screen.query("Input, TextArea"):
        widget.cursor_blink = False


@SIZES
@pytest.mark.parametrize(("keys", "step"), [("f", CALL), ("f", DRAW), ("i", CALL), ("i", DRAW)])
def test_form(
    snap_compare: Any, tmp_path: Path, size: tuple[int, int], keys: str, step: int
) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(step)
        await settle(pilot)
        await pilot.press(keys)
        await settle(pilot)
        no_blinking(pilot.app)
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


def test_form_refused(snap_compare: Any, tmp_path: Path) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(CALL)
        await settle(pilot)
        await pilot.press("f")
        await settle(pilot)
        no_blinking(pilot.app)
        pilot.app.focused.text = '{"amount": 48'
        await pilot.press("ctrl+s")
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=SMALL, run_before=go)


@pytest.mark.parametrize("typed", ["time", "tool_e"])
def test_picker_filtered(snap_compare: Any, tmp_path: Path, typed: str) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        pilot.app.screen.jump(CALL)
        await settle(pilot)
        await pilot.press("i")
        await settle(pilot)
        no_blinking(pilot.app)
        await pilot.press(*typed)
        await settle(pilot)

    app = app_of(refund_run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=SMALL, run_before=go)


@SIZES
@pytest.mark.parametrize("ends", ["going on", "forked", "diverged"])
def test_run(snap_compare: Any, tmp_path: Path, size: tuple[int, int], ends: str) -> None:
    parent = refund_run(tmp_path / "refund.msgpack")
    header = {"parent": PARENT} if ends != "diverged" else {}
    child = refund_run(tmp_path / "child.msgpack", header, marks=ends != "diverged", sealed=False)
    order = Order() if ends == "diverged" else Order(CALL)
    result = {
        "going on": None,
        "forked": Result(True, FORKED),
        "diverged": Result(False, DIVERGED, "", "NOT PROVEN"),
    }[ends]
    app = app_of(parent)

    async def go(pilot: Any) -> None:
        await settle(pilot)
        job = Shown(child, order, result)
        pilot.app.push_screen(RunScreen(job, pilot.app.session, still))
        await settle(pilot, rounds=12)

    assert snap_compare(app, terminal_size=size, run_before=go)


class Costs:
    calls, cost, target = 9, 0.0431, "https://api.anthropic.com/v1/messages"
    differs = ("ANTHROPIC_BASE_URL",)


@pytest.mark.parametrize("which", ["trust", "live"])
def test_question(snap_compare: Any, tmp_path: Path, which: str) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))

    async def go(pilot: Any) -> None:
        await settle(pilot)
        if which == "live":
            costs: Any = Costs()
            pilot.app.push_screen(AskLive(costs))
        else:
            pilot.app.push_screen(Ask("Run this tape's command?", ["[/nope] python agent.py"]))
        await settle(pilot)

    assert snap_compare(app, terminal_size=SMALL, run_before=go)
