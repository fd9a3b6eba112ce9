"""What a run came to: steps, tokens, cost, time, final answer, outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.steps import Draw, Exchange, Outcome, Step
from ..wire import Reply, reply_of
from ..wire import cost as price
from ..wire.loose import obj, seq
from .steps import text_of

COUNTED = (
    "input_tokens",
    "context_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)


@dataclass(frozen=True)
class Totals:
    """One side's sums. Tokens as the provider reports them; `read_tokens` are all that the models
    read, cached ones included, whether the provider counts those as input or not.

    `cost`: USD for all replies, whoever answered them, at today's prices; None where one of them
    has no known price, or there is none. `duration`: seconds, None for an empty tape and for one
    that was imported without times. `answer`: the text of the last reply, whole. `outcome`: None
    where the run was cut off or still runs.
    """

    steps: int
    exchanges: int
    draws: int
    input_tokens: int
    read_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost: float | None
    duration: float | None
    answer: str
    outcome: Outcome | None


class Tally:
    """Running sums over the steps of a tape."""

    def __init__(self, before: Tally | None = None) -> None:
        self.counts: Counter[str] = Counter(before.counts if before else ())
        self.cost: Decimal = before.cost if before else Decimal(0)
        self.answer: str = before.answer if before else ""

    def read(self, tape: Tape, numbers: Iterable[int]) -> Tally:
        """Add the steps with these numbers."""
        for n in numbers:
            self.counts["steps"] += 1
            with suppress(TapeError):
                self._add(tape.step(n))
        return self

    def totals(self, tape: Tape) -> Totals:
        """What the whole tape comes to, once all its steps are added."""
        counts = self.counts
        return Totals(
            steps=counts["steps"],
            exchanges=counts["exchanges"],
            draws=counts["draws"],
            input_tokens=counts["input_tokens"],
            read_tokens=counts["context_tokens"],
            output_tokens=counts["output_tokens"],
            cache_read_tokens=counts["cache_read_tokens"],
            cache_write_tokens=counts["cache_write_tokens"],
            cost=float(self.cost) if counts["priced"] and not counts["unpriced"] else None,
            duration=_duration(tape),
            answer=self.answer,
            outcome=tape.outcome,
        )

    def _add(self, step: Step) -> None:
        self.counts["draws" if isinstance(step, Draw) else "exchanges"] += 1
        reply = reply_of(step) if isinstance(step, Exchange) else None
        if reply is None or not _billed(reply):
            return
        if reply.parts:
            self.answer = text_of(reply)
        usage = reply.usage
        for name in COUNTED:
            self.counts[name] += getattr(usage, name) or 0
        cost = price(reply.model, usage, reply.provider)
        self.counts["unpriced" if cost is None else "priced"] += 1
        self.cost += cost or 0


def _billed(reply: Reply) -> bool:
    """Neither an error without a reply nor a mere token count."""
    return bool(reply.parts or reply.usage.output_tokens)


def _duration(tape: Tape) -> float | None:
    absent = seq(obj(tape.header.get("imported")).get("lacks"))
    if "start times" in absent or "durations" in absent:
        return None
    if tape.outcome is not None:
        return tape.outcome.at
    steps = tape.steps
    if not steps:
        return None
    last = steps[-1]
    ended = last.ended_at if isinstance(last, Exchange) else None
    return last.at if ended is None else ended


def outcome_text(outcome: Outcome | None) -> str:
    """An outcome in one line."""
    if outcome is None:
        return "end not known"
    end = outcome.how.replace("exit code", "exit")
    return f"{end} · {outcome.exception}" if outcome.exception else end
