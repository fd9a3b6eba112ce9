"""Where in a JSON text a byte lies, found without making values of it.

A conversation is resent with every request: what a body shares with the one that was looked at
before is not walked again.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import NamedTuple

from .values import Key

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]|"', re.DOTALL)
WORD = re.compile(r"[^\W\d][\w$]*")
BLOCK = 1 << 16
MARK = 4096
DEEPEST = 64
"""Levels of a path that are told."""


class Place(NamedTuple):
    """The keys that lead to a value; `data[start:end]` is its JSON text."""

    keys: tuple[Key, ...]
    start: int
    end: int


class _Mark(NamedTuple):
    """A state to go on from. In `stack` a list is its index, an object its key or None."""

    offset: int
    stack: tuple[int | str | None, ...]
    key_next: bool


class Places:
    """Finds places, one body after the other."""

    def __init__(self) -> None:
        self._data = b""
        self._marks = [_Mark(0, (), False)]

    def at(self, data: bytes, offset: int) -> Place:
        """The value that lies at `offset`: a text, a number, or a key's name as its value."""
        if data is not self._data:
            same = common(self._data, data)
            self._marks = [mark for mark in self._marks if mark.offset <= same]
            self._data = data
        if data.lstrip()[:1] not in (b"{", b"[", b'"'):
            return Place((), 0, len(data))
        return self._walk(offset)

    def _walk(self, offset: int) -> Place:
        data = self._data
        mark = self._marks[bisect_right(self._marks, offset, key=lambda mark: mark.offset) - 1]
        stack, key_next = list(mark.stack), mark.key_next
        before, last = mark.offset, self._marks[-1].offset
        for token in TOKEN.finditer(data, mark.offset):
            start, end = token.span()
            if start > offset:
                return Place(_keys(stack), before, start)
            sign = data[start : start + 1]
            if sign == b"{":
                stack.append(None)
                key_next = True
            elif sign == b"[":
                stack.append(0)
                key_next = False
            elif sign == b",":
                key_next = _next(stack)
            elif sign == b'"':
                if key_next:
                    stack[-1] = _key(data[start:end])
                    key_next = False
                if end > offset or end == start + 1:
                    return Place(_keys(stack), start, end if end > start + 1 else len(data))
            elif stack:
                stack.pop()
                key_next = False
            before = end
            if end - last >= MARK and len(stack) <= DEEPEST:
                last = end
                self._marks.append(_Mark(end, tuple(stack), key_next))
        return Place(_keys(stack), before, len(data))


def path_of(keys: tuple[Key, ...]) -> str:
    """Keys as a path that an expression can use: `messages[2].content`."""
    words = []
    for key in keys[:DEEPEST]:
        if isinstance(key, int):
            words.append(f"[{key}]")
        elif WORD.fullmatch(key):
            words.append(f".{key}" if words else key)
        else:
            words.append(f"[{json.dumps(key, ensure_ascii=False)}]")
    return "".join(words) + ("…" if len(keys) > DEEPEST else "")


def common(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common at their start."""
    low, most = 0, min(len(one), len(other))
    while low < most and one[low : low + BLOCK] == other[low : low + BLOCK]:
        low += BLOCK
    high = min(low + BLOCK, most)
    low = min(low, most)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _next(stack: list[int | str | None]) -> bool:
    """Behind a comma: the next place of a list, or True where a key comes next."""
    if not stack:
        return False
    top = stack[-1]
    stack[-1] = top + 1 if isinstance(top, int) else None
    return not isinstance(top, int)


def _keys(stack: list[int | str | None]) -> tuple[Key, ...]:
    return tuple(key for key in stack if key is not None)


def _key(text: bytes) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip(b'"').decode("utf-8", "replace")
