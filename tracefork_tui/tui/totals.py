"""Tokens and cost of a run, summed up step by step and never further than asked for."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from ..tape.steps import Exchange
from .look import Reader
from .rows import exchange_words

MOST = 10**12


class Spent(NamedTuple):
    """Sums over the exchanges up to a step. `unpriced`: those whose cost is not known."""

    exchanges: int = 0
    errors: int = 0
    context: int = 0
    output: int = 0
    cost: float = 0.0
    unpriced: int = 0


class Totals:
    """Running sums, one entry a step; `extend` adds the next, any number at a time."""

    def __init__(self) -> None:
        self._counts = [array("q", [0]) for _ in range(5)]
        self._cost = array("d", [0.0])
        self._context = array("q", [0])
        self._open: int | None = None

    @property
    def upto(self) -> int:
        """The step that the sums have come to."""
        return len(self._cost) - 1

    def at(self, n: int) -> Spent | None:
        """The sums up to step `n`, None while they have not come that far."""
        if n > self.upto:
            return None
        exchanges, errors, context, output, unpriced = (counts[n] for counts in self._counts)
        return Spent(exchanges, errors, context, output, self._cost[n], unpriced)

    def contexts(self, n: int, most: int) -> list[int]:
        """Tokens read by each of the last model exchanges up to step `n`, oldest first."""
        found: list[int] = []
        n = min(n, self.upto)
        limit = max(0, n - 50 * most)
        while n > limit and len(found) < most:
            if self._context[n] > 0:
                found.append(self._context[n])
            n -= 1
        return found[::-1]

    def extend(self, reader: Reader) -> None:
        """Add the next step."""
        n = self.upto + 1
        added = [0, 0, 0, 0, 0]
        price, context = 0.0, 0
        if reader.kind(n) == "exchange":
            try:
                added, price, context = _of(reader, n)
            except Exception:  # a damaged step spends nothing that is known
                added = [1, 1, 0, 0, 0]
            else:
                step = reader.step(n)
                if self._open is None and isinstance(step, Exchange) and not step.ended:
                    self._open = n
        for counts, more in zip(self._counts, added, strict=True):
            counts.append(counts[-1] + more)
        self._cost.append(self._cost[-1] + price)
        self._context.append(context)

    def settle(self) -> None:
        """Drop the sums from the first step on whose exchange had not ended."""
        if self._open is not None:
            for counts in (*self._counts, self._context):
                del counts[self._open :]
            del self._cost[self._open :]
            self._open = None

    @property
    def settled(self) -> bool:
        """False while a sum holds an exchange that had not ended."""
        return self._open is None


def _of(reader: Reader, n: int) -> tuple[list[int], float, int]:
    from .. import wire

    step = reader.step(n)
    if not isinstance(step, Exchange):
        return [0, 1, 0, 0, 0], 0.0, 0
    bad = exchange_words(reader, step)[1]
    reply = reader.reply(n)
    if reply is None:
        return [1, int(bad), 0, 0, 0], 0.0, 0
    usage = reply.usage
    context = min(usage.context_tokens or 0, MOST)
    output = min(usage.output_tokens or 0, MOST)
    price = wire.cost(reply.model, usage, reply.provider)
    unpriced = int(price is None and bool(context or output))
    return [1, int(bad), context, output, unpriced], float(price or 0), context
