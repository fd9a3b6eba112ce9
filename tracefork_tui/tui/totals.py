"""Tokens, cost and time of a run, summed up step by step and never further than asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from math import isnan, nan
from typing import NamedTuple

from ..tape.steps import Exchange
from .look import Reader
from .rows import exchange_words
from .times import took

MOST = 10**12
UNKNOWN = nan


class Measure(NamedTuple):
    """What one exchange took. Tokens 0 where none were reported; `read` and `write` are those of
    the context that came from the cache and went into it. `cost` in USD, `latency` in seconds, NaN
    where it is not known."""

    n: int = 0
    failed: int = 0
    context: int = 0
    read: int = 0
    write: int = 0
    output: int = 0
    unpriced: int = 0
    cost: float = 0.0
    latency: float = UNKNOWN


class Spent(NamedTuple):
    """Sums over the exchanges up to a step. `unpriced`: those whose cost is not known."""

    exchanges: int = 0
    errors: int = 0
    context: int = 0
    read: int = 0
    write: int = 0
    output: int = 0
    unpriced: int = 0
    cost: float = 0.0
    waited: float = 0.0


class Totals:
    """Measures of exchanges and running sums; `extend` adds the next step, any number at a time."""

    def __init__(self) -> None:
        self.upto = 0
        """The step that the sums have come to."""
        self._steps = array("q")
        self._sums = [array("q", [0]) for _ in range(6)]
        self._cost = array("d", [0.0])
        self._waited = array("d", [0.0])
        self._latency = array("d")
        self._open: int | None = None

    def at(self, n: int) -> Spent | None:
        """The sums up to step `n`, None while they have not come that far."""
        if n > self.upto:
            return None
        k = bisect_right(self._steps, n)
        errors, context, read, write, output, unpriced = (sums[k] for sums in self._sums)
        spent = self._cost[k], self._waited[k]
        return Spent(k, errors, context, read, write, output, unpriced, *spent)

    def recent(self, n: int, most: int) -> list[Measure]:
        """The last model exchanges up to step `n` that reported tokens, oldest first."""
        found: list[Measure] = []
        k = bisect_right(self._steps, n)
        limit = max(0, k - 4 * most)
        while k > limit and len(found) < most:
            k -= 1
            one = self._measure(k)
            if one.context or one.output:
                found.append(one)
        return found[::-1]

    def _measure(self, k: int) -> Measure:
        failed, context, read, write, output, unpriced = (
            sums[k + 1] - sums[k] for sums in self._sums
        )
        cost = UNKNOWN if unpriced else self._cost[k + 1] - self._cost[k]
        counts = failed, context, read, write, output, unpriced
        return Measure(self._steps[k], *counts, cost, self._latency[k])

    def extend(self, reader: Reader) -> None:
        """Add the next step."""
        n = self.upto + 1
        if reader.kind(n) == "exchange":
            try:
                found = measure(reader, n)
            except Exception:  # a damaged step spends nothing that is known
                found = Measure(n, failed=1)
            else:
                step = reader.step(n)
                if self._open is None and isinstance(step, Exchange) and not step.ended:
                    self._open = n
            self._add(found)
        self.upto = n

    def _add(self, found: Measure) -> None:
        for sums, more in zip(self._sums, found[1:7], strict=True):
            sums.append(sums[-1] + more)
        self._cost.append(self._cost[-1] + found.cost)
        self._waited.append(self._waited[-1] + (0 if isnan(found.latency) else found.latency))
        self._latency.append(found.latency)
        self._steps.append(found.n)

    def settle(self) -> None:
        """Drop the sums from the first step on whose exchange had not ended."""
        if self._open is not None:
            k = bisect_right(self._steps, self._open - 1)
            self.upto = self._open - 1
            for sums in self._sums:
                del sums[k + 1 :]
            del self._cost[k + 1 :], self._waited[k + 1 :]
            del self._steps[k:], self._latency[k:]
            self._open = None

    @property
    def settled(self) -> bool:
        """False while a sum holds an exchange that had not ended."""
        return self._open is None


def measure(reader: Reader, n: int) -> Measure:
    """What exchange `n` took; its cost is 0 where it has none and where that is not known."""
    from .. import wire

    step = reader.step(n)
    if not isinstance(step, Exchange):
        return Measure(n, failed=1)
    failed = int(exchange_words(reader, step)[1])
    seconds = took(reader, step)
    latency = UNKNOWN if seconds is None else seconds
    reply = reader.reply(n)
    if reply is None:
        return Measure(n, failed, latency=latency)
    usage = reply.usage
    counts = (
        min(count or 0, MOST)
        for count in (
            usage.context_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
        )
    )
    context, read, write, output = counts
    price = wire.cost(reply.model, usage, reply.provider)
    unpriced = int(price is None and bool(context or output))
    cost = float(price or 0)
    return Measure(n, failed, context, read, write, output, unpriced, cost, latency)
