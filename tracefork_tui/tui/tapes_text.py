"""The tapes of a folder as plain lines, for where there is no terminal to open the debugger in."""

from __future__ import annotations

import shlex

from .family import Folder, Glance, Node, end_words, forest, glance, intervention
from .layout import cells
from .text import plain
from .units import size

HOW = (
    ("tracefork-tui record -o run.msgpack -- python my_agent.py", "records a run of your agent"),
    ("tracefork-tui demo -o demo.msgpack", "records the demo agent, without a key, and opens it"),
    ("tracefork-tui import SRC -o run.msgpack", "takes in another tool's recording"),
)


def lines(folder: Folder) -> list[str]:
    """One line a tape, forks below what they were forked from; how to record where there is
    none."""
    rows = [row for root in forest(folder).roots for row in _rows(root, "", "")]
    if not rows:
        how = [f"  {command:<58}{what}" for command, what in HOW]
        return [f"no tapes in {plain(folder.path)}; to have one:", *unread_lines(folder), *how]
    widths = [max(cells(row[column]) for row in rows) for column in range(4)]
    return [_line(row, widths) for row in rows] + unread_lines(folder)


def unread_lines(folder: Folder) -> list[str]:
    """The files that have a tape's name and are none."""
    return [
        f"{plain(name)}: not a tape that this release can read; "
        f"`tracefork-tui check {plain(shlex.quote(name))}` says why"
        for name in folder.unread
    ]


def _rows(node: Node, guides: str, below: str) -> list[tuple[str, str, str, str, str]]:
    seen = glance(node.tape) if node.tape else Glance()
    rows = [(guides + plain(node.name), *_facts(node, seen), _why(node))]
    for fork in node.forks:
        last = fork is node.forks[-1]
        mark, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
        rows += _rows(fork, below + mark, below + under)
    return rows


def _facts(node: Node, seen: Glance) -> tuple[str, str, str]:
    if node.tape is None:
        return "", "", "not in this folder"
    sign, words = end_words(seen)
    return f"{seen.steps:,} steps", size(node.tape.size), f"{sign} {words}"


def _why(node: Node) -> str:
    if not node.parent:
        return ""
    return plain(f"@{node.step} {intervention(node.parent)} · {node.parent.get('tail', '')}")


def _line(row: tuple[str, str, str, str, str], widths: list[int]) -> str:
    name, steps, bytes_, end, why = row
    pad = " " * (widths[0] - cells(name))
    gap = " " * (widths[3] - cells(end))
    return f"{name}{pad}  {steps:>{widths[1]}}  {bytes_:>{widths[2]}}  {end}{gap}  {why}".rstrip()
