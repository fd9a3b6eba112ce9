"""The members of a JSON object and the items of its lists, read one by one.

`request.messages[-1]` of a long conversation is one small value in a large body that mostly
repeats the body before: only what is new is walked, and only what is asked for is decoded.
"""

from __future__ import annotations

import json
import re
from typing import Any
from weakref import WeakKeyDictionary

from ..tape.reader import Tape
from .places import common
from .values import part

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]', re.DOTALL)


class Member:
    """A value of the object: its JSON is `data[start:end]`; `items` are those of a list."""

    __slots__ = ("end", "items", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = -1
        self.items: list[tuple[int, int]] = []


class Outline:
    """The outline of one body after the other. Bodies that are no JSON object have no members."""

    def __init__(self) -> None:
        self._data = b""
        self._members: dict[str, Member] = {}

    def part(self, data: bytes, key: str, index: int | None = None) -> Any:
        """A member of the object, or an item of that list; None where it is not there."""
        if data is not self._data:
            self._take(data)
        member = self._members.get(key)
        if member is None:
            return None
        if index is None:
            return _loaded(data, member.start, member.end)
        if data[member.start : member.start + 1] != b"[":
            return part(_loaded(data, member.start, member.end), index)
        count = len(member.items)
        return _loaded(data, *member.items[index]) if -count <= index < count else None

    def items(self, data: bytes, key: str) -> tuple[int, list[tuple[int, int]]]:
        """Where a list that is a member of the object starts, and where its items are."""
        if data is not self._data:
            self._take(data)
        member = self._members.get(key)
        return (member.start, member.items) if member else (-1, [])

    def _take(self, data: bytes) -> None:
        same = common(self._data, data)
        kept: dict[str, Member] = {}
        at, inside = 0, ""
        for key, member in self._members.items():
            if 0 <= member.end < same and data[member.end : member.end + 1] == b",":
                kept[key] = member
                at = member.end + 1
                continue
            member.items = [item for item in member.items if item[1] < same]
            if member.items and data[member.items[-1][1]] == ord(","):
                kept[key], inside = member, key
                at, member.end = member.items[-1][1] + 1, -1
            break
        self._data, self._members = data, kept
        if at or data.lstrip()[:1] == b"{":
            self._walk(at, inside)

    def _walk(self, at: int, inside: str) -> None:
        data, members = self._data, self._members
        member = members[inside] if inside else None
        depth = 2 if inside else 1 if at else 0
        start = at
        for token in TOKEN.finditer(data, at):
            sign = data[token.start()]
            if sign in b"{[":
                depth += 1
                if depth == 2 and sign == ord("["):
                    start = token.end()
            elif sign == ord('"'):
                if depth == 1 and member is None:
                    key = _loaded(data, *token.span())
                    colon = data.find(b":", token.end())
                    if not isinstance(key, str) or colon < 0:
                        return
                    while data[colon + 1 : colon + 2].isspace():
                        colon += 1
                    members.pop(key, None)
                    member = members[key] = Member(colon + 1)
            elif depth == 2 and member is not None and data[member.start] == ord("["):
                if data[start : token.start()].strip():
                    member.items.append((start, token.start()))
                start = token.end()
                depth -= sign != ord(",")
            elif sign == ord(","):
                if depth == 1 and member is not None:
                    member.end, member = token.start(), None
            else:
                depth -= 1
                if depth == 0:
                    if member is not None:
                        member.end = token.start()
                    return


_outlines: WeakKeyDictionary[Tape, Outline] = WeakKeyDictionary()


def outline_of(tape: Tape) -> Outline:
    """The outline that goes from one request of a tape to the next."""
    found = _outlines.get(tape)
    if found is None:
        found = _outlines[tape] = Outline()
    return found


def _loaded(data: bytes, start: int, end: int) -> Any:
    try:
        return json.loads(data[start:end]) if end >= 0 else None
    except (ValueError, RecursionError):
        return None
