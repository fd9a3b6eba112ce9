"""The comparison and the tree in a real terminal: nothing that was recorded, and no file's name,
reaches it as control sequences."""

from __future__ import annotations

from pathlib import Path

from test_tui_terminal import Terminal
from tui_forks import parent, ticket_run
from tui_tapes import HOSTILE, hostile_run


def test_nothing_of_a_family_is_obeyed(tmp_path: Path) -> None:
    bad = HOSTILE.replace("\x00", "").replace("/", "∕").replace("\ud800", "")
    root = hostile_run(tmp_path / f"{bad[:70]}.msgpack")
    fork = tmp_path / "fork.msgpack"
    ticket_run(fork, 48, parent(root, 2, bad, bad, bad))
    terminal = Terminal(str(fork), 100, 30)
    try:
        terminal.read(until=b"step ")
        for keys in (b"t", b"g", b"m", b"d", b"F", b"g", *[b"j"] * 14, b"e", b"h", b"?", b"q"):
            terminal.type(keys)
        assert b"final answer" in terminal.seen
        for keys in (b"q", b"q", b"D", b"\r", b"q"):
            terminal.type(keys)
        terminal.type(b"q")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
    shown = terminal.seen.decode("utf-8", "replace")
    assert b"\x1b]52" not in terminal.seen
    assert b"cHduZWQ=\x07" not in terminal.seen
    assert b"\x1b[2J" not in terminal.seen.partition(b"step ")[2]
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert b"Traceback" not in terminal.seen
