"""Lanes beside the steps on screen: one for each conversation, and one more for each exchange of it
that ran at the same time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .. import wire
from ..tape.steps import Exchange
from ..wire.body import decode, dump
from .caching import held_by, is_break, unmarked
from .look import Reader
from .times import CHUNKS, DURATIONS, START_TIMES

LIMIT = 128 * 1024
"""The most bytes that are read of a body's first message and of its instructions."""

OPENING = 40
"""The part of the instructions that tells agents apart; further on there may be a date."""

_MESSAGES = re.compile(rb'"(?:messages|input|contents)"\s*:\s*(?=[\["])')
_SYSTEMS = (b'"system":', b'"instructions":', b'"systemInstruction":', b'"system_instruction":')
_JSON = json.JSONDecoder()


class Talk(NamedTuple):
    """What lanes are made of: which conversation an exchange belongs to (0: none), the task it was
    made in, when it was under way, and the tokens that were in the cache then and after it."""

    key: int
    task: str
    at: float
    until: float
    read: int | None = None
    held: int | None = None


def talk_of(reader: Reader, n: int) -> Talk:
    """Never raises, whatever the tape holds."""
    step = reader.step(n)
    try:
        if not isinstance(step, Exchange):
            task = getattr(step, "task", "")
            return Talk(0, task if isinstance(task, str) else "", 0.0, 0.0)
        timed = not reader.lacks & {START_TIMES, DURATIONS, CHUNKS}
        until = step.at if step.ended_at is None else step.ended_at
        span = (step.at, until) if timed else (0.0, 0.0)
        reply = reader.reply(n)
        usage = reply.usage if reply and not reply.error else None
        cached = (usage.cache_read_tokens, held_by(usage)) if usage else (None, None)
        return Talk(_key(step), step.task, *span, *cached)
    except Exception:  # whatever a damaged or hostile tape holds
        return Talk(0, "", 0.0, 0.0)


def _key(step: Exchange) -> int:
    """The same for the exchanges of a conversation: it begins with the same message, and with the
    same words to the model. Only the body's first message is read, not the body."""
    if not wire.api_of(step.request.url):
        return 0
    body = decode(step.request.body, step.request.headers)
    found = _MESSAGES.search(body)
    if found is None:
        return 0
    first = list(_first(body[found.end() : found.end() + LIMIT].decode("utf-8", "replace")))
    if not first:
        return 0
    told = [_system(body, found.start()), *first[:-1]]
    opening = "".join(_words(one) for one in told)[:OPENING]
    return hash((opening, dump(unmarked(first[-1])))) or 1


def _first(text: str) -> Iterator[Any]:
    """Messages up to the first that is not an instruction."""
    if text[0] == '"':
        yield _value(text, 0)[0]
        return
    at = 1
    for _ in range(4):
        at += len(text[at:]) - len(text[at:].lstrip(" \n\r\t,"))
        if text[at : at + 1] in ("", "]"):
            return
        value, at = _value(text, at)
        yield value
        if not isinstance(value, dict) or value.get("role") not in ("system", "developer"):
            return


def _value(text: str, at: int) -> tuple[Any, int]:
    """The JSON value at a place and where it ends; the text itself where it is cut."""
    try:
        return _JSON.raw_decode(text, at)
    except (ValueError, RecursionError):
        return text[at:], len(text)


def _system(body: bytes, messages: int) -> Any:
    """The instructions that stand outside of the messages; those before them, else the last."""
    for name in _SYSTEMS:
        at = body.find(name, 0, messages)
        at = body.rfind(name, messages) if at < 0 else at
        if at > 0 and body[at - 1 : at] in (b",", b"{", b" ", b"\n"):
            start = at + len(name)
            text = body[start : start + LIMIT].decode("utf-8", "replace").lstrip()
            return _value(text, 0)[0]
    return ""


def _words(value: Any) -> str:
    """The text in a message or in instructions."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_words, value))
    if isinstance(value, dict):
        return "".join(_words(value[key]) for key in ("text", "content", "parts") if key in value)
    return ""


@dataclass
class Lane:
    """Some exchanges of one conversation, by their places among the rows, first to last."""

    key: int
    places: list[int]
    last: int
    column: int = 0


class Lanes:
    """The lanes of some rows. `width`: columns that are used; with one there is nothing to tell."""

    def __init__(self, talks: Sequence[Talk], most: int, before: dict[int, int]) -> None:
        """`before`: the columns that conversations had in the last picture; they keep them."""
        self._talks = talks
        lanes = list(_lanes(talks))
        self.columns: dict[int, int] = {}
        self.width = _place(lanes, before, self.columns)
        self.hidden = max(0, self.width - most)
        self.width = min(self.width, most)
        self._lanes = [lane for lane in lanes if lane.column < most]
        self._column_of = {place: lane.column for lane in lanes for place in lane.places}
        self.breaks = set(_breaks(talks))

    def cells(self, place: int, glyph: str) -> str:
        """The lanes at a row: its own sign in its column, lines for those that go on."""
        cells = [" "] * self.width
        for lane in self._lanes:
            if lane.places[0] <= place <= lane.last:
                cells[lane.column] = "┃" if self._under_way(lane, place) else "│"
        own = min(self._own(place), self.width - 1)
        cells[own] = glyph
        return "".join(cells)

    def _under_way(self, lane: Lane, place: int) -> bool:
        begun = [one for one in lane.places if one < place]
        if not begun:
            return False
        until = self._talks[begun[-1]].until
        later = (talk for talk in self._talks[place:] if talk.key and talk.at)
        here = next(later, None)
        return here is not None and here.at < until

    def _own(self, place: int) -> int:
        """The column of a row: an exchange's own; for a draw that of its task's last exchange."""
        if place in self._column_of:
            return self._column_of[place]
        task = self._talks[place].task
        earlier = (one for one in range(place - 1, -1, -1) if one in self._column_of)
        return next((self._column_of[one] for one in earlier if self._talks[one].task == task), 0)


def _lanes(talks: Sequence[Talk]) -> Iterator[Lane]:
    """Each conversation, parted where its exchanges overlap in time."""
    lanes: dict[int, list[Lane]] = {}
    for place, talk in enumerate(talks):
        if not talk.key:
            continue
        of_key = lanes.setdefault(talk.key, [])
        free = (lane for lane in of_key if talks[lane.places[-1]].until <= talk.at)
        lane = next(free, None)
        if lane is None:
            lane = Lane(talk.key, [], place)
            of_key.append(lane)
        lane.places.append(place)
        lane.last = place
    for of_key in lanes.values():
        for lane in of_key:
            until = talks[lane.places[-1]].until
            later = (p for p, talk in enumerate(talks) if p > lane.last and talk.key)
            lane.last = max((p for p in later if talks[p].at < until), default=lane.last)
            yield lane


def _place(lanes: list[Lane], before: dict[int, int], columns: dict[int, int]) -> int:
    """Give each lane a column of its own while it lasts; gives the number of columns."""
    placed: list[Lane] = []
    for lane in sorted(lanes, key=lambda lane: lane.places[0]):
        taken = {
            other.column
            for other in placed
            if other.places[0] <= lane.last and lane.places[0] <= other.last
        }
        wanted = before.get(lane.key, -1)
        free = next(column for column in range(len(lanes) + 1) if column not in taken)
        keeps = 0 <= wanted < len(lanes) and wanted not in taken
        lane.column = wanted if keeps else free
        columns.setdefault(lane.key, lane.column)
        placed.append(lane)
    return 1 + max((lane.column for lane in lanes), default=0)


def _breaks(talks: Iterable[Talk]) -> Iterator[int]:
    """Where a conversation read less from the cache than it had there."""
    held: dict[int, int] = {}
    for place, talk in enumerate(talks):
        if talk.key and talk.held is not None:
            if talk.read is not None and is_break(held.get(talk.key, 0), talk.read):
                yield place
            held[talk.key] = talk.held
