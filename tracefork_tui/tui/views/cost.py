"""What an exchange took, beside the ones before it; and where the cached prompt broke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

from ..caching import LIVES, Break, break_at
from ..document import Document, Kind
from ..look import Reader
from ..rows import value_text
from ..totals import Measure, Spent, measure
from ..units import count, money, span
from .changes import ChangePage, compare_texts

CHARTED = 48
LISTED = 8
LOOK = 4 * CHARTED
LEVELS = 2
"""Lines that a chart is high."""

WIDEST = 4
"""The most cells that an exchange takes in a chart."""

WIDTHS = (7, 8, 8, 7, 9, 8)
NONE = "–"


def build(reader: Reader, n: int) -> Document:
    page = ChangePage()
    measures = recent(reader, n, CHARTED)
    if not measures or measures[-1].n != n:
        page.line("This exchange reported no tokens.", Kind.DIM)
    else:
        _broken(page, break_at(reader, n))
        _table(page, measures[-LISTED:])
    if measures:
        _charts(page, measures)
    spent = reader.totals.at(n) if reader.totals else None
    _so_far(page, spent)
    return page


def recent(reader: Reader, n: int, most: int) -> list[Measure]:
    """The last exchanges up to step `n` that reported tokens, oldest first."""
    found: list[Measure] = []
    at: int | None = n
    for _ in range(LOOK):
        if at is None or len(found) == most:
            break
        if reader.kind(at) == "exchange":
            try:
                one = measure(reader, at)
            except Exception:  # a damaged step tells nothing
                one = Measure(at)
            if one.context or one.output:
                found.append(one)
        at = reader.neighbour(at, -1)
    return found[::-1]


def _broken(page: ChangePage, found: Break | None) -> None:
    if found is None:
        return
    lost = found.held - found.read
    page.line(f"✗ {count(lost)} cached tokens were not used again", Kind.ERROR)
    told = f"  {found.held:,} were in the cache after step {found.before}, {found.read:,} were read"
    page.line(told)
    if found.cost is not None:
        page.line(f"  that cost {money(found.cost)} more than reading them from the cache")
    change = found.change
    if change is not None:
        page.line(f"  the prompt differs from step {found.before} on at:")
        page.line(f"  {change.path}", Kind.HEADING)
        before, after = (value_text(value, 2) for value in (change.before, change.after))
        compare_texts(page, before, after)
    else:
        page.line(f"  {_why(found)}")
    page.line("")


def _why(found: Break) -> str:
    """What is known of a break where the prompt begins as it did."""
    if not found.marked:
        return "the prompt is the same up to there; this request has no cache_control mark"
    if found.gap is not None and found.gap > LIVES:
        return f"the prompt is the same up to there; {span(found.gap)} lay between"
    return "the prompt is the same up to there; why it was not in the cache is not on the tape"


def _table(page: Document, measures: Sequence[Measure]) -> None:
    page.line(_row("step", "read", "cached", "out", "cost", "time"), Kind.DIM)
    for one in measures:
        tokens = count(one.context), count(one.read), count(one.output)
        row = _row(str(one.n), *tokens, _money(one), _time(one))
        page.line(row, Kind.TEXT if one is measures[-1] else Kind.DIM)


def _row(*cells: str) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def _money(one: Measure) -> str:
    return NONE if one.unpriced or isnan(one.cost) else money(one.cost)


def _time(one: Measure) -> str:
    return NONE if isnan(one.latency) else span(one.latency)


CHARTS: tuple[tuple[str, Callable[[Measure], float], Callable[[float], str]], ...] = (
    ("tokens read", lambda one: one.context, lambda top: count(int(top))),
    ("of them from the cache", lambda one: one.read, lambda top: count(int(top))),
    ("put in the cache", lambda one: one.write, lambda top: count(int(top))),
    ("tokens written", lambda one: one.output, lambda top: count(int(top))),
    ("cost", lambda one: 0 if one.unpriced else one.cost, money),
    ("time", lambda one: 0 if isnan(one.latency) else one.latency, span),
)


def _charts(page: Document, measures: Sequence[Measure]) -> None:
    """One bar an exchange; a chart of which nothing is known is left out."""
    first, last = measures[0].n, measures[-1].n
    page.heading(f"{len(measures)} exchanges, step {first:,} to {last:,}")
    for name, value, words in CHARTS:
        values = [value(one) for one in measures]
        if not any(values):
            continue
        top = max(values)
        page.line(f"{name}, at most {words(top)}, here {words(values[-1])}", Kind.DIM)
        wide = max(1, min(WIDEST, CHARTED // len(values)))
        for row in tall([value for value in values for _ in range(wide)], LEVELS):
            page.marks[len(page.lines)] = [(0, len(row), "code")]
            page.line(row)


def tall(values: Sequence[float], height: int) -> list[str]:
    """A chart of bars, from zero to the largest value, so many lines high; top line first."""
    top = max(values, default=0)
    if top <= 0:
        return []
    eighths = [max(1, round(value / top * height * 8)) if value > 0 else 0 for value in values]
    return [
        "".join(" ▁▂▃▄▅▆▇█"[min(8, max(0, one - 8 * level))] for one in eighths)
        for level in reversed(range(height))
    ]


def _so_far(page: Document, spent: Spent | None) -> None:
    page.heading("Up to here")
    if spent is None:
        page.line("adding up …", Kind.DIM)
        return
    page.field("exchanges", f"{spent.exchanges:,}, {spent.errors:,} of them failed")
    page.field("tokens read", f"{spent.context:,}")
    page.field("from cache", f"{spent.read:,}")
    page.field("into cache", f"{spent.write:,}")
    page.field("written", f"{spent.output:,}")
    unknown = f" and {spent.unpriced:,} whose price is not known" if spent.unpriced else ""
    page.field("cost", f"{money(spent.cost)}{unknown}")
    if spent.waited:
        page.field("waited", f"{span(spent.waited)}, all exchanges together")
