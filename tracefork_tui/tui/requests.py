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

LISTS = {"messages": "messages", "chat": "messages", "generate": "contents"}
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
            asked = wire.conversation(request.method, url, (), body)
        if asked is not None and asked.api in LISTS:
            self._read = [*self._read[1 - KEPT :], _Read(url, body, asked, outline)]
        return asked


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
