"""A comparison as a JSON document."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict
from typing import Any

from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.steps import Exchange
from .comparison import Comparison, Row
from .fields import Changes
from .steps import label_of
from .totals import Totals
from .values import ABSENT, DEEP, FieldChange

LONG = 4000
"""The most characters of one text, and items of one list, in the JSON document."""

BODIES = 128 * 1024 * 1024
"""The most bytes of request bodies that a report takes apart; the rest is compared by hash."""


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The document of `diff --json`.

    A change has no `before` or no `after` where that side has no such place; `left` counts the
    changes of a row that are not listed.
    """
    details = Details(comparison)
    a, b = comparison.totals
    return {
        "equal": comparison.equal,
        "shared_prefix": comparison.shared_prefix,
        "rows": [_row_json(row, details) for row in comparison.rows],
        "totals": {"a": _totals_json(a), "b": _totals_json(b)},
    }


def _row_json(row: Row, details: Details) -> dict[str, Any]:
    label_a, label_b = details.labels(row)
    changes = details.changes(row)
    return {
        "kind": row.kind,
        "a": row.a,
        "b": row.b,
        "label_a": label_a,
        "label_b": label_b,
        "fields": [_change_json(change) for change in changes],
        "left": changes.left,
    }


class Details:
    """Labels and changes of rows; takes no more than BODIES bytes of requests apart."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._budget = BODIES

    def labels(self, row: Row, room: int = 0) -> tuple[str | None, str | None]:
        """What the steps of a row are called, None where there is none. `room`: as in label_of."""
        a, b = self._comparison.a, self._comparison.b
        left = None if row.a is None else label_of(a, row.a, room)
        if row.kind == "same":
            return left, left
        return left, None if row.b is None else label_of(b, row.b, room)

    @property
    def all_apart(self) -> bool:
        """Whether every request so far was taken apart."""
        return self._budget >= 0

    def changes(self, row: Row) -> Changes:
        """What changed in a row."""
        if row.kind != "changed":
            return Changes()
        try:
            self._budget -= _size(self._comparison.a, row.a) + _size(self._comparison.b, row.b)
            return self._comparison.fields(row, bodies=self.all_apart)
        except TapeError as error:
            return Changes([FieldChange("damage", ABSENT, str(error))])


def _size(tape: Tape, n: int | None) -> int:
    step = tape.step(n) if n else None
    return step.request.size if isinstance(step, Exchange) else 0


def _change_json(change: FieldChange) -> dict[str, Any]:
    pair = {"before": change.before, "after": change.after}
    shown = {key: _bounded(value) for key, value in pair.items() if value is not ABSENT}
    return {"path": change.path, **shown}


def _bounded(value: Any, depth: int = 0) -> Any:
    """The value as JSON can hold it; what is long or deep is cut visibly."""
    if depth > DEEP:
        return "… nested too deep"
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:LONG]}… {len(value) - LONG} more"
    if isinstance(value, bytes):
        return {"base64": _bounded(base64.b64encode(value).decode())}
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, list):
        kept = [_bounded(item, depth + 1) for item in value[:LONG]]
        return kept if len(value) <= LONG else [*kept, f"… {len(value) - LONG} more"]
    if isinstance(value, dict):
        return {str(key): _bounded(item, depth + 1) for key, item in value.items()}
    return value


def _totals_json(totals: Totals) -> dict[str, Any]:
    whole = asdict(totals)
    outcome = whole.pop("outcome")
    ended = {key: outcome[key] for key in ("exit_code", "signal", "exception")} if outcome else None
    return {**whole, "outcome": ended}
