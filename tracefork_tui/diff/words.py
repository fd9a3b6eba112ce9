"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from .align import APART, align

Op = Literal["equal", "delete", "insert"]

MOST = 10_000
"""The most words (or else lines) that are compared with each other."""

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯豈-﫿]\s*|\w+\s*|[^\w\s]\s*|\s+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text that both have, or that only the one before or the one after has."""

    op: Op
    text: str


def word_diff(before: str, after: str) -> list[Segment]:
    """Segments of both texts in order: without the inserts `before`, without the deletes `after`.

    Large texts are compared by line, and what is still too large as one piece.
    """
    merged = groupby(_compare(before, after, (_WORD, _LINE)), key=lambda segment: segment.op)
    return [Segment(op, "".join(one.text for one in group)) for op, group in merged]


def _compare(before: str, after: str, units: Sequence[re.Pattern[str]]) -> Iterator[Segment]:
    unit, *larger = units
    a, b = unit.findall(before), unit.findall(after)
    start, end = _shared(a, b)
    left, right = a[start : len(a) - end], b[start : len(b) - end]
    yield from _segments("equal", a[:start])
    if max(len(left), len(right)) <= MOST:
        yield from _matched(left, right, by_line=unit is _LINE)
    elif larger:
        yield from _compare("".join(left), "".join(right), larger)
    else:
        yield from _segments("delete", left)
        yield from _segments("insert", right)
    yield from _segments("equal", a[len(a) - end :])


def _matched(a: list[str], b: list[str], *, by_line: bool) -> Iterator[Segment]:
    pairs = align(a, b, lambda i, j: APART)
    for equal, run in groupby(pairs, key=lambda pair: None not in pair):
        found = list(run)
        left = [a[i] for i, _ in found if i is not None]
        right = [b[j] for _, j in found if j is not None]
        if equal:
            yield from _segments("equal", left)
        elif by_line and left and right:
            yield from _compare("".join(left), "".join(right), (_WORD,))
        else:
            yield from _segments("delete", left)
            yield from _segments("insert", right)


def _segments(op: Op, words: Sequence[str]) -> list[Segment]:
    text = "".join(words)
    return [Segment(op, text)] if text else []


def _shared(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """How many words both start and end with, none counted twice."""
    most = min(len(a), len(b))
    start = next((k for k in range(most) if a[k] != b[k]), most)
    most -= start
    end = next((k for k in range(most) if a[-1 - k] != b[-1 - k]), most)
    return start, end
