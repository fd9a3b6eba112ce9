"""Where a text or a number first entered a run, and everywhere it went.

Of each request only what it added is looked at, so that the work grows with what was said and
not with how often it was resent; a place that holds the same value again is told once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from ..tape.errors import TapeError
from ..tape.steps import Draw, Exchange, Headers
from ..wire import decode, is_stream
from ..wire.body import header
from .added import added
from .bodies import response_value
from .entry import Kind, entered
from .facts import Facts, plain
from .needle import needle
from .places import Places, path_of
from .slices import SLICE, Slice, sliced
from .values import Key

if TYPE_CHECKING:
    from ..tape.reader import Tape

MOST = 500
"""Occurrences that are told."""
FEW = 50
"""Occurrences of one step that are told."""
AROUND = 40
"""Characters of an excerpt on each side."""

Side = Literal["request", "response", "draw"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place that holds the text: side of step `n`, and the keys that lead there.

    `excerpt`: the text with what stands around it, on one line, raw from the tape.
    """

    n: int
    side: Side
    keys: tuple[Key, ...] = field(repr=False)
    excerpt: str

    @property
    def path(self) -> str:
        """`messages[2].content`, `headers["request-id"]`, `url`; "" for a whole value."""
        return path_of(self.keys)

    @property
    def expression(self) -> str:
        """The value of this place as an expression, to watch it."""
        root = "value" if self.side == "draw" else self.side
        return root + path_of(("", *self.keys)).removeprefix('[""]') if self.keys else root


@dataclass(frozen=True, slots=True)
class Origin:
    """Where `text` came from: `first` is None where the run does not hold it.

    `kind`: prompt, tool result, draw, reply, header, url, tool definition, error, request or
    response. `what`: the same in words, raw from the tape. `more`: not all places are told.
    """

    text: str
    first: Occurrence | None
    kind: Kind | None
    what: str
    occurrences: tuple[Occurrence, ...]
    more: bool = False


def origin(tape: Tape, text: str, at: int | None = None, most: int = MOST) -> Origin:
    """Where a text, a number or an id came from, and where it went.

    `at`: the step where it was seen, whose occurrences are told however many came before.
    """
    found = [one for _, one in _traced(tape, text, at, most + 1) if one is not None]
    return summed(tape, text, found, at, most)


def places(tape: Tape, n: int, text: str, most: int = FEW) -> list[Occurrence]:
    """The first places of one step that hold the text: of its answer, else of its whole request."""
    search, step = _Search(tape, text, whole=True), Facts(tape, n).step
    if isinstance(step, Exchange):
        found = list(islice(search.answered(n, step), most))
        return found or list(islice(search.asked(n, step), most))
    return list(islice(search.step(n), most))


def origin_slices(
    tape: Tape, text: str, at: int | None = None, most: int = MOST, seconds: float = SLICE
) -> Iterator[Slice[Occurrence]]:
    """The occurrences in slices of time; `summed` makes an Origin of them all."""
    return sliced(_traced(tape, text, at, most + 1), seconds)


def summed(
    tape: Tape, text: str, found: list[Occurrence], at: int | None = None, most: int = MOST
) -> Origin:
    """The Origin that occurrences amount to."""
    kept = found[:most] + [one for one in found[most:] if one.n == at]
    if not kept:
        return Origin(text, None, None, "", ())
    kind, what = entered(tape, kept[0].n, kept[0].side, kept[0].keys)
    return Origin(text, kept[0], kind, what, tuple(kept), len(found) > most)


def _traced(
    tape: Tape, text: str, at: int | None, most: int
) -> Iterator[tuple[int, Occurrence | None]]:
    """Each step once, and once more for each occurrence in it."""
    search = _Search(tape, text)
    told = 0
    for n in range(1, len(tape.index.first) + 1):
        if told >= most and (at is None or n > at):
            return
        if told < most or n == at:
            for one in search.step(n):
                told += 1
                yield n, one
                if told >= most and n != at:
                    break
        yield n, None


class _Search:
    """Looks through one step after the other, in order; at a `whole` request, or what it added."""

    def __init__(self, tape: Tape, text: str, whole: bool = False) -> None:
        self._whole = whole
        self._tape = tape
        self._needle = needle(text)
        self._reach = 8 * len(text) + 64
        self._across = "}" in text
        self._requests, self._others = Places(), Places()
        self._seen: set[object] = set()

    def step(self, n: int) -> Iterator[Occurrence]:
        """The occurrences in step `n` that were not there before."""
        step = Facts(self._tape, n).step
        if isinstance(step, Draw):
            data = _dump(plain(step.value))
            yield from self._hits(n, "draw", data, self._others, once=False)
        elif isinstance(step, Exchange):
            yield from self.asked(n, step)
            yield from self.answered(n, step)

    def asked(self, n: int, step: Exchange) -> Iterator[Occurrence]:
        """Those on the request's side."""
        request = step.request
        yield from self._line(n, "request", ("url",), request.url)
        yield from self._headers(n, "request", request.headers)
        try:
            whole = self._whole or header(request.headers, "content-encoding")
            new = None if whole else added(self._tape, n)
            if new and not self._possible(new.runs, new.apart):
                return
            body = decode(request.body, request.headers)
        except TapeError:
            return
        start = max(0, new.start - self._reach) if new else 0
        yield from self._hits(n, "request", body, self._requests, start=start)

    def _possible(self, runs: list[bytes], apart: bool) -> bool:
        """Whether a body may hold something new, as far as what was added tells."""
        if runs and (self._across or not apart):
            return True
        return any(self._needle.search(run) for run in runs)

    def answered(self, n: int, step: Exchange) -> Iterator[Occurrence]:
        """Those on the answer's side."""
        response = step.response
        if step.error is not None:
            yield from self._line(n, "response", ("error",), str(step.error))
        if response is None:
            return
        yield from self._headers(n, "response", response.headers)
        body = decode(response.body, response.headers)
        if is_stream(response.headers, body):
            value = response_value(step)
            body = body if isinstance(value, str) else _dump(value)
        yield from self._hits(n, "response", body, self._others, once=False)

    def _headers(self, n: int, side: Side, pairs: Headers) -> Iterator[Occurrence]:
        for name, value in pairs:
            yield from self._line(n, side, ("headers", name.lower()), value)

    def _line(self, n: int, side: Side, keys: tuple[Key, ...], line: str) -> Iterator[Occurrence]:
        """A header, a URL: told where it is new."""
        if (keys, line) in self._seen:
            return
        self._seen.add((keys, line))
        data = line.encode("utf-8", "surrogatepass")
        if self._needle.search(data):
            yield Occurrence(n, side, keys, excerpt(line, self._needle))

    def _hits(
        self, n: int, side: Side, data: bytes, places: Places, start: int = 0, once: bool = True
    ) -> Iterator[Occurrence]:
        """The places in a body that hold the text; with `once`, those that did not before."""
        while match := self._needle.search(data, start):
            place = places.at(data, match.start())
            value = data[place.start : place.end]
            start = max(place.end, match.end())
            if not place.start <= match.start() < place.end:
                value = data[max(0, match.start() - AROUND) : match.end() + AROUND]
            key = (place.keys, hash(value))
            if once and key in self._seen:
                continue
            self._seen.add(key)
            yield Occurrence(n, side, place.keys, excerpt(_spelled(value), self._needle))


def excerpt(text: str, pattern: re.Pattern[bytes]) -> str:
    """The first match with a few characters around it, on one line."""
    data = text.encode("utf-8", "surrogatepass")
    match = pattern.search(data)
    start, end = match.span() if match else (0, 0)
    before = data[:start].decode("utf-8", "replace")
    found = data[start:end].decode("utf-8", "replace")[: 4 * AROUND]
    after = data[end : end + 4 * AROUND].decode("utf-8", "replace")
    left = before if len(before) <= AROUND else "…" + before[-AROUND:]
    right = after[:AROUND] + ("…" if len(data) > end + len(after[:AROUND].encode()) else "")
    return " ".join(f"{left}{found}{right}".split())


def _spelled(value: bytes) -> str:
    """A JSON text without its quotes and escapes; anything else as it is."""
    if value[:1] == b'"':
        try:
            return str(json.loads(value))
        except ValueError:
            pass
    return value.decode("utf-8", "replace").strip(" :\n\r\t")


def _dump(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = str(value)
    return text.encode("utf-8", "surrogatepass")
