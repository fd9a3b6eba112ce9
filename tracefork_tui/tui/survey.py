"""The whole run at a glance: its errors and what it cost, and where on a line each moment lies."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .moments import at
from .scan import Scan

if TYPE_CHECKING:
    from ..query import Slice
    from ..tape.reader import Tape


class Cost(NamedTuple):
    """What an exchange read and wrote in tokens, and its price in dollars where it is known."""

    n: int
    failed: bool
    tokens: int
    price: float


class Survey(Scan[Cost]):
    """Errors and costs of all exchanges, as far as they have been looked at. Prices are only
    asked for where it is `priced`: the table of prices is not small."""

    def __init__(self, priced: bool) -> None:
        super().__init__()
        self.priced = priced
        self.errors = array("I")
        self._steps = array("I")
        self._tokens = array("d", [0.0])
        self._prices = array("d", [0.0])

    def slices(self, tape: Tape, start: int) -> Iterator[Slice[Cost]]:
        from ..query.slices import sliced

        return sliced((n, _cost(tape, n, self.priced)) for n in _numbers(tape, start))

    def add(self, found: list[Cost]) -> None:
        for one in found:
            if one.failed:
                self.errors.append(one.n)
            self._steps.append(one.n)
            self._tokens.append(self._tokens[-1] + one.tokens)
            self._prices.append(self._prices[-1] + one.price)

    def drop_from(self, n: int) -> None:
        del self.errors[bisect_left(self.errors, n) :]
        k = bisect_left(self._steps, n)
        del self._steps[k:], self._tokens[k + 1 :], self._prices[k + 1 :]

    def failed(self, first: int, end: int) -> bool:
        """Whether a step from `first` to before `end` failed."""
        k = bisect_left(self.errors, first)
        return k < len(self.errors) and self.errors[k] < end

    @property
    def measure(self) -> str:
        """What `spent` counts."""
        return "cost" if self._prices[-1] > 0 else "tokens"

    def spent(self, first: int, end: int) -> float:
        """What the steps from `first` to before `end` cost: dollars, or tokens without prices."""
        sums = self._prices if self._prices[-1] > 0 else self._tokens
        return sums[bisect_left(self._steps, end)] - sums[bisect_left(self._steps, first)]


def _numbers(tape: Tape, start: int) -> Iterator[int]:
    n = start
    while n <= len(tape.index.first):
        yield n
        n += 1


def _cost(tape: Tape, n: int, priced: bool) -> Cost | None:
    from ..query.facts import Facts

    facts = Facts(tape, n)
    if facts.kind == "draw":
        return None
    try:
        usage = facts.usage
        tokens = (usage.context_tokens or 0) + (usage.output_tokens or 0) if usage else 0
        price = facts.cost if priced and usage else None
        return Cost(n, bool(facts.failed), tokens, price or 0.0)
    except Exception:  # whatever a damaged or hostile tape holds
        return Cost(n, True, 0, 0.0)


class Scale(NamedTuple):
    """A line of cells over the run: cell i holds the steps from `edges[i]` to before the next.

    `seconds`: the time from the first cell to the last step; None where the tape tells no times,
    and cells are of as many steps each.
    """

    edges: list[int]
    seconds: float | None

    def cell(self, n: int) -> int:
        """The cell that a step is in."""
        return max(0, min(bisect_right(self.edges, n) - 1, len(self.edges) - 2))

    def span(self, cell: int) -> tuple[int, int]:
        """The first step of a cell, and the one behind its last."""
        return self.edges[cell], self.edges[cell + 1]


def scale(tape: Tape, cells: int) -> Scale:
    """A line of so many cells. Reads a few steps for each cell, however many there are."""
    count = len(tape.index.first)
    total = _begun(tape, count) if count else None
    if not total:
        return Scale([1 + count * i // cells for i in range(cells)] + [count + 1], None)
    edges = [1]
    numbers = range(1, count + 1)
    for i in range(1, cells):
        moment = total * i / cells
        edges.append(
            1 + bisect_left(numbers, moment, lo=edges[-1] - 1, key=lambda n: _begun(tape, n) or 0.0)
        )
    return Scale([*edges, count + 1], total)


def _begun(tape: Tape, n: int) -> float | None:
    """When a step began; where it is damaged, when the one before did."""
    while n > 0:
        begun = at(tape, n)
        if begun is not None or "start times" in _lacks(tape):
            return begun
        n -= 1
    return None


def _lacks(tape: Tape) -> list[str]:
    imported = tape.header.get("imported")
    lacks = imported.get("lacks") if isinstance(imported, dict) else None
    return [str(one) for one in lacks] if isinstance(lacks, list) else []
