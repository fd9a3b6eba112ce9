"""Pairing two sequences so that an item more on one side does not shift the others.

Equal items pair for free, unequal ones at the cost that the caller gives, an item without a
partner costs GAP. Where a region is small its cheapest pairing is found exactly. A large one is
first cut at anchors: equal items in runs, then any equal items that are unique on both sides, then
items with equal coarse keys; what is still large is searched in a band around its diagonal. The
work is at most about BAND cells an item.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeAlias

Pair: TypeAlias = tuple[int | None, int | None]
Cost: TypeAlias = Callable[[int, int], float]
Coarse: TypeAlias = Callable[[int], Hashable]
Anchor: TypeAlias = tuple[int, int]

GAP = 1.0
APART = 3 * GAP
"""A cost at which two items are never paired."""

BAND = 48


def align(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    cost: Cost,
    coarse: tuple[Coarse, Coarse] | None = None,
) -> list[Pair]:
    """Pairs of positions in order, None for "no partner"; each position occurs once.

    `coarse[0](i)` and `coarse[1](j)` are keys that similar items share (None: no key).
    """
    return list(_Aligner(a, b, cost, coarse).solve(0, len(a), 0, len(b), 0))


class _Aligner:
    def __init__(
        self,
        a: Sequence[Hashable],
        b: Sequence[Hashable],
        cost: Cost,
        coarse: tuple[Coarse, Coarse] | None,
    ) -> None:
        self.a, self.b, self.cost, self.coarse = a, b, cost, coarse

    def solve(self, i: int, i_end: int, j: int, j_end: int, level: int) -> Iterator[Pair]:
        a, b = self.a, self.b
        while i < i_end and j < j_end and a[i] == b[j]:
            yield i, j
            i, j = i + 1, j + 1
        tail = 0
        while i < i_end and j < j_end and a[i_end - 1] == b[j_end - 1]:
            i_end, j_end, tail = i_end - 1, j_end - 1, tail + 1
        n, m = i_end - i, j_end - j
        if not n or not m:
            yield from ((k, None) for k in range(i, i_end))
            yield from ((None, k) for k in range(j, j_end))
        elif n * m <= BAND * (n + m) or level > 2:
            yield from self.search(i, i_end, j, j_end)
        else:
            for x, y in self.anchors(i, i_end, j, j_end, level):
                yield from self.solve(i, x, j, y, level + 1)
                yield x, y
                i, j = x + 1, y + 1
            yield from self.solve(i, i_end, j, j_end, level + 1)
        yield from ((i_end + k, j_end + k) for k in range(tail))

    def anchors(self, i: int, i_end: int, j: int, j_end: int, level: int) -> list[Anchor]:
        """Pairs that hold the region together, in order."""
        if level < 2:
            found = _unique_pairs(self.a[i:i_end], self.b[j:j_end])
        elif self.coarse:
            left, right = self.coarse
            found = _unique_pairs(
                [left(k) for k in range(i, i_end)], [right(k) for k in range(j, j_end)]
            )
        else:
            found = []
        pairs = [(i + x, j + y) for x, y in _longest_increasing(found)]
        return [pair for pair in pairs if self.in_a_run(*pair)] if level == 0 else pairs

    def in_a_run(self, x: int, y: int) -> bool:
        """Whether a neighbour is equal too: a lone equal draw may be mere chance."""
        a, b = self.a, self.b
        before = x > 0 and y > 0 and a[x - 1] == b[y - 1]
        return before or (x + 1 < len(a) and y + 1 < len(b) and a[x + 1] == b[y + 1])

    def search(self, i: int, i_end: int, j: int, j_end: int) -> Iterator[Pair]:
        """The cheapest pairing of a region, within a band if it is large."""
        a, b, cost = self.a, self.b, self.cost
        n, m = i_end - i, j_end - j
        half = m if n * m <= BAND * (n + m) else max(BAND // 2, m // n + 1)
        rows: list[tuple[int, bytearray]] = []
        low, above = 0, [GAP * k for k in range(min(m, half) + 1)]
        rows.append((0, bytearray(b"\x02" * len(above))))
        for x in range(1, n + 1):
            middle = x * m // n
            start, end = max(0, middle - half), min(m, middle + half)
            here, moves, best = [], bytearray(), float("inf")
            item = a[i + x - 1]
            for y in range(start, end + 1):
                best, move = best + GAP, 2
                k = y - low
                if 0 <= k < len(above) and above[k] + GAP < best:
                    best, move = above[k] + GAP, 1
                if 0 < k <= len(above) and above[k - 1] < best:
                    other = j + y - 1
                    paired = above[k - 1] + (0.0 if item == b[other] else cost(i + x - 1, other))
                    if paired < best:
                        best, move = paired, 0
                here.append(best)
                moves.append(move)
            rows.append((start, moves))
            low, above = start, here
        return _walk(rows, i, j, n, m)


def _walk(rows: list[tuple[int, bytearray]], i: int, j: int, x: int, y: int) -> Iterator[Pair]:
    """The pairs that the moves spell, read from the end."""
    found: list[Pair] = []
    while x or y:
        start, moves = rows[x]
        move = moves[y - start]
        if move == 2:
            y -= 1
            found.append((None, j + y))
        elif move == 1:
            x -= 1
            found.append((i + x, None))
        else:
            x, y = x - 1, y - 1
            found.append((i + x, j + y))
    return reversed(found)


def _unique_pairs(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Anchor]:
    """Positions of the keys that occur once on both sides, in the order of `a`."""
    once_a, once_b = Counter(a), Counter(b)
    where = {key: y for y, key in enumerate(b) if once_b[key] == 1 and key is not None}
    return [(x, where[key]) for x, key in enumerate(a) if once_a[key] == 1 and key in where]


def _longest_increasing(pairs: list[Anchor]) -> list[Anchor]:
    """The longest chain of pairs that rises on both sides (patience sorting)."""
    tops: list[int] = []
    last: list[int] = []
    previous: list[int] = []
    for position, (_, y) in enumerate(pairs):
        pile = bisect_left(tops, y)
        previous.append(last[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [y]
        last[pile : pile + 1] = [position]
    chain: list[Anchor] = []
    position = last[-1] if last else -1
    while position >= 0:
        chain.append(pairs[position])
        position = previous[position]
    return chain[::-1]
