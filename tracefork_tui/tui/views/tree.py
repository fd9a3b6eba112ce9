"""JSON as lines that fold: containers, and texts of several lines. Of a large value only what is
open is ever made into lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from ..document import Document, Fold, Kind
from ..text import plain

ROOM = 600
"""As many lines, about, are open at first; deeper levels that do not fit are folded."""

OPENED = 80
"""The same for a fold that is opened."""

MANY = 400
"""The most members of a container that are shown at a time."""

PREVIEW = 100
"""The width that a closed container tells of itself in."""

STEP = "  "


class Members(list[tuple[str, Any]]):
    """The members of an object as they were sent: in order, and doubles too."""


class Spelled(str):
    """A number as it was spelled."""


def parse(body: bytes | str) -> Any:
    """A JSON value that is shown as it was sent. Raises ValueError or RecursionError."""
    return json.loads(
        body,
        parse_float=Spelled,
        parse_int=Spelled,
        parse_constant=Spelled,
        object_pairs_hook=Members,
    )


def add_value(page: Document, value: Any, pad: str = "", texts: bool = False) -> None:
    """Add a JSON value: what `parse` gives, or plain dicts and lists.

    `texts`: texts of several lines are shown as such at first, not as JSON spells them.
    """
    start = len(page.lines)
    _put(page, value, "", "", pad, None, _levels(value, ROOM))
    if texts:
        for line in sorted((n for n in page.folds if n >= start), reverse=True):
            if page.folds[line].twice:
                page.toggle(line)


def _put(
    page: Document, value: Any, lead: str, tail: str, pad: str, parent: Fold | None, levels: int
) -> None:
    at = len(page.lines)
    if not _is_open(value):
        page.line(f"{pad}{lead}{_leaf(value)}{tail}", Kind.JSON)
        if isinstance(value, str) and "\n" in value and not isinstance(value, Spelled):
            told = plain(f"{pad}{lead}({value.count(chr(10)) + 1:,} lines){tail}")
            page.folds[at] = Fold(parent, told, lambda fold: _text(value, pad), twice=True)
        return
    opened = f"{pad}{lead}{_brackets(value)[0]}"
    closed = f"{pad}{lead}{_preview(value)}{tail}"
    if levels > 0:
        page.line(opened, Kind.JSON)
        fold = page.folds[at] = Fold(parent)
        _inside(page, value, tail, pad, fold, levels)
        fold.other, fold.size = plain(closed), len(page.lines) - at - 1
        return
    page.line(closed, Kind.JSON)

    def make(fold: Fold) -> Document:
        inside = Document()
        _inside(inside, value, tail, pad, fold, max(1, _levels(value, OPENED)))
        return inside

    page.folds[at] = Fold(parent, plain(opened), make, lambda needle: _holds(value, needle))


def _inside(page: Document, value: Any, tail: str, pad: str, fold: Fold, levels: int) -> None:
    """The members of a container and its closing bracket."""
    _members(page, value, 0, pad + STEP, fold, levels)
    page.line(f"{pad}{_brackets(value)[1]}{tail}", Kind.JSON)


def _members(page: Document, value: Any, start: int, pad: str, parent: Fold, levels: int) -> None:
    """Members from a place on, MANY of them; the rest in a fold."""
    last = len(value) - 1
    pairs = enumerate(islice(_pairs(value), start, start + MANY), start)
    for place, (lead, member) in pairs:
        _put(page, member, lead, "," if place < last else "", pad, parent, levels - 1)
    rest = start + MANY
    if rest > last:
        return

    def make(fold: Fold) -> Document:
        more = Document()
        _members(more, value, rest, pad, fold, 1)
        return more

    def holds(needle: str) -> bool:
        return any(_holds_pair(pair, needle) for pair in islice(_pairs(value), rest, None))

    left = f"{pad}… {last + 1 - rest:,} more of {last + 1:,}"
    page.line(left, Kind.DIM)
    page.folds[len(page.lines) - 1] = Fold(parent, f"{pad}… from {rest + 1:,} on", make, holds)


def _text(value: str, pad: str) -> Document:
    page = Document()
    page.add(value, Kind.VALUE, len(pad) + len(STEP))
    return page


def _levels(value: Any, room: int) -> int:
    """How many levels can be open in so many lines; the first always is."""
    levels, level = 0, [value] if _is_open(value) else []
    while level and (room > 0 or not levels):
        members = [member for one in level for _, member in islice(_pairs(one), MANY)]
        room -= len(members) + len(level)
        if room < 0 and levels:
            break
        level = [member for member in members if _is_open(member)]
        levels += 1
    return levels


def _is_open(value: Any) -> bool:
    """Whether it has members to show."""
    return isinstance(value, (dict, list)) and bool(value)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container's members begin with, and the members."""
    if isinstance(value, Members):
        return ((f"{encode_basestring(key)}: ", member) for key, member in value)
    if isinstance(value, dict):
        return ((f"{encode_basestring(str(key))}: ", one) for key, one in value.items())
    return (("", member) for member in value)


def _brackets(value: Any) -> tuple[str, str]:
    return ("{", "}") if isinstance(value, (dict, Members)) else ("[", "]")


def _leaf(value: Any) -> str:
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, (dict, list)):
        return "".join(_brackets(value))
    return json.dumps(value, ensure_ascii=False, default=str)


def _preview(value: Any, room: int = PREVIEW) -> str:
    """A closed container on one line: its first members, as far as there is room."""
    first, last = _brackets(value)
    told: list[str] = []
    for lead, member in _pairs(value):
        room -= len(lead) + 2
        if told and room < 8:
            break
        if _is_open(member):
            one, other = _brackets(member)
            words = _preview(member, room) if room > 24 else f"{one}{len(member):,}{other}"
        else:
            cut = isinstance(member, str) and len(member) > max(8, room)
            words = f"{_leaf(member[: max(8, room)])[:-1]}…" if cut else _leaf(member)
        room -= len(words)
        told.append(lead + words)
    left = len(value) - len(told)
    told += [f"… {left:,} more"] if left else []
    return f"{first} {', '.join(told)} {last}"


def _holds(value: Any, needle: str) -> bool:
    """Whether the lines of a value, wholly open, have a text in them."""
    return any(_holds_pair(pair, needle) for pair in _pairs(value))


def _holds_pair(pair: tuple[str, Any], needle: str) -> bool:
    case = any(map(str.isupper, needle))
    stack = [pair]
    while stack:
        lead, value = stack.pop()
        opened = _is_open(value)
        line = lead + (_brackets(value)[0] if opened else _leaf(value))
        if needle in (line if case else line.lower()):
            return True
        if opened:
            stack.extend(_pairs(value))
    return False
