"""Tool calls on one line: their names, and of their arguments what there is room for.

Values stand without their names. What tells a call from its neighbours is shown before the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size

from .model import Part
from .visible import printed

MOST = 8
"""The most tools of a reply, calls of a tool and values of a call that are looked at."""

LONGEST = 120
SHORT = 24
LEAST = 5
"""The fewest cells that a longer value is cut to."""

NAME = 12
WANTED = 8
"""A longer name gives way, down to NAME cells, where arguments have less than WANTED."""

CLOSING = 3
"""The cells of what ends a call whose values are not all told."""

MARK = " · "
ALIKE = 10
"""Added to the rank of a value that the neighbours have too."""


class Value(NamedTuple):
    """An argument. Those of a higher `rank` are left out first; before `start`, the text is that
    of a neighbour."""

    key: str
    text: str
    rank: int
    start: int = 0


Values = tuple[Value, ...]


class Called(NamedTuple):
    """A tool, and the arguments of each call to it."""

    name: str
    calls: tuple[Values, ...]

    @property
    def words(self) -> str:
        return _times(self.name, len(self.calls))


Piece = tuple[str, bool]
"""A text, and whether it tells of arguments."""


def calling(parts: Sequence[Part]) -> list[Part]:
    """The calls of a reply; what the server called itself, where it said nothing else."""
    found = [part for part in parts if part.kind == "tool_use"]
    if found or any(part.text.strip() for part in parts if part.kind == "text"):
        return found
    return [part for part in parts if part.kind == "server_tool_use"]


def names(calls: Iterable[Part]) -> str:
    """The tools that are called, in the order of their first calls."""
    counted = Counter(_name(part) for part in calls)
    return ", ".join(_times(name, count) for name, count in counted.items())


def called(calls: Iterable[Part]) -> tuple[Called, ...]:
    """The tools that are called, with arguments."""
    found: dict[str, list[Values]] = {}
    for part in calls:
        given = part.raw_input if part.broken else part.input
        found.setdefault(_name(part), []).append(values_of(given))
    return tuple(Called(name, tuple(one)) for name, one in found.items())


def _name(part: Part) -> str:
    return printed(part.name, 40) or "?"


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{name} ×{count}"


def values_of(given: Any) -> Values:
    """What a call was given, each value on one harmless line."""
    if given is None:
        return ()
    items = given.items() if isinstance(given, dict) else [("", given)]
    return tuple(_value(str(key), value) for key, value in islice(items, MOST))


def _value(key: str, value: Any) -> Value:
    text = text_of(value)
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""
    return Value(key, text, 2 if not plain else 1 if cell_len(text) > SHORT else 0)


def text_of(value: Any, depth: int = 2) -> str:
    """A value on one harmless line; of what is nested only values, and not the names."""
    if isinstance(value, str):
        return printed(value, LONGEST) or '""'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple, dict)):
        items = value.values() if isinstance(value, dict) else value
        told = [text_of(one, depth - 1) for one in islice(items, MOST)] if depth else ["…"]
        if isinstance(value, dict):
            return f"{{{', '.join(told)}}}"[:LONGEST]
        return " ".join(told)[:LONGEST] or "[]"
    return printed(repr(value), LONGEST)


def against(calls: Sequence[Called], neighbours: Iterable[Sequence[Called]]) -> tuple[Called, ...]:
    """The calls, ranked by what differs from other calls of the same tools, also among them."""
    others: dict[str, list[Values]] = {}
    for one in (one for row in (calls, *neighbours) for one in row):
        others.setdefault(one.name, []).extend(one.calls)
    return tuple(
        Called(one.name, tuple(_ranked(values, others[one.name]) for values in one.calls))
        for one in calls
    )


def _ranked(values: Values, calls: Sequence[Values]) -> Values:
    others = [{one.key: one.text for one in other} for other in calls if other != values]
    if not others:
        return values
    told = [value.text for value in values]
    if any(told == list(other.values()) and len(other) == len(told) for other in others):
        return tuple(value._replace(text=f"{value.key}={value.text}") for value in values)
    return tuple(_beside(value, [other.get(value.key) for other in others]) for value in values)


def _beside(value: Value, others: Sequence[str | None]) -> Value:
    different = [text for text in others if text != value.text]
    if not different:
        return value._replace(rank=value.rank + ALIKE)
    shared = max(_shared(value.text, text or "") for text in different)
    while shared and value.text[shared - 1].isalnum():
        shared -= 1
    return value._replace(start=shared)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (x, y) in pairs if x != y), min(len(one), len(other)))


def tell(calls: Sequence[Called], room: int) -> list[Piece]:
    """The calls in at most so many cells: the names first, then what fits of the arguments."""
    shown, more = calls[:MOST], len(calls[MOST:])
    while len(shown) > 1 and cell_len(line(shown, more)) > room:
        shown, more = shown[:-1], more + 1
    over = cell_len(line(shown, more)) + WANTED - room
    if len(shown) == 1 and over > 0 and any(shown[0].calls):
        name = shown[0].name
        shown = [shown[0]._replace(name=fit(name, max(NAME, cell_len(name) - over)))]
    bare = line(shown, more)
    if cell_len(bare) > room:
        return [(fit(bare, room), False)]
    pieces = _composed(shown, _chosen(shown, room, more), more)
    return [piece for piece in pieces if piece[0]]


def within(words: str, core: str, calls: Sequence[Called], room: int) -> list[Piece]:
    """A label in so many cells. `core` is what gives way in it: a path, or the names of `calls`,
    whose arguments are told where marks after them, or half of a value, leave room."""
    before, core, after = words.partition(core) if core else (words, "", "")
    free = room - cell_len(before)
    if not core or free < LEAST or (not calls and cell_len(words) <= room):
        return [(fit(words, room), False)]
    spare = max(0, free - cell_len(core)) if calls else free
    most = free - min(cell_len(after), spare if after.startswith(MARK) else (spare + 1) // 2)
    told = tell(calls, most) if calls else [(squeezed(Value("", core, 0), most), False)]
    rest = free - sum(cell_len(text) for text, _ in told)
    return [(before, False), *told, (fit(after, rest), False)]


def line(calls: Sequence[Called], more: int = 0) -> str:
    """The tools without arguments; `more` are not told."""
    return ", ".join(one.words for one in calls) + (f" +{more}" if more else "")


Slot = tuple[int, int, int]
"""The places of a tool, a call of it, and a value."""


def _chosen(calls: Sequence[Called], room: int, more: int) -> dict[Slot, str]:
    """What is shown of which values."""
    every: dict[Slot, Value] = {
        (i, j, k): value
        for i, one in enumerate(calls)
        for j, values in enumerate(one.calls[:MOST])
        for k, value in enumerate(values)
    }
    texts: dict[Slot, str] = {}

    def free(slot: Slot, text: str) -> int:
        composed = _composed(calls, {**texts, slot: text}, more)
        return room - sum(cell_len(text) for text, _ in composed)

    def most_of(slot: Slot, most: int) -> str:
        """As much of a value as fits; where it is cut, less has to stand after it."""
        left = min(most, free(slot, ""))
        tries = (squeezed(every[slot], left + extra) for extra in (*range(CLOSING, 0, -1), 0))
        return next((text for text in tries if free(slot, text) >= 0), "")

    skipped = False
    for slot in sorted(every, key=lambda slot: (every[slot].rank, slot[2], slot))[: 2 * MOST]:
        text = most_of(slot, SHORT)
        if text == every[slot].text or (cell_len(text) >= LEAST and not skipped):
            texts[slot] = text
        else:
            skipped = True
    for slot in texts:
        texts[slot] = most_of(slot, LONGEST)
    return texts


def _composed(calls: Sequence[Called], texts: dict[Slot, str], more: int) -> list[Piece]:
    pieces: list[Piece] = []
    for i, one in enumerate(calls):
        last = i == len(calls) - 1 and not more
        pieces += [(", " if i else "", False), (one.words, False)]
        pieces.append((_arguments(one, i, texts, last), True))
    return [*pieces, (f" +{more}" if more else "", False)]


def _arguments(one: Called, i: int, texts: dict[Slot, str], last: bool) -> str:
    """What is told of a tool's calls, in brackets; at the end of a line none closes after a cut."""
    told = [
        ", ".join(texts[i, j, k] for k in range(len(values)) if (i, j, k) in texts)
        for j, values in enumerate(one.calls)
    ]
    count = sum(slot[0] == i for slot in texts)
    if not count:
        return ""
    inner = "; ".join(filter(None, told))
    if count < sum(map(len, one.calls)) and not inner.endswith("…"):
        inner += " …"
    return f"({inner}" if last and inner.endswith("…") else f"({inner})"


def squeezed(value: Value, room: int) -> str:
    """A value in so many cells: from shortly before it differs, of a path rather the end."""
    text = value.text
    if cell_len(text) <= room:
        return text
    word = text[: text.find(" ") + 1]
    lead = word if len(word) <= room // 3 else ""
    if value.start > len(lead) + 3:
        left = room - len(lead) - 1
        rest = text[value.start :]
        return f"{lead}…{fit(rest, left) if cell_len(rest) > left else _end(text, left)}"
    if not _is_path(text):
        return fit(text, room)
    end = _end(text, room - 1)
    slash = end.find("/")
    return "…" + (end[slash:] if 0 < slash < len(end) - LEAST // 2 else end)


def _end(text: str, room: int) -> str:
    return set_cell_size(text[::-1], max(0, room))[::-1].lstrip()


def _is_path(text: str) -> bool:
    return "/" in text and " " not in text


def fit(text: str, room: int) -> str:
    """As much of a text as fits into so many cells, with an ellipsis where some is left out."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 0 else ""
