"""A comparison as Markdown, to be pasted into a pull request. Recorded text is only ever inside of
code, where nothing of it is obeyed."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from ..wire.visible import visible
from .comparison import Comparison, Row
from .report import BODIES
from .told import MARKS, News, Told, counted, figures, folded
from .totals import Totals
from .values import ABSENT, FieldChange
from .words import word_diff

MOST = 55_000
"""About as many characters; a comment of a pull request holds 65 536."""

SHOWN = 8
"""The most changes of a row that are shown."""

SHORT = 40
LABEL = 70
TEXT = 4000
"""The most characters of a text that are compared."""

AROUND = 24
"""How many characters stay around a difference in a line."""


def as_markdown(comparison: Comparison) -> str:
    """The report: totals, the final answers, and every row that differs."""
    a, b = (code(os.path.basename(tape.path)) for tape in (comparison.a, comparison.b))
    lines = [f"### {a} → {b}", "", _shape(comparison), ""]
    if not comparison.equal:
        lines += [*_totals(*comparison.totals, a, b), "", *_answers(*comparison.totals)]
        size = sum(map(len, lines))
        told = Told(comparison)
        rows = ((row, told.news(row)) for row in comparison.rows[comparison.shared_prefix :])
        for quiet, run in groupby(rows, key=lambda item: item[1] is None):
            for block in _blocks(told, list(run), quiet):
                size += sum(map(len, block)) + len(block)
                if size > MOST:
                    return "\n".join([*lines, "… cut here; `tracefork-tui diff` has the rest", ""])
                lines += block
        if not told.details.all_apart:
            lines.append(
                f"Requests beyond the first {BODIES >> 20} MiB were compared by hash only."
            )
    return "\n".join(lines).rstrip() + "\n"


def _shape(comparison: Comparison) -> str:
    shared = comparison.shared_prefix
    if comparison.equal:
        return f"Equal: {counted(shared, 'step')}, fingerprint {code(comparison.a.fingerprint)}."
    if not shared:
        return "They differ from the first step on."
    return f"Equal up to step {shared:,}, proven by their chains."


def _totals(a: Totals, b: Totals, left: str, right: str) -> Iterator[str]:
    yield f"| | {left} | {right} |"
    yield "|---|---:|---:|"
    for name, one, other in figures(a, b):
        bold = "**" if one != other else ""
        yield f"| {bold}{name}{bold} | {code(one)} | {code(other)} |"


def _answers(a: Totals, b: Totals) -> Iterator[str]:
    if a.answer == b.answer:
        yield "The final answer is the same." if a.answer else "Neither has a final answer."
    else:
        yield "**Final answer**"
        yield ""
        yield from _texts(a.answer, b.answer)
    yield ""


def _blocks(told: Told, run: list[tuple[Row, News | None]], quiet: bool) -> Iterator[list[str]]:
    if quiet:
        yield [f"… {folded([row for row, _ in run])} …", ""]
        return
    for row, news in run:
        yield [*_row(told, row, news or News()), ""]


def _row(told: Told, row: Row, news: News) -> Iterator[str]:
    left, right = told.details.labels(row, LABEL)
    names = [
        f"{n} {code(label, LABEL)}"
        for n, label in ((row.a, left), (row.b, right))
        if n is not None and label is not None
    ]
    both = " → ".join(names) if left != right or row.a != row.b else names[0]
    yield f"- `{MARKS[row.kind]}` {both}"
    for change in news.changes[:SHOWN]:
        yield ""
        yield from (f"  {line}".rstrip() for line in _change(change))
    left_out = len(news.changes[SHOWN:]) + news.left
    if left_out:
        yield ""
        yield f"  … {counted(left_out, 'more change')}"


def _change(change: FieldChange) -> Iterator[str]:
    path = code(change.path, 2 * LABEL)
    before, after = (_text(value) for value in (change.before, change.after))
    if change.before is ABSENT or change.after is ABSENT:
        word, text = ("added", after) if change.before is ABSENT else ("taken out", before)
        if len(text) <= SHORT and "\n" not in text:
            yield f"{path} {word}: {code(text)}"
        else:
            yield f"{path} {word}:"
            yield ""
            yield from fenced(text[:TEXT].split("\n"), "")
    elif max(len(before), len(after)) <= SHORT and "\n" not in before + after:
        yield f"{path}: {code(before)} → {code(after)}"
    else:
        yield f"{path}:"
        yield ""
        yield from _texts(before, after)


def _texts(before: str, after: str) -> Iterator[str]:
    """Line by line where there are lines, else with the words that differ marked as Git does."""
    before, after = before[:TEXT], after[:TEXT]
    if "\n" in before or "\n" in after:
        told = difflib.unified_diff(before.split("\n"), after.split("\n"), n=2, lineterm="")
        yield from fenced([line for line in list(told)[2:] if not line.startswith("@@")], "diff")
        return
    parts: list[str] = []
    segments = word_diff(before, after)
    for place, segment in enumerate(segments):
        text = segment.text
        if segment.op == "equal":
            head = text[:AROUND] if place else ""
            tail = text[-AROUND:] if place < len(segments) - 1 else ""
            long = len(text) > len(head) + len(tail) + 1
            parts.append(f"{head}…{tail}" if long else text)
        else:
            parts.append(f"[-{text}-]" if segment.op == "delete" else f"{{+{text}+}}")
    yield from fenced(["".join(parts)], "")


def _text(value: Any) -> str:
    if isinstance(value, str) or value is ABSENT:
        return "" if value is ABSENT else value
    try:
        return json.dumps(value, ensure_ascii=False, default=repr, indent=2)
    except (ValueError, RecursionError):
        return "(nested too deep to show)"


def code(text: str, most: int = 200) -> str:
    """A text as code on one line, which ends where it should whatever is in it."""
    line = visible(text[:most]) + ("…" if len(text) > most else "")
    line = line.replace("|", "\\|") or " "
    ticks = "`" * (_longest_ticks(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fenced(lines: list[str], language: str) -> list[str]:
    """Lines as a block of code."""
    shown = [visible(line) for line in lines]
    fence = "`" * max(3, _longest_ticks("\n".join(shown)) + 1)
    return [fence + language, *shown, fence]


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
