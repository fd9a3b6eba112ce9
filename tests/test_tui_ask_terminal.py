"""The main keys of asking in a real terminal, on a run that would take the terminal over."""

from __future__ import annotations

import os
from pathlib import Path

from test_tui_terminal import Terminal
from tui_tapes import HOSTILE, hostile_run, refund_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.beside import Beside, Breakpoint

LIMIT = 60.0


def keys(terminal: Terminal, typed: str, until: str) -> None:
    """Type, and wait until something stands on the screen."""
    os.write(terminal._side, typed.encode())
    seen = terminal.read(until=until.encode(), limit=LIMIT)
    assert until in seen.decode("utf-8", "replace"), f"{until} did not come after {typed}"


def test_asking_by_keys(tmp_path: Path) -> None:
    terminal = Terminal(refund_run(tmp_path / "run.msgpack"), 80, 24)
    try:
        terminal.read(until=b"step ", limit=LIMIT)
        keys(terminal, '&tool == "refund"\r', "2 of 13")
        keys(terminal, "j", "step 8/13")
        keys(terminal, "\x1b", "lookup_order {")
        keys(terminal, "b", "breakpoint 1 on step 8")
        keys(terminal, "G", "step 13/13")
        keys(terminal, "C", "breakpoint 1 · step 8")
        keys(terminal, "mx", "marked step 8 as x")
        keys(terminal, "warguments.amount\r", "watching arguments.amount")
        keys(terminal, "*", "480 → 24")
        keys(terminal, "#", "first 480")
        keys(terminal, "V", "2 changes")
        keys(terminal, "q", "step 8/13")
        keys(terminal, ":origin A-1009\r", "entered at step 4 as a user message")
        keys(terminal, "\r", "step 4/13")
        keys(terminal, "ahello there\r", "a note on step 4")
        keys(terminal, ":@1m\r", "step 13/13")
        keys(terminal, "'x", "step 8/13")
        os.write(terminal._side, b"q")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
    assert b"Traceback" not in terminal.seen
    kept = Beside(Tape(str(tmp_path / "run.msgpack")))
    assert (kept.marks, kept.notes) == ({"x": 8}, {4: "hello there"})


def test_nothing_is_obeyed_in_the_lists(tmp_path: Path) -> None:
    path = hostile_run(tmp_path / "run.msgpack")
    bad = HOSTILE.replace("\ud800", "")
    kept = Beside(Tape(path))
    kept.marks |= {"\x9b": 1, "\x1b": 2}
    kept.notes |= {1: bad, 2: bad}
    kept.breakpoints += [Breakpoint(2), Breakpoint(when=bad), Breakpoint(when='kind == "draw"')]
    kept.watches += ["value", "text", bad]
    kept.save()
    terminal = Terminal(path, 120, 40)
    try:
        terminal.read(until=b"step ", limit=LIMIT)
        keys(terminal, "B", "of 3 on")
        keys(terminal, "jj", "kind ==")
        keys(terminal, "q", "step 1/")
        keys(terminal, "V", "changes")
        keys(terminal, "]", "text")
        keys(terminal, "q", "step 1/")
        keys(terminal, ":marks\r", "marks and notes")
        keys(terminal, "j", "step 2")
        keys(terminal, "q", "step 1/")
        keys(terminal, ":origin nope\r", "entered at step")
        keys(terminal, "G", "place")
        keys(terminal, "\r", "step ")
        keys(terminal, '&value contains "nope"\r', "▽")
        keys(terminal, ":unfilter\r", "●")
        keys(terminal, "&n", "the step")
        keys(terminal, "\x1b", "exchange")
        os.write(terminal._side, b":quit\r")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
    shown = terminal.seen.decode("utf-8", "replace")
    assert "[@click" in shown
    assert b"\x1b]52" not in terminal.seen
    assert b"cHduZWQ=\x07" not in terminal.seen
    assert b"\x1b[2J" not in terminal.seen.partition(b"step ")[2]
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert b"Traceback" not in terminal.seen
