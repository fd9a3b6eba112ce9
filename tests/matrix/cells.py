"""The published matrix: which cells there are, and whether each holds.

python -m tests.matrix.cells    prints the table
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import runs
from .server import Sent, Server

LIBRARIES = ("anthropic", "httpx", "httpx2")
MODES = ("sync", "async")
FLAVOURS = ("json", "helper", "raw")
BEHAVIOURS = (
    "plain",
    "sized",
    "limited",
    "overloaded",
    "rejected",
    "refused",
    "reset",
    "dropped",
    "cut",
    "timeout",
    "stalled",
    "redirect",
    "zipped",
    "garbled",
    "early",
)
ASYNC_ONLY = ("cancelled", "left")
CLOCKED = ("timeout", "stalled", "cancelled", "left")
PRINTED = "what it printed"  # compared cell by cell, less what a tape does not keep
HASTE = 0.3
LEISURE = 4.0


@dataclass
class Group:
    """All cells of a library and mode, as the three runs and the server saw them."""

    library: str
    mode: str
    names: list[str]
    bare: dict[str, Any]
    recorded: dict[str, Any]
    replayed: dict[str, Any]
    sent_bare: dict[str, Any]
    sent_recorded: dict[str, Any]
    receipt: Any
    codes: tuple[int, int, int]

    def faults(self) -> dict[str, str]:
        """What differs, by cell; and the whole group's exit codes and proof under ""."""
        wrong = {cell: what for cell in self.names if (what := self.verdict(cell))}
        receipt = self.receipt
        unproven = [line for line in receipt["unproven"] if not line.startswith(PRINTED)]
        if self.codes != (0, 0, 0) or not receipt["proven"] or unproven:
            wrong[""] = f"exit codes {self.codes}, {receipt['failures']}, {unproven}"
        return wrong

    def verdict(self, cell: str) -> str:
        """ "" where the cell holds, else what differs."""
        if self.bare.get(cell) is None:
            return "the bare agent did not come to it"
        if _placeless(self.bare[cell]) != _placeless(self.recorded.get(cell)):
            return _differ("the agent saw", self.bare[cell], self.recorded.get(cell))
        if self.sent_bare.get(cell) != self.sent_recorded.get(cell):
            return _differ("the server saw", self.sent_bare.get(cell), self.sent_recorded.get(cell))
        kept = _as_kept(self.recorded[cell])
        if kept != self.replayed.get(cell):
            return _differ("the replay saw", self.replayed.get(cell), kept)
        return ""


def cells(mode: str) -> list[str]:
    behaviours = BEHAVIOURS if mode == "sync" else BEHAVIOURS + ASYNC_ONLY
    return [f"{behaviour}.{flavour}" for behaviour in behaviours for flavour in FLAVOURS]


def faults(library: str, mode: str, folder: Path, python: str = sys.executable) -> dict[str, str]:
    """The cells of a group that do not hold, each with what differs.

    Where an agent runs out of patience, a busy machine decides what it has seen by then: such a
    cell that differs is run again, with more patience.
    """
    wrong = run(library, mode, cells(mode), HASTE, folder, python).faults()
    again = [cell for cell in wrong if cell.split(".")[0] in CLOCKED]
    if again:
        slowly = run(library, mode, again, LEISURE, folder, python).faults()
        wrong = {cell: what for cell, what in wrong.items() if cell not in again} | slowly
    return wrong


def run(
    library: str,
    mode: str,
    names: list[str],
    patience: float,
    folder: Path,
    python: str = sys.executable,
) -> Group:
    """Run a group bare, recorded and, with the server gone, replayed. `patience` in seconds."""
    tape = folder / f"{library}-{mode}-{patience}.msgpack"
    words = runs.command("cells.py", library, mode, *names, python=python)
    with Server() as server:
        where = {
            "ANTHROPIC_BASE_URL": server.url,
            "OPENAI_BASE_URL": server.refusing_url,
            "PATIENCE": str(patience),
        }
        bare = runs.bare(words, folder, **where)
        sent_bare = _by_cell(server.forget())
        recorded = runs.record(words, tape, folder, **where)
        sent_recorded = _by_cell(server.forget())
        server.stop()
        replayed, receipt = runs.replay(tape, folder, PATIENCE=str(patience))
    codes = (bare.code, recorded.code, replayed.code)
    return Group(
        library,
        mode,
        names,
        bare.said,
        recorded.said,
        replayed.said,
        sent_bare,
        sent_recorded,
        receipt,
        codes,
    )


def _placeless(account: Any) -> str:
    """Without the addresses of objects, which anyio puts into its messages."""
    return re.sub(r"cancel scope [0-9a-f]+", "cancel scope", json.dumps(account))


def _as_kept(account: Any) -> Any:
    """As the tape keeps it: cookies are credentials, and redacted."""
    text = json.dumps(account).replace("seen=1", "seen=[redacted]")
    return json.loads(text.replace('"seen": "1"', '"seen": "[redacted]"'))


def _by_cell(sent: list[Sent]) -> dict[str, Any]:
    """What the server was sent, a list for each cell; connections numbered within it."""
    found: dict[str, list[Any]] = defaultdict(list)
    numbers: dict[str, dict[int, int]] = defaultdict(dict)
    for one in sent:
        known = numbers[one.cell]
        number = known.setdefault(one.connection, len(known) + 1)
        found[one.cell].append(
            [number, one.line, one.headers, one.framing, one.body.hex(), one.after]
        )
    return dict(found)


def _differ(what: str, one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list):
        for a, b in zip(one, other, strict=False):
            if a != b:
                return f"{what}\n    {a}\n  not\n    {b}"
    return f"{what}\n    {one}\n  not\n    {other}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for library in LIBRARIES:
            for mode in MODES:
                group = run(library, mode, cells(mode), HASTE, Path(folder))
                proven = "proven" if group.receipt["proven"] else "NOT PROVEN"
                print(f"\n{library} {mode}: exit codes {group.codes}, replay {proven}")
                for line in group.receipt["failures"]:
                    print(f"  {line}")
                _table(group)


def _table(group: Group) -> None:
    names = cells(group.mode)
    width = max(len(name.split(".")[0]) for name in names)
    print(" " * width, *(f"{flavour:>8}" for flavour in FLAVOURS))
    wrong = []
    for start in range(0, len(names), len(FLAVOURS)):
        row = names[start : start + len(FLAVOURS)]
        verdicts = [group.verdict(cell) for cell in row]
        marks = (f"{'no' if verdict else 'yes':>8}" for verdict in verdicts)
        print(f"{row[0].split('.')[0]:{width}}", *marks)
        wrong += [f"{c}: {v}" for c, v in zip(row, verdicts, strict=True) if v]
    for line in wrong:
        print(line)


if __name__ == "__main__":
    main()
