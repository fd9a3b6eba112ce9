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
from collections import OrderedDict, deque
from hashlib import blake2b, sha256
from typing import Any, Callable, NamedTuple

from .records import REQUEST, RESPONSE

CUT = re.compile(rb'\}(?=\s*,\s*\{\s*"|\s*\]\s*,\s*"|\s*\]\s*\}\s*\Z)')
SMALL = 48
SHORTEST = 24  # bytes that are worth a reference
ANCHOR = 64
ANCHORS = 32
RECENT = 64
KNOWN = 1 << 16
REPLY_MOST = 1 << 18

Clean = Callable[[bytes, int], bytes]


class Body:
    """A body that `Spans.take` has looked at: its bytes and their SHA-256.

    Its first `shared` parts, `known` bytes, are those of `base`; `origin` is the earliest step
    whose body starts with them.
    """

    __slots__ = (
        "base",
        "data",
        "digest",
        "edition",
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
        self.step = self.origin = 0
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
        self._anchors: deque[_Anchor] = deque(maxlen=ANCHORS)

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
        for part in taken.parts[taken.shared :]:
            place = self._place(part, step, position)
            if place is not None:
                self._store(pieces, taken, new, position)
                pieces.refer(place[0], REQUEST, place[1], len(part))
                new = position + len(part)
            position += len(part)
        self._store(pieces, taken, new, position)
        self._remember(step, taken)
        return pieces.found

    def reply(self, step: int, body: bytes) -> None:
        """Remember the long strings in the response of `step`."""
        position = 0
        for text in body.split(b'"'):
            if len(text) >= ANCHOR:
                self._anchors.append(_Anchor(text[:ANCHOR], position, step, body))
            position += len(text) + 1

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

    def _place(self, part: bytes, step: int, position: int) -> tuple[int, int] | None:
        """Where an earlier body holds `part`; the newest place is remembered."""
        if len(part) < SHORTEST:
            return None
        key = blake2b(part, digest_size=16).digest()
        place = self._known.get(key)
        if place is not None and place[0] == step:
            return None
        self._known[key] = (step, position)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return place

    def _store(self, pieces: _Pieces, taken: Body, start: int, stop: int) -> None:
        """`data[start:stop]`, less what stood there before at its start and at its end."""
        data, base = taken.data, taken.base
        tail: tuple[int, int] | None = None
        if base is not None and len(taken.parts) > taken.shared < len(base.parts):
            if start == taken.known:
                same = common(base.parts[taken.shared], data[start:stop])
                if same >= SHORTEST:
                    pieces.refer(base.step, REQUEST, start, same)
                    start += same
            if stop == len(data) and start < stop:
                last = base.parts[-1]
                same = common(last[::-1], data[max(start, stop - len(last)) : stop][::-1])
                if same >= SHORTEST:
                    tail = (base.size - same, same)
                    stop -= same
        self._said(pieces, data, start, stop)
        if base is not None and tail is not None:
            pieces.refer(base.step, REQUEST, *tail)

    def _said(self, pieces: _Pieces, data: bytes, start: int, stop: int) -> None:
        """`data[start:stop]`, less what recent responses hold."""
        for anchor in tuple(self._anchors):
            at = data.find(anchor.start, start, stop) if stop - start >= ANCHOR else -1
            if at < 0:
                continue
            self._anchors.remove(anchor)
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
