"""Lanes beside the steps on screen: one for each conversation, and one more for each exchange of it
that ran at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..tape.steps import Exchange
from .caching import held_by, is_break
from .look import Reader
from .times import CHUNKS, DURATIONS, START_TIMES


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
        return Talk(reader.talk(n), step.task, *span, *cached)
    except Exception:  # whatever a damaged or hostile tape holds
        return Talk(0, "", 0.0, 0.0)


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
