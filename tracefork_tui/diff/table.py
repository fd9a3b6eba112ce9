"""A comparison as plain text, two columns side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import groupby, zip_longest
from typing import Any

from rich.cells import cell_len, set_cell_size

from ..wire.visible import visible
from .comparison import Comparison, Row
from .report import BODIES
from .told import MARKS, News, Told, counted, figures, folded
from .totals import Totals
from .values import ABSENT, FieldChange

SHOWN = 4
"""The most changes of a row that are shown."""

ANSWER_LINES = 40
"""The most lines of a final answer that are shown."""

NARROWEST = 60


def as_text(comparison: Comparison, width: int = 100) -> str:
    """The table of `diff`: equal runs folded, what changed, answers and totals side by side.

    A step whose changes were all shown above (a reply that later requests repeat) is folded.
    """
    width = max(width, NARROWEST)
    column = (width - 4) // 2
    lines = [_columns(" ", *_names(comparison.a.path, comparison.b.path), column)]
    lines.extend(_steps(comparison, column, width))
    if not comparison.equal:
        lines.extend(["", *_sums(*comparison.totals, column)])
    return "\n".join(cut(line, width).rstrip() for line in lines) + "\n"


def _names(a: str, b: str) -> tuple[str, str]:
    names = os.path.basename(a), os.path.basename(b)
    return names if names[0] != names[1] else (a, b)


def _steps(comparison: Comparison, column: int, width: int) -> Iterator[str]:
    shared = comparison.shared_prefix
    if comparison.equal:
        yield f"  equal: {counted(shared, 'step')}, fingerprint {comparison.a.fingerprint}"
        return
    if shared:
        yield f"  … {counted(shared, 'equal step')} (1–{shared}), proven by their chains …"
    told = Told(comparison)
    rows = ((row, told.news(row)) for row in comparison.rows[shared:])
    for quiet, run in groupby(rows, key=lambda item: item[1] is None):
        if quiet:
            yield f"  … {folded([row for row, _ in run])} …"
            continue
        for row, news in run:
            yield _columns(MARKS[row.kind], *_labels(told, row, column - 5), column)
            yield from _lines(news or News(), width)
    if not told.details.all_apart:
        yield f"  requests beyond the first {BODIES >> 20} MiB were compared by hash only"


def _labels(told: Told, row: Row, room: int) -> tuple[str, str]:
    left, right = told.details.labels(row, room)
    return (
        "" if left is None else f"{row.a:>4} {left}",
        "" if right is None else f"{row.b:>4} {right}",
    )


def _lines(news: News, width: int) -> Iterator[str]:
    """What a row changes, its first changes in a line each."""
    yield from (_change(change, width) for change in news.changes[:SHOWN])
    left = len(news.changes[SHOWN:]) + news.left
    if left:
        yield f"       … {counted(left, 'more change')}"


def _change(change: FieldChange, width: int) -> str:
    path = f"       {_end(change.path, width // 2)}: "
    room = max(width - cell_len(path), 20)
    if change.before is ABSENT:
        return f"{path}+ {cut(_value(change.after), room - 2)}"
    if change.after is ABSENT:
        return f"{path}- {cut(_value(change.before), room - 2)}"
    before, after = _value(change.before), _value(change.after)
    fits = cell_len(before) + cell_len(after) <= room - 3
    start = 0 if fits else _difference(before, after)
    lead = "…" if start else ""
    left = cut(lead + before[start:], (room - 3) // 2)
    return f"{path}{left} → {cut(lead + after[start:], room - 3 - cell_len(left))}"


def _end(text: str, width: int) -> str:
    """The end of a text, which tells more of a path than its start."""
    return cut(visible(text)[::-1], width)[::-1]


def _difference(before: str, after: str) -> int:
    """Where to begin showing two long texts: shortly before they part."""
    pairs = enumerate(zip(before, after, strict=False))
    common = next((k for k, (x, y) in pairs if x != y), min(len(before), len(after)))
    return common - 12 if common > 24 else 0


def _value(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        return "(nested too deep to show)"


def _sums(a: Totals, b: Totals, column: int) -> Iterator[str]:
    if a.answer == b.answer:
        answer = _wrapped(a.answer, 2 * column + 1)
        yield "  final answer, the same in both" if a.answer else "  no final answer in either"
        yield from (f"    {line}" for line in answer)
    else:
        yield _columns(" ", "final answer", "final answer", column)
        left, right = _wrapped(a.answer, column - 2), _wrapped(b.answer, column - 2)
        for one, other in zip_longest(left, right, fillvalue=""):
            yield _columns(" ", f"  {one}", f"  {other}", column)
    yield ""
    for name, one, other in figures(a, b):
        yield _columns(" " if one == other else "~", f"{name:<18}{one}", other, column)


def _columns(mark: str, left: str, right: str, column: int) -> str:
    return f"{mark} {set_cell_size(cut(left, column), column)}  {cut(right, column)}"


def cut(text: str, width: int) -> str:
    """The text on one line, harmless, no wider than `width` cells."""
    line = visible(text[: 4 * width])
    if len(text) <= 4 * width and cell_len(line) <= width:
        return line
    return set_cell_size(line, width - 1).rstrip() + "…" if width > 1 else "…"


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, the first ANSWER_LINES of them."""
    lines: list[str] = []
    most = ANSWER_LINES * width
    for paragraph in text[:most].split("\n"):
        line = ""
        for word in visible(paragraph).split(" "):
            joined = f"{line} {word}" if line else word
            if line and cell_len(joined) > width:
                lines.append(line)
                joined = word
            while cell_len(joined) > width:
                head = set_cell_size(joined, width).rstrip()
                lines.append(head)
                joined = joined[len(head) :]
            line = joined
        lines.append(line)
    if len(lines) > ANSWER_LINES or len(text) > most:
        return [*lines[:ANSWER_LINES], "… cut here; `show` has the whole text"]
    return lines
