"""One line of the timeline for a step: what it did, at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..tape.steps import Draw, Exchange
from .look import Reader
from .text import plain, short

if TYPE_CHECKING:
    from ..wire import Reply
    from ..wire.calls import Called

WORDS = 90
NEAR = 2
FAR = 16
"""The steps of a kind before and after that calls are told apart from."""

ENDS = {"cancelled": "cancelled by the agent", "closed": "closed early", "": "no answer yet"}
PROVENANCE = {
    "live": "live",
    "recorded": "rec",
    "stale": "stale",
    "edited": "edited",
    "fault": "fault",
    "scripted": "script",
    "human": "human",
}


class Row(NamedTuple):
    """`bad`: an error, which `words` begin to tell with a ✗. `core`: the piece of `words` that
    gives way where room is short: a path, or the names of `calls`, that have arguments to tell."""

    n: int
    glyph: str
    words: str
    bad: bool = False
    provenance: str = ""
    core: str = ""
    calls: tuple[Called, ...] = ()


def row_of(reader: Reader, n: int) -> Row:
    """Never raises, whatever the tape holds."""
    step = reader.step(n)
    try:
        if isinstance(step, Exchange):
            words, bad = exchange_words(reader, step)
            mark = "✗ " if bad else ""
            row = Row(n, "●", mark + short(words, WORDS), bad, provenance_word(step.provenance))
            return _with_core(row, reader, step)
        if isinstance(step, Draw):
            return _drawn(step)
    except Exception as error:  # whatever a damaged or hostile tape holds
        return Row(n, "!", f"✗ cannot be shown: {plain(type(error).__name__)}", bad=True)
    return Row(n, "!", "✗ " + short(step.reason, WORDS), bad=True)


def _with_core(row: Row, reader: Reader, step: Exchange) -> Row:
    calls = calls_of(reader, step.n)
    if not calls:
        return row._replace(core=plain(where(step).partition(" ")[2]))
    from ..wire.calls import line

    return row._replace(core=line(calls), calls=calls)


def _drawn(step: Draw) -> Row:
    name = draw_name(step.name)
    mark = provenance_word(step.provenance)
    if step.given is None:
        return Row(step.n, "◇", short(f"{name} {draw_value(step)}", WORDS), False, mark)
    from ..wire.calls import text_of

    nested = isinstance(step.value, (dict, list))
    words = short(f"{name} {text_of(step.value) if nested else draw_value(step)}", WORDS)
    return Row(step.n, "◇", words, False, mark, name, given_to(step))


def given_to(step: Draw) -> tuple[Called, ...]:
    """The call that a draw stands for."""
    from ..wire.calls import Called, values_of

    return (Called(draw_name(step.name), (values_of(step.given),)),)


def calls_of(reader: Reader, n: int) -> tuple[Called, ...]:
    """The tools that the reply of exchange `n` calls, or the call that draw `n` stands for."""
    if reader.kind(n) == "draw":
        step = reader.step(n)
        return given_to(step) if isinstance(step, Draw) and step.given is not None else ()
    reply = reader.reply(n)
    if reply is None or not reply.parts:
        return ()
    from ..wire.calls import called, calling

    return called(calling(reply.parts))


def beside(reader: Reader, row: Row) -> Row:
    """The row, its calls ranked by what tells them from those of the steps around it."""
    if not row.calls:
        return row
    from ..wire.calls import against

    around = [
        calls_of(reader, other)
        for way in (-1, 1)
        for other in islice(_like(reader, row.n, way), NEAR)
    ]
    return row._replace(calls=against(row.calls, around))


def _like(reader: Reader, n: int, way: int) -> Iterator[int]:
    """The steps of the same kind before or after step `n`, nearest first; none far away."""
    if reader.kind(n) == "draw":
        last = min(n + FAR, reader.count) if way > 0 else max(n - FAR, 1)
        yield from (m for m in range(n + way, last + way, way) if reader.kind(m) == "draw")
        return
    other = reader.neighbour(n, way)
    while other is not None:
        yield other
        other = reader.neighbour(other, way)


def exchange_words(reader: Reader, step: Exchange) -> tuple[str, bool]:
    """What an exchange did, and whether it failed."""
    response = step.response
    if response is None:
        if step.error:
            return str(step.error), True
        return f"{ENDS.get(step.ended, step.ended)} · {where(step)}", bool(step.ended)
    reply = reader.reply(step.n)
    if reply is None:
        words = f"{response.status} {where(step)}"
    else:
        from .. import wire

        words = wire.label(None, reply)
        if response.status >= 400 and not words.startswith(str(response.status)):
            words = f"{response.status} {words}"
    if step.error:
        words = f"{step.error.name} in mid-body · {words}"
    elif step.ended in ENDS and not closed_whole(step, reply):
        words = f"{words} · {'still coming' if not step.ended else ENDS[step.ended]}"
    failed = step.error is not None or response.status >= 400 or bool(reply and reply.error)
    return words, failed


def closed_whole(step: Exchange, reply: Reply | None) -> bool:
    """Whether all was said when the agent closed it: OpenAI's SDK stops reading at [DONE]."""
    return step.ended == "closed" and reply is not None and bool(reply.stop_reason)


def is_bad(reader: Reader, n: int) -> bool:
    """Whether step `n` is an error, or cannot be read."""
    if reader.kind(n) == "draw":
        return False
    step = reader.step(n)
    try:
        return not isinstance(step, Exchange) or exchange_words(reader, step)[1]
    except Exception:  # whatever a damaged or hostile tape holds
        return True


def where(step: Exchange) -> str:
    """Method, host and path of an exchange, without its query."""
    try:
        parts = urlsplit(step.request.url)
        return f"{step.request.method} {parts.hostname or ''}{parts.path}"
    except ValueError:
        return f"{step.request.method} {step.request.url}"


def provenance_word(provenance: str) -> str:
    return PROVENANCE.get(provenance, provenance)


def draw_name(name: str) -> str:
    """`datetime.datetime.now` as datetime.now, `secrets.token_hex` as token_hex."""
    name = str(name)
    return name if len(name) <= 10 else name.partition(".")[2] or name


def draw_value(step: Draw) -> str:
    """A draw's value on one line; a wall clock as the time of day that it showed."""
    moment = moment_of(step.name, step.type, step.value)
    if moment is not None:
        return f"{moment:%H:%M:%S}{'Z' if moment.tzinfo is UTC else ''}"
    return '""' if step.value == "" else value_text(step.value)


WALL_CLOCKS = {"time", "localtime", "gmtime", "strftime", "ctime", "asctime"}


def moment_of(source: str, kind: str, value: Any) -> datetime | None:
    """The date and time that a wall clock showed, None for any other draw."""
    module, _, name = str(source).rpartition(".")
    try:
        if kind == "datetime" and isinstance(value, str):
            return datetime.fromisoformat(value)
        if module == "time" and isinstance(value, (int, float)):
            if name in WALL_CLOCKS:
                return datetime.fromtimestamp(value, UTC)
            if name == "time_ns":
                return datetime.fromtimestamp(value / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def value_text(value: Any, indent: int | None = None) -> str:
    """A recorded value as text: strings and bytes as they read, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex(" ")
    if type(value) is int or (type(value) is float and isfinite(value)):
        return repr(value)
    import json

    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    except (ValueError, RecursionError):
        return "(nested too deep to show)"
