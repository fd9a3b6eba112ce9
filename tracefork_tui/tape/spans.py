"""Bodies as lists of pieces, so that a conversation that is resent every turn is stored once.

A piece is either bytes, or `[step, side, start, length]`: that range of the request body (side
records.REQUEST) or response body (records.RESPONSE) of an earlier step. Joining the pieces gives
the body, whatever was shared.

A body is compared with recent ones: the parts that it starts with are shared without being
hashed again. The rest is cut behind the `}` that closes a JSON object in a list of objects (a
place that cannot occur unescaped inside a JSON string), and each part is looked up by its hash.
What is still new is compared with the bytes that stood in its place before, and with the long
strings of recent responses: what the model said is what the agent sends next.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, Callable, NamedTuple

from .hashing import sha256
from .records import REQUEST, RESPONSE

CUT = re.compile(rb'\}(?=\s*,\s*\{\s*"|\s*\]\s*,\s*"|\s*\]\s*\}\s*\Z)')
SMALL = 48
SHORTEST = 24  # bytes that are worth a reference
ANCHOR = 64
LONG = re.compile(rb'"([^"]{%d})' % ANCHOR)
ANCHORS = 32
TEXTS = (b"{", b"[", b"event:", b"data:", b"id:", b":")
RECENT = 64
HELD = 1 << 25  # bytes of recent bodies
KNOWN = 1 << 16

Clean = Callable[[bytes, int], bytes]


class Body:
    """A body that `Spans.take` has looked at: its bytes and their SHA-256.

    A part lies between one of its `cuts` and the next. The first `shared` parts, `known` bytes,
    are those of `base`; `origin` is the earliest step whose body starts with them; behind them
    come those that are `new`. The last of these, `ending` bytes, the base ends with too:
    `end_origin` is the earliest step whose body ends with them, and that body's size. `states`:
    the hash of its first bytes, with their number. `apart`: how many parts of the base it does not
    start with; the next body is likely to part from this one there.
    """

    __slots__ = (
        "apart",
        "base",
        "cuts",
        "data",
        "digest",
        "edition",
        "end_origin",
        "ending",
        "known",
        "new",
        "origin",
        "shared",
        "size",
        "states",
        "step",
    )

    def __init__(self, data: bytes, base: Body | None, shared: int, edition: int) -> None:
        self.data = data
        self.size = len(data)
        self.base = base
        self.shared = shared
        self.edition = edition
        self.step = self.origin = 0
        self.end_origin = (0, 0)
        self.cuts: list[int] = base.cuts[: shared + 1] if base else [0]
        self.states: list[tuple[int, Any]] = base.states.copy() if base else [(0, sha256())]
        self.known = self.cuts[-1]
        self.apart = 0
        if base is not None:
            self.apart = len(base.cuts) - 1 - shared
            self.origin = base.origin if base.origin and self.known <= base.known else base.step
        self.new = self._split()
        self.ending = self._ending()
        self.digest = self._hash()

    def starts(self, body: bytes) -> int:
        """How many of its parts `body` starts with."""
        data, cuts = memoryview(self.data), self.cuts
        low, high = 0, len(cuts) - 1
        middle = max(high - self.apart, 1)
        while low < high:
            if body.startswith(data[cuts[low] : cuts[middle]], cuts[low]):
                low = middle
            else:
                high = middle - 1
            middle = (low + high + 1) // 2
        return low

    def goes_on(self, position: int, body: bytes) -> bool:
        """True if `body`, which shares `position` bytes with this one, takes its place."""
        rest = self.size - position
        return rest * 8 < self.size or body.endswith(memoryview(self.data)[position:])

    def _split(self) -> list[bytes]:
        """The parts that are new; those under SMALL bytes stay with the next one."""
        data, start, parts = self.data, self.known, []
        for match in CUT.finditer(data, start):
            end = match.end()
            if end - start >= SMALL:
                parts.append(data[start:end])
                self.cuts.append(end)
                start = end
        if start < self.size:
            parts.append(data[start:])
            self.cuts.append(self.size)
        return parts

    def _ending(self) -> int:
        """How many bytes of new parts the base ends with; their origin is put down."""
        base, size = self.base, 0
        if base is None:
            return 0
        for part in reversed(self.new):
            if not base.data.endswith(part, self.known, base.size - size):
                break
            size += len(part)
        if size < SHORTEST:
            return 0
        self.end_origin = base.end_origin if size <= base.ending else (base.step, base.size)
        return size

    def _hash(self) -> bytes:
        """The SHA-256; its state is kept where the next body seems to part from this one: before
        the ending, else before the last part.
        """
        states, data = self.states, self.data
        while states[-1][0] > self.known:
            states.pop()
        start, state = states[-1]
        end = self.size - self.ending
        if not self.ending and self.new:
            end -= len(self.new[-1])
        state = state.copy()
        state.update(data[start:end])
        states.append((end, state))
        state = state.copy()
        state.update(data[end:])
        digest: bytes = state.digest()
        return digest


class _Anchor(NamedTuple):
    """The start of a long string in the response body of a step."""

    start: bytes
    position: int
    step: int
    body: bytes


class Spans:
    """Remembers the bodies of a run. Not for two threads at once."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        self._recent: list[Body] = []
        self._anchors: OrderedDict[bytes, _Anchor] = OrderedDict()

    def take(self, body: bytes, clean: Clean | None = None, edition: int = 0) -> Body:
        """Compare a body with those before it; nothing is remembered yet.

        `clean(body, known)` gives the body without its secrets; the first `known` bytes were
        given back unchanged before, by the same `edition` of what is secret.
        """
        base, shared = self._closest(body)
        data = body
        if clean is not None:
            known = base.cuts[shared] if base is not None and base.edition == edition else 0
            data = clean(body, known)
        if data is body:
            return Body(data, base, shared, edition)
        return Body(data, *self._closest(data), -1)

    def add(self, step: int, taken: Body) -> list[Any]:
        """Remember a body as that of `step`'s request; gives its pieces."""
        pieces = _Pieces(taken.data)
        new = position = taken.known
        if position:
            pieces.refer(taken.origin, REQUEST, 0, position)
        fresh: dict[bytes, tuple[int, int]] = {}
        for part in taken.new:
            size = len(part)
            if position + size > taken.size - taken.ending:
                break
            if size >= SHORTEST:
                key = sha256(part).digest()
                fresh[key] = (step, position)
                place = self._known.get(key)
                if place is not None:
                    self._store(pieces, taken, new, position)
                    pieces.refer(place[0], REQUEST, place[1], size)
                    new = position + size
            position += size
        self._store(pieces, taken, new, position)
        if taken.ending:
            origin, size = taken.end_origin
            pieces.refer(origin, REQUEST, size - taken.ending, taken.ending)
        self._known.update(fresh)
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        self._remember(step, taken)
        return pieces.found

    def reply(self, step: int, body: bytes) -> None:
        """Remember the long strings in the response of `step`, if it is JSON or events of it."""
        if not body.startswith(TEXTS):
            return
        for match in LONG.finditer(body):
            start = match[1]
            self._anchors[start] = _Anchor(start, match.start(1), step, body)
        while len(self._anchors) > ANCHORS:
            self._anchors.popitem(last=False)

    def _closest(self, body: bytes) -> tuple[Body | None, int]:
        """The recent body that shares most of its start: how many parts."""
        best: Body | None = None
        count = most = 0
        for candidate in reversed(self._recent):
            shared = candidate.starts(body)
            position = candidate.cuts[shared]
            if position > most or best is None:
                best, count, most = candidate, shared, position
            if shared and candidate.goes_on(position, body):
                break
        return best, count

    def _store(self, pieces: _Pieces, taken: Body, start: int, stop: int) -> None:
        """`data[start:stop]`, less what stood there before at its start and at its end."""
        data, base = taken.data, taken.base
        tail: tuple[int, int] | None = None
        if base is not None and taken.new and taken.known < base.size:
            end = base.cuts[taken.shared + 1]
            first, before = start == taken.known, base.data[taken.known : end]
            if first:
                same = worth(before, data[start:stop])
                if same:
                    pieces.refer(base.step, REQUEST, start, same)
                    start += same
            if stop == len(data):
                before, end = base.data[base.cuts[-2] :], base.size
            if (first or stop == len(data)) and start < stop:
                same = worth_at_end(before, data[max(start, stop - len(before)) : stop])
                if same:
                    tail = (end - same, same)
                    stop -= same
        self._said(pieces, data, start, stop)
        if base is not None and tail is not None:
            pieces.refer(base.step, REQUEST, *tail)

    def _said(self, pieces: _Pieces, data: bytes, start: int, stop: int) -> None:
        """`data[start:stop]`, less what recent responses hold."""
        for anchor in tuple(self._anchors.values()):
            at = data.find(anchor.start, start, stop) if stop - start >= ANCHOR else -1
            if at < 0:
                continue
            del self._anchors[anchor.start]
            body, position = anchor.body, anchor.position
            text = body[position : body.find(b'"', position)]
            same = len(text) if data.startswith(text, at, stop) else 0
            same += common(data[at + same : stop], body[position + same : position + stop - at])
            pieces.new(start, at)
            pieces.refer(anchor.step, RESPONSE, position, same)
            start = at + same
        pieces.new(start, stop)

    def _remember(self, step: int, taken: Body) -> None:
        base, recent = taken.base, self._recent
        if base in recent and base.goes_on(taken.known, taken.data):
            recent.remove(base)
        taken.step, taken.base, taken.new = step, None, []
        recent.append(taken)
        del recent[:-RECENT]
        while len(recent) > 1 and sum(body.size for body in recent) > HELD:
            del recent[0]


class _Pieces:
    """The pieces of a body, in order; references that follow on each other become one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.found: list[Any] = []

    def refer(self, step: int, side: int, start: int, length: int) -> None:
        last = self.found[-1] if self.found else b""
        if type(last) is list and last[:2] == [step, side] and last[2] + last[3] == start:
            last[3] += length
        else:
            self.found.append([step, side, start, length])

    def new(self, start: int, stop: int) -> None:
        if start < stop:
            self.found.append(self._data[start:stop])


def common(a: bytes, b: bytes) -> int:
    """How many bytes `a` and `b` have in common at their start."""
    at, step, size = 0, 64, min(len(a), len(b))
    while at < size and a[at : at + step] == b[at : at + step]:
        at += step
        step = min(2 * step, 4096)
    ours, theirs = a[at : min(at + step, size)], b[at : min(at + step, size)]
    differ = int.from_bytes(ours, "big") ^ int.from_bytes(theirs, "big")
    return min(at, size) + len(ours) - (differ.bit_length() + 7) // 8


def worth(a: bytes, b: bytes) -> int:
    """As `common`, 0 for less than is worth a reference."""
    return common(a, b) if len(b) >= SHORTEST and a.startswith(b[:SHORTEST]) else 0


def worth_at_end(a: bytes, b: bytes) -> int:
    """As `worth`, of their ends."""
    found = len(b) >= SHORTEST and a.endswith(b[-SHORTEST:])
    return common(a[::-1], b[::-1]) if found else 0
