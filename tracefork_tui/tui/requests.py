"""What requests ask, read one after the other: of one that begins as another did, the messages
that both have are not decoded again."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .. import wire

if TYPE_CHECKING:
    from ..query.outline import Outline
    from ..tape.steps import Request

KEPT = 2
LEAST = 16 * 1024
"""Bytes of a body that are worth it."""

LARGE = 256 * 1024
MOST_REPEATED = 64 * 1024
"""Bytes of it that each part may have again."""

PART = 64
"""Messages of a large body that are decoded at a time."""

LISTS = {
    "messages": "messages",
    "chat": "messages",
    "generate": "contents",
    "converse": "messages",
}
"""Where an API has its messages, each of which is read as a turn of its own."""


class _Read(NamedTuple):
    """A request that was read; `outline` knows its messages once they are asked for."""

    url: str
    body: bytes
    asked: wire.Conversation
    outline: Outline


class Requests:
    """Gives what `wire.conversation` does. Not for two threads at once."""

    def __init__(self) -> None:
        self._read: list[_Read] = []

    def conversation(self, request: Request) -> wire.Conversation | None:
        """What a request asks of a model; None if that cannot be told. Raises TapeError."""
        url, body = request.url, wire.decode(request.body, request.headers)
        if len(body) < LEAST:
            return wire.conversation(request.method, url, (), body)
        from ..query.outline import Outline
        from ..query.places import common

        likely = ((common(one.body, body), one) for one in self._read if one.url == url)
        same, like = max(likely, key=lambda pair: pair[0], default=(0, None))
        asked = _onwards(like, same, request.method, body) if like else None
        outline = Outline()
        if like is not None and asked is not None:
            self._read.remove(like)
            outline = like.outline
        else:
            asked = _in_parts(outline, request.method, url, body)
        if asked is not None and asked.api in LISTS:
            self._read = [*self._read[1 - KEPT :], _Read(url, body, asked, outline)]
        return asked


def _in_parts(outline: Outline, method: str, url: str, body: bytes) -> wire.Conversation | None:
    """Read a body, a large one some messages at a time: decoded at once, its JSON takes several
    times the memory of what is kept of it."""
    if len(body) >= LARGE:
        for key in sorted(set(LISTS.values())):
            found = outline.items(body, key)[1]
            asked = _joined(found, key, method, url, body) if len(found) > PART else None
            if asked is not None:
                return asked
    return wire.conversation(method, url, (), body)


def _joined(
    found: list[tuple[int, int]], key: str, method: str, url: str, body: bytes
) -> wire.Conversation | None:
    """What a request asks, read in parts that all begin as it does. None where a part is not read
    as it would be within the whole."""
    first = _part(found, 0, 0, method, url, body)
    lead = PART - len(first.turns) if first else -1
    if first is None or LISTS.get(first.api) != key or not 0 <= lead < PART:
        return None
    if found[lead][1] + len(body) - found[-1][1] > MOST_REPEATED:
        return None  # what all parts have is no small part of it
    turns = [*first.turns]
    for start in range(PART, len(found), PART):
        part = _part(found, lead + 1, start, method, url, body)
        if part is None or replace(part, turns=()) != replace(first, turns=()):
            return None
        turns += part.turns[1:]
    return replace(first, turns=tuple(turns)) if len(turns) == len(found) - lead else None


def _part(
    found: list[tuple[int, int]], lead: int, start: int, method: str, url: str, body: bytes
) -> wire.Conversation | None:
    """What is asked where of the messages only the first `lead` are there, and PART of the others
    from place `start` on."""
    end = found[min(start + PART, len(found)) - 1][1]
    new = body[: found[lead][0]] + body[found[start][0] : end] + body[found[-1][1] :]
    return wire.conversation(method, url, (), new)


def _onwards(before: _Read, same: int, method: str, body: bytes) -> wire.Conversation | None:
    """Read a body whose first `same` bytes are those of the one before: its messages without
    those that both have. None where that does not work out."""
    key, turns = LISTS[before.asked.api], before.asked.turns
    start, known = before.outline.items(before.body, key)
    lead = len(known) - len(turns)
    shared = bisect_left(known, same, key=lambda item: item[1])
    if shared and body[known[shared - 1][1]] != ord(","):
        shared -= 1
    if not 0 <= lead <= shared - 2:
        return None
    now, found = before.outline.items(body, key)
    new = body[: known[lead][1] + 1] + body[known[shared - 1][1] + 1 :]
    asked = wire.conversation(method, before.url, (), new)
    if asked is None or now != start or len(asked.turns) != len(found) - shared + 1:
        return None
    kept = turns[1 : shared - lead]
    return replace(asked, turns=(*asked.turns[:1], *kept, *asked.turns[1:]))
