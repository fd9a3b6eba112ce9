"""Numbers as people read them: counts, sizes, durations, money."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def count(value: int) -> str:
    """12_431 as 12.4k; small numbers whole."""
    value = min(value, 10**15)
    if value < 10_000:
        return f"{value:,}"
    if value < 1_000_000:
        return f"{value / 1000:.1f}k" if value < 100_000 else f"{value // 1000}k"
    return f"{value / 1_000_000:.2f}M"


def size(value: int) -> str:
    """Bytes, in decimal units."""
    if value < 1000:
        return f"{value} B"
    if value < 1_000_000:
        return f"{value / 1000:.1f} kB"
    return f"{value / 1_000_000:.1f} MB"


def span(seconds: float) -> str:
    """A duration: 3 ms, 0.41 s, 1m03s, 2h05m."""
    if not isfinite(seconds):
        return "?"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def since(seconds: float) -> str:
    """A moment of the run: t+3.21s, t+1m03s."""
    if not isfinite(seconds):
        return "t+?"
    return f"t+{seconds:.2f}s" if seconds < 59.995 else f"t+{span(seconds)}"


def money(value: Decimal | float) -> str:
    """US dollars, with as many digits as tell something."""
    amount = float(value)
    if amount == 0:
        return "$0"
    return f"${amount:.2f}" if amount >= 10 else f"${amount:.4f}"


BARS = "▁▂▃▄▅▆▇█"


def bars(values: Sequence[float]) -> str:
    """A sparkline, from zero to the largest value."""
    top = max(values, default=0)
    if top <= 0:
        return ""
    last = len(BARS) - 1
    return "".join(BARS[min(last, int(value * last / top))] for value in values)
