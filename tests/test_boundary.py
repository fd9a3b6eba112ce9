"""The boundary of a run: in `show`, in the receipt, before a replay, and in the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench
from tui_app import LARGE, SMALL, app_of, press, settle, shown
from tui_tapes import HOSTILE, Maker, refund_run

from tracefork_tui.replay.boundary import MEANING, NOT_AGAIN, boundary, summary
from tracefork_tui.replay.copying import touches
from tracefork_tui.tape import records
from tracefork_tui.tape.reader import Tape

SITE = ["agent.py:12 in save", "agent.py:31 in main"]


def run(path: Path) -> str:
    """A run with something on all three sides of its boundary."""
    made = Maker(path)
    for k in range(3):
        made.draw("time.time", "float", 1.5 + k)
    made.draw("uuid.uuid4", "uuid", "b4b3c1a0-0000-4000-8000-000000000000")
    tool = made.draw("tool charge", "value", "charged")
    ran = made.draw("tool ask", "ran", "yes", "agent.py:50 in ask")
    note = made.writer.note
    note(5, "code", {"what": "agent.py", "sha256": "ab"})
    note(6, "input", {"what": "prompt.txt", "sha256": "cd", "site": SITE})
    note(7, "file", {"what": "writes report.txt", "site": SITE})
    note(8, "file", {"what": "writes receipt.txt", "site": SITE, "within": tool})
    note(9, "file", {"what": "writes answer.txt", "site": SITE, "within": ran})
    note(10, "subprocess", {"what": "server.py", "site": SITE, "within": -1})
    note(11, "socket", {"what": "10.0.0.7:5432", "site": SITE})
    note(12, "unpatched", {"name": "grpc", "version": "1.70"})
    note(13, "divergence", {"message": f"a connection to {HOSTILE}", "site": SITE})
    made.writer.close()
    return made.path


def test_a_run_of_draws_that_names_a_source_it_has_none_of(tmp_path: Path) -> None:
    """As a forged tape may: what it does have is counted."""
    made = Maker(tmp_path / "run.msgpack")
    clock, name = made.draw("time.time", "float", 1.5), made.draw("uuid.uuid4", "uuid", "6f0c")
    with Tape(made.path) as tape:
        sources = [tape.head_of(n)[3:8] for n in (clock, name)]
    times = b"\x01" + bytes(8) + bytes(7)
    columns = [b"f\x01" + bytes(8) + bytes(7), b"m"]
    made.writer._append([records.DRAWS, name + 1, 8, sources, bytes(8), times, columns])
    made.writer.close()
    with Tape(made.path) as tape:
        found = boundary(tape)
    assert next(summary(found)) == "captured: 9 clock readings, 1 id"


def test_what_is_on_each_side(tmp_path: Path) -> None:
    with Tape(run(tmp_path / "run.msgpack")) as tape:
        found = boundary(tape)
        lines = list(summary(found))
        again = [one.what for one in found.named if one.again]
        clocks = next(one for one in found.captured if one.what == "clock reading")
        told = touches(tape)
    assert lines == [
        "captured: 3 clock readings, 2 tools, 1 id, 1 code file, 1 input file",
        "named: 3 × file, 1 × subprocess, 1 × connection outside the seam, "
        "1 × library outside the seam",
        "refused: 1",
    ]
    assert again == ["writes report.txt", "writes answer.txt"]
    assert told == [f"{what}  ({SITE[0]})" for what in again]
    assert [one.meaning for one in found.named if one.kind == "file"] == [
        MEANING["file"],
        NOT_AGAIN,
        MEANING["file"],
    ]
    assert (clocks.first, clocks.names) == (1, {"time.time": 3})
    assert clocks.sites == {"agent.py:40 in main": 3}


def test_show_and_the_receipt_tell_it(bench: Bench) -> None:
    bench.record(
        """
        import time
        from talk import say
        time.time(); time.time()
        open("x", "w").write("1")
        say("hello")
        """
    )
    out = bench.cli("show", "run.msgpack").out.splitlines()
    assert "captured: 2 clock readings, 2 code files, 1 request" in out
    assert "file: writes x  (agent.py:5 in <module>)" in out
    sides = bench.cli("show", "run.msgpack", "--json").json["boundary"]
    assert [one["what"] for one in sides["named"]] == ["writes x"]
    assert sides["named"][0]["again"] is True
    done = bench.replay()
    assert "it will touch this again: writes x" in done.err
    assert "not captured: file: writes x  (agent.py:5 in <module>)" in done.err


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_picture(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        await pilot.press("E")
        await settle(pilot)
        await pilot.press("j", "j")
        await settle(pilot)

    app = app_of(run(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


async def test_it_leads_to_the_first_step_and_back(tmp_path: Path) -> None:
    app = app_of(run(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press(*":boundary", "enter")
        await settle(pilot)
        assert "8 captured" in shown(pilot)
        assert "\x1b" not in shown(pilot)
        await pilot.press("G", "k", "k", "k")
        await settle(pilot)
        assert "▸ captured        2 tools" in shown(pilot)
        await pilot.press("enter")
        await settle(pilot)
        screen = await press(pilot)
        assert screen.session.cursor == 5


async def test_nothing_to_tell(tmp_path: Path) -> None:
    made = Maker(tmp_path / "run.msgpack")
    made.writer.close()
    async with app_of(made.path).run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("E")
        await settle(pilot)
        assert "Nothing crossed the boundary of this run." in shown(pilot)
        await pilot.press("q")
        await settle(pilot)


async def test_of_an_ordinary_run(tmp_path: Path) -> None:
    async with app_of(refund_run(tmp_path / "run.msgpack")).run_test(size=LARGE) as pilot:
        await settle(pilot)
        await pilot.press("E")
        await settle(pilot)
        assert "requests: POST api.anthropic.com/v1/messages" in shown(pilot)


def test_what_a_copy_does_not_keep_is_told(bench: Bench, tmp_path_factory: Any) -> None:
    place = tmp_path_factory.mktemp("elsewhere") / "notes.txt"
    bench.record(f"""
        import sqlite3
        from talk import say
        sqlite3.connect(":memory:").close()
        open("x", "w").write("1")
        open({str(place)!r}, "w").write("1")
        say("hello")
        """)
    outside = "writes notes.txt, outside of the working directory  (agent.py:6 in <module>)"
    inside = "writes x  (agent.py:5 in <module>)"
    told = [line for line in bench.replay().err.splitlines() if "it will touch" in line]
    assert told == [
        f"tracefork-tui: it will touch this again: {inside}; --in-copy runs it in a copy",
        f"tracefork-tui: it will touch this again: {outside}",
    ]
    copied = bench.replay("run.msgpack", "--in-copy").err
    assert [line for line in copied.splitlines() if "it will touch" in line] == told[1:]


def test_of_many_what_no_copy_keeps_is_told_first(bench: Bench, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "last.txt"
    bench.record(
        f"""
        from talk import say
        for name in [*map(str, range(60)), {str(elsewhere)!r}]:
            open(name, "w").close()
        say("many")
        """
    )
    told = [line for line in bench.replay().err.splitlines() if " again: " in line]
    assert len(told) == 41
    assert told[0].startswith("tracefork-tui: it will touch this again: writes last.txt, outside")
    assert told[-1] == "tracefork-tui: it will touch 21 more again: `show` tells them all"
