"""What changed between two JSON values, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ..wire.body import dump
from .align import APART, align

DEEP = 40
"""How deep values are taken apart; what differs below is given whole."""


class _Absent(Enum):
    ABSENT = "(absent)"

    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = _Absent.ABSENT
"""Stands for the value that one side does not have."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One place that differs: `before` or `after` is ABSENT where that side has no such place.

    `path` is spelled as in JavaScript; a list item has its number in the list after the change,
    a removed one that in the list before.
    """

    path: str
    before: Any
    after: Any


def changes(path: str, before: Any, after: Any, depth: int = 0) -> Iterator[FieldChange]:
    """Every place under `path` where the two values differ."""
    if before is after or same(before, after):
        return
    if depth < DEEP and isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            place = f"{path}.{key}" if str(key).isidentifier() else f"{path}[{dump(key)}]"
            pair = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from changes(place, *pair, depth + 1)
    elif depth < DEEP and isinstance(before, list) and isinstance(after, list):
        for i, j in _items(before, after):
            x = ABSENT if i is None else before[i]
            y = ABSENT if j is None else after[j]
            yield from changes(f"{path}[{i if j is None else j}]", x, y, depth + 1)
    else:
        yield FieldChange(path, before, after)


def same(x: Any, y: Any) -> bool:
    """Equal in value, type and order of members: 1, 1.0 and true are three values."""
    return spelled(x) == spelled(y)


def _items(before: Sequence[Any], after: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    def cost(i: int, j: int) -> float:
        return _unlike(before[i], after[j])

    return align([spelled(item) for item in before], [spelled(item) for item in after], cost)


def spelled(value: Any) -> str:
    """A text that only equal values of equal types share."""
    try:
        return repr(value)
    except RecursionError:
        return f"(nested too deep: {id(value)})"


def _unlike(x: Any, y: Any) -> float:
    """What it costs to see one list item as a change of another."""
    if isinstance(x, dict) and isinstance(y, dict):
        if any(x.get(key) != y.get(key) for key in ("role", "type")):
            return APART
        keys = x.keys() | y.keys()
        equal = sum(1 for key in keys if key in x and key in y and same(x[key], y[key]))
        return 1.5 - equal / (len(keys) or 1)
    return 1.5 if type(x) is type(y) else APART
