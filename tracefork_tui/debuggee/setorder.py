"""Sets that come back in the order that they had.

A set's order follows from its items' hashes, from how large its table is, and from which item was
there first. How it came about is not known, but an order of insertion that leads to the same can
be found: what is out of place is moved until all is in place.
"""

from __future__ import annotations

from operator import is_
from typing import Any

LARGEST = 100
MOST_MOVES = 400


def insertion(value: Any) -> tuple[list[Any], bool]:
    """The items of a set in such an order, and whether its table is made for them at once, as that
    of a copy or a union is. Sorted where no such order is found.
    """
    items = list(value)
    if len(items) <= LARGEST:
        for at_once in (False, True):
            order = _searched(type(value), items, at_once)
            if order is not None:
                return order, at_once
    return in_order(value), False


def rebuilt(kind: Any, items: list[Any], at_once: bool) -> Any:
    return kind(dict.fromkeys(items) if at_once else items)


def in_order(value: Any) -> list[Any]:
    """A set's items in an order of their own where they have one."""
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=repr)


def _searched(kind: Any, items: list[Any], at_once: bool) -> list[Any] | None:
    order, right, chance = items, -1, 1
    moved = order
    for _ in range(MOST_MOVES):
        made = list(rebuilt(kind, moved, at_once))
        now = sum(map(is_, made, items))
        if now == len(items):
            return moved
        if now >= right:
            order, right = moved, now
            misplaced = [got for got, one in zip(made, items) if got is not one]
        chance = (chance * 1103515245 + 12345) & 0x7FFFFFFF
        item = misplaced[(chance >> 8) % len(misplaced)]
        moved = [one for one in order if one is not item]
        moved.insert((chance >> 16) % len(order), item)
    return None
