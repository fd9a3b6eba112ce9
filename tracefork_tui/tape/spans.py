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
from hashlib import blake2b, sha256
from typing import Any, Callable, NamedTuple

from .records import REQUEST, RESPONSE

CUT = re.compile(rb'\}(?=\s*,\s*\{\s*"|\s*\]\s*,\s*"|\s*\]\s*\}\s*\Z)')
SMALL = 48
SHORTEST = 24  # bytes that are worth a reference
ANCHOR = 64
ANCHORS = 32
TEXTS = (b"{", b"[", b"event:", b"data:", b"id:", b":")
RECENT = 64
KNOWN = 1 << 16
REPLY_MOST = 1 << 18

Clean = Callable[[bytes, int], bytes]


class Body:
    """A body that `Spans.take` has looked at: its bytes and their SHA-256.

    Its first `shared` parts, `known` bytes, are those of `base`; `origin` is the earliest step
    whose body starts with them. Likewise its last `ending` bytes: `end_origin` is the earliest
    step whose body ends with them, and that body's size.
    """

    __slots__ = (
        "base",
        "data",
        "digest",
        "edition",
        "end_origin",
        "ending",
        "known",
        "origin",
        "parts",
        "shared",
        "size",
        "states",
        "step",
    )

    def __init__(self, data: bytes, base: Body | None, shared: int, known: int) -> None:
        self.data = data
        self.size = len(data)
        self.base = base
        self.shared = shared
        self.known = known
        self.edition = 0
        self.step = self.origin = self.ending = 0
        self.end_origin = (0, 0)
        self.parts: list[bytes] = base.parts[:shared] if base else []
        self.states: list[Any] = base.states[:shared] if base else []
        self.digest = b""
        if base is not None:
            self.origin = base.origin if base.origin and known <= base.known else base.step


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
        base, shared, known = self._closest(body)
        data = body
        if clean is not None:
            data = clean(body, known if base is not None and base.edition == edition else 0)
        if data is not body:
            base, shared, known = self._closest(data)
        taken = Body(data, base, shared, known)
        taken.edition = edition if data is body else -1
        state = taken.states[-1].copy() if shared else sha256()
        for part in split(data, known):
            state.update(part)
            taken.parts.append(part)
            taken.states.append(state.copy())
        taken.digest = state.digest()
        return taken

    def add(self, step: int, taken: Body) -> list[Any]:
        """Remember a body as that of `step`'s request; gives its pieces."""
        pieces = _Pieces(taken.data)
        new = position = taken.known
        if position:
            pieces.refer(taken.origin, REQUEST, 0, position)
        fresh: dict[bytes, tuple[int, int]] = {}
        ending = self._ending(taken)
        for part in taken.parts[taken.shared : len(taken.parts) - ending]:
            place = self._place(part, fresh, step, position)
            if place is not None:
                self._store(pieces, taken, new, position)
                pieces.refer(place[0], REQUEST, place[1], len(part))
                new = position + len(part)
            position += len(part)
        self._store(pieces, taken, new, position)
        if ending:
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
        position = 0
        for text in body.split(b'"'):
            if len(text) >= ANCHOR:
                start = text[:ANCHOR]
                self._anchors[start] = _Anchor(start, position, step, body)
            position += len(text) + 1
        while len(self._anchors) > ANCHORS:
            self._anchors.popitem(last=False)

    def _closest(self, body: bytes) -> tuple[Body | None, int, int]:
        """The recent body that shares most of its start: how many parts, how many bytes."""
        best: tuple[Body | None, int, int] = (None, 0, 0)
        for candidate in reversed(self._recent):
            count = position = 0
            for part in candidate.parts:
                if not body.startswith(part, position):
                    break
                position += len(part)
                count += 1
            if position > best[2] or best[0] is None:
                best = (candidate, count, position)
            if count and goes_on(candidate, count, position, body):
                break
        return best

    def _ending(self, taken: Body) -> int:
        """How many parts at the end are those of the base; their origin is put down."""
        base = taken.base
        if base is None:
            return 0
        count = size = 0
        theirs, ours = base.parts[taken.shared :], taken.parts[taken.shared :]
        for old, new in zip(reversed(theirs), reversed(ours)):
            if old != new:
                break
            count += 1
            size += len(new)
        if size < SHORTEST:
            return 0
        taken.ending = size
        taken.end_origin = base.end_origin if size <= base.ending else (base.step, base.size)
        return count

    def _place(
        self, part: bytes, fresh: dict[bytes, tuple[int, int]], step: int, position: int
    ) -> tuple[int, int] | None:
        """Where an earlier body holds `part`; where this one does is put among the `fresh`."""
        if len(part) < SHORTEST:
            return None
        key = blake2b(part, digest_size=16).digest()
        fresh[key] = (step, position)
        return self._known.get(key)

    def _store(self, pieces: _Pieces, taken: Body, start: int, stop: int) -> None:
        """`data[start:stop]`, less what stood there before at its start and at its end."""
        data, base = taken.data, taken.base
        tail: tuple[int, int] | None = None
        if base is not None and len(taken.parts) > taken.shared < len(base.parts):
            first, before = start == taken.known, base.parts[taken.shared]
            if first:
                same = common(before, data[start:stop])
                if same >= SHORTEST:
                    pieces.refer(base.step, REQUEST, start, same)
                    start += same
            end = taken.known + len(before)
            if stop == len(data):
                before, end = base.parts[-1], base.size
            if (first or stop == len(data)) and start < stop:
                same = common(before[::-1], data[max(start, stop - len(before)) : stop][::-1])
                if same >= SHORTEST:
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
            left = body[max(0, position - at + start) : position]
            before = common(data[start:at][::-1], left[::-1])
            length = before + common(data[at:stop], body[position : position + stop - at])
            pieces.new(start, at - before)
            pieces.refer(anchor.step, RESPONSE, position - before, length)
            start = at - before + length
        pieces.new(start, stop)

    def _remember(self, step: int, taken: Body) -> None:
        base = taken.base
        if base in self._recent and goes_on(base, taken.shared, taken.known, taken.data):
            self._recent.remove(base)
        taken.step = step
        taken.base, taken.data = None, b""
        self._recent.append(taken)
        del self._recent[:-RECENT]


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


def goes_on(earlier: Body, count: int, position: int, body: bytes) -> bool:
    """True if `body`, which shares `count` parts with an earlier one, takes its place."""
    rest = earlier.size - position
    return rest * 8 < earlier.size or body.endswith(b"".join(earlier.parts[count:]))


def split(body: bytes, start: int = 0) -> list[bytes]:
    """`body[start:]` in parts; parts under SMALL bytes stay with the next one."""
    parts = []
    for match in CUT.finditer(body, start):
        end = match.end()
        if end - start >= SMALL:
            parts.append(body[start:end])
            start = end
    if start < len(body):
        parts.append(body[start:])
    return parts


def common(a: bytes, b: bytes) -> int:
    """How many bytes `a` and `b` have in common at their start."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
