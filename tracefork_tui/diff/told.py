"""What the reports of a comparison say, each change once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .comparison import Comparison, Row
from .fields import BY_HASH
from .report import Details
from .totals import Totals, outcome_text
from .values import FieldChange, spelled

MARKS = {"changed": "~", "added": "+", "removed": "-"}
TOKENS = {
    "read_tokens": "tokens read",
    "cache_read_tokens": "from cache",
    "cache_write_tokens": "into cache",
    "output_tokens": "tokens written",
}
QUIET = (".id", ".tool_use_id", ".tool_call_id", ".call_id", ".signature")
"""Ends of paths that change with every run; shown after all others."""


@dataclass(frozen=True)
class News:
    """The changes of a row that no row before it had; `left` more are not listed."""

    changes: Sequence[FieldChange] = field(default_factory=list)
    left: int = 0


class Told:
    """What was told so far."""

    def __init__(self, comparison: Comparison) -> None:
        self.details = Details(comparison)
        self._seen: set[int] = set()

    def news(self, row: Row) -> News | None:
        """What the row changes, None if nothing of it is new."""
        if row.kind == "same":
            return None
        changes = self.details.changes(row)
        new = [change for change in changes if self._is_new(change)]
        new.sort(key=lambda change: change.path.endswith(QUIET))
        if changes and not new and not changes.left:
            return None
        return News(new, changes.left)

    def _is_new(self, change: FieldChange) -> bool:
        if change.path == BY_HASH and not self.details.all_apart:
            return False
        key = hash((change.path, spelled(change.before), spelled(change.after)))
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def folded(rows: Sequence[Row]) -> str:
    """A run of rows without news, in a few words."""
    equal = all(row.kind == "same" for row in rows)
    what = "equal step" if equal else "step"
    why = "" if equal else ", equal or with changes shown above"
    return f"{counted(len(rows), what)} ({_range(rows)}){why}"


def _range(rows: Sequence[Row]) -> str:
    first, last = rows[0], rows[-1]
    left = f"{first.a}–{last.a}" if first.a != last.a else f"{first.a}"
    right = f"{first.b}–{last.b}" if first.b != last.b else f"{first.b}"
    return left if left == right else f"{left} | {right}"


def counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def figures(a: Totals, b: Totals) -> Iterator[tuple[str, str, str]]:
    """(name, left, right) of all that the runs came to."""
    for name in ("steps", "exchanges", "draws"):
        yield name, f"{getattr(a, name)}", f"{getattr(b, name)}"
    for name, words in TOKENS.items():
        pair = getattr(a, name), getattr(b, name)
        if any(pair) or not name.startswith("cache"):
            yield words, f"{pair[0]:,}", f"{pair[1]:,}"
    yield "cost", _cost(a.cost), _cost(b.cost)
    yield "time", _seconds(a.duration), _seconds(b.duration)
    yield "outcome", outcome_text(a.outcome), outcome_text(b.outcome)


def _cost(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.4f}"


def _seconds(duration: float | None) -> str:
    return "unknown" if duration is None else f"{duration:.2f} s"
