"""What the screen of a comparison says about the two runs, in a line or a few words."""

from __future__ import annotations

from collections import Counter

from ..diff import Comparison, Totals
from ..diff.totals import outcome_text
from ..tape.steps import Outcome
from .folds import Lines
from .text import plain, short
from .units import count as short_count
from .views.changes import cost, duration

Half = tuple[str, str]


def heading(name: str, change: str) -> str:
    return f"{name} · {change}" if change else name


def shape(comparison: Comparison, lines: Lines) -> str:
    """How the runs compare, in numbers."""
    if comparison.equal:
        return f"equal: {comparison.shared_prefix:,} steps"
    kinds = Counter(lines.rows[position].kind for position in lines.changes)
    found = [f"{kinds[kind]:,} {kind}" for kind in ("changed", "added", "removed") if kinds[kind]]
    return f"{comparison.shared_prefix:,} steps shared, then {', '.join(found) or 'nothing'}"


def sign_of(outcome: Outcome | None) -> str:
    if outcome is None:
        return "?"
    bad = outcome.signal is not None or outcome.exit_code or outcome.exception
    return "✗" if bad else "✓"


def ended_so(outcome: Outcome | None, *more: str) -> str:
    """How a run ended, with its sign; `more` is told before the exception, which may be long."""
    if outcome is None:
        return " · ".join(["✗ its end is not on the tape", *more])
    how = f"ended by {outcome.how}" if outcome.signal is not None else outcome.how
    parts = [f"{sign_of(outcome)} {how}", *more, outcome.exception]
    return " · ".join(part for part in parts if part)


def ended(totals: Totals) -> tuple[str, str]:
    """The line under a column: how the run ended and what it said last; and its colour."""
    sign = sign_of(totals.outcome)
    text = f"{sign} {plain(outcome_text(totals.outcome))}"
    answer = short(totals.answer, 120)
    part = {"✓": "came", "✗": "bad"}.get(sign, "dim")
    return f"{text} · {answer}" if answer else text, part


def sums(a: Totals, b: Totals) -> list[tuple[Half, Half]]:
    """Both runs in figures, in two lines a side."""
    return [
        ((counts(a), ""), (counts(b), "")),
        ((_spent(a), ""), (_spent(b), "")),
    ]


def counts(totals: Totals) -> str:
    read, written = short_count(totals.read_tokens), short_count(totals.output_tokens)
    steps = f"{totals.steps:,} step{'s' * (totals.steps != 1)}"
    return f"{steps} · {read} in, {written} out tokens"


def _spent(totals: Totals) -> str:
    end = f"{sign_of(totals.outcome)} {plain(outcome_text(totals.outcome))}"
    return f"{end} · {cost(totals)} · {duration(totals)}"
