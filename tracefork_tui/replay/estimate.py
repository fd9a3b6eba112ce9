"""What a live tail may cost, judged by what the same steps cost when they were recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.steps import Exchange
from ..wire import cost_of
from .environment import KEYS, differences
from .plan import Fork


@dataclass(frozen=True)
class Estimate:
    """`calls`: exchanges of the parent from the step on; `cost` in US dollars, None where no
    price is known; `differs`: shaping variables that are not as on the tape."""

    calls: int
    cost: float | None
    differs: list[str]
    target: str

    def lines(self) -> Iterator[str]:
        price = "at an unknown price" if self.cost is None else f"about ${self.cost:.4f}"
        yield f"live: about {self.calls} calls to {self.target}, {price}, judged by the tape"
        for name in self.differs:
            yield f"live: {name} is not as it was when the tape was recorded"


def estimate(tape: Tape, fork: Fork, environment: Mapping[str, str] = os.environ) -> Estimate:
    """Estimate a live tail. Raises TapeError where there is no key to run it with."""
    keys = [str(name) for name in tape.header.get("keys", ())]
    wanted = keys or list(KEYS)
    if keys and not any(environment.get(name) for name in (*keys, *KEYS)):
        raise TapeError(f"{tape.path}: a live tail needs a key; set {' or '.join(wanted)}")
    calls, total, known, target = 0, 0.0, False, "the model"
    for n in range(fork.at, len(tape.index.first) + 1):
        step = tape.step(n) if tape.index.of_step(n) else None
        if not isinstance(step, Exchange):
            continue
        calls += 1
        price = cost_of(step)
        if price is not None:
            total, known = total + price, True
        target = step.request.url.partition("?")[0]
    if fork.max_calls:
        calls = min(calls, fork.max_calls)
    base = environment.get("ANTHROPIC_BASE_URL")
    taped = tape.header.get("environment", {})
    differs = differences(environment, taped if isinstance(taped, dict) else {})
    return Estimate(calls, total if known else None, differs, base or target)
