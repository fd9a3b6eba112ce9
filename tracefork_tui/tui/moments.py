"""Moments of the run: what the user types for one, and the step that had begun by then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tape.reader import Tape

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", re.ASCII)
_UNITS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", re.ASCII)
_SHORT = re.compile(r"(\d+(?:\.\d+)?)ms", re.ASCII)


def seconds(text: str) -> float | None:
    """`90`, `1.5s`, `250ms`, `1m30s`, `2h05m`, `1:30` in seconds; None for anything else."""
    text = text.strip().removeprefix("t+")
    if len(text) > 20 or not text:
        return None
    if found := _SHORT.fullmatch(text):
        return float(found[1]) / 1000
    found = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if not found:
        return None
    hours, minutes, rest = found.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def at(tape: Tape, n: int) -> float | None:
    """When step `n` began, in seconds from the start; None where the tape does not tell."""
    from ..query.facts import Facts

    return Facts(tape, n).at


def step_at(tape: Tape, moment: float) -> int | None:
    """The last step that had begun by a moment, the first one before any had; None where the
    tape tells no times. Looks at a few steps only: they are numbered as they began."""
    low, high = 1, len(tape.index.first)
    known = None
    while low <= high:
        middle = n = (low + high) // 2
        begun = at(tape, n)
        while begun is None and n > low:
            n -= 1
            begun = at(tape, n)
        if begun is not None and begun > moment:
            known = known or 1
            high = n - 1
        else:
            if begun is not None:
                known = max(known or 1, n)
            low = middle + 1
    return known
