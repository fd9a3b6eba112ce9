"""A run as a tape: redacted, in the order of its times, whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

from ...tape.answer import Error
from ...tape.errors import TapeError
from ...tape.reader import Tape
from ...tape.records import PROVENANCES
from ...tape.redact import MARK, Redactor, secret_header
from ...tape.seal import seal
from ...tape.urls import canonical_url
from ...tape.writer import Writer
from ...wire.address import api_of, provider_of
from ..imported import DURATIONS, FIRST_BYTE, START_TIMES
from .fitting import fit
from .model import NotImported, Pairs, Run, Traffic, Value

LIVE = PROVENANCES.index("live")
KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "google": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together": "TOGETHER_API_KEY",
}
"""The variable in which a client of each provider looks for its key."""

_SCRUBBED = re.compile(r"(?i)redact|dummy|filtered|scrub|placeholder|masked|\*{3}|x{4}|^<.*>$")

Event = Traffic | Value
Record = tuple[int, int, int, Callable[[Writer], Any]]


def write(run: Run, out: str, imported: dict[str, Any], secret: bytes) -> Tape:
    """Put the run on a new tape at `out`, which is replaced if it is there.

    `imported`: format and source, for the header; `secret` as in `seal`. Raises NotImported for
    a run without events, TapeError where the tape cannot be written.
    """
    _sort_out(run)
    layout = _Layout(run)
    changes = [(n, change) for n, event in layout.numbered() for change in _fitted(event)]
    header: dict[str, Any] = {
        "imported": {**imported, "lacks": [*run.lacks, *layout.lacks], **_told(run.about)},
        "name": run.name,
        "keys": sorted(_keys(run)),
    }
    if run.started is not None:
        header["started"] = run.started
    folder, name = os.path.split(os.path.abspath(out))
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        writer = Writer.create(temporary, header, force=True)
        try:
            for what, steps in _notes(run, changes).items():
                writer.note(0, "imported", {"what": what, **({"steps": steps} if steps else {})})
            for *_, record in sorted(_records(layout, _redactor(run)), key=lambda one: one[:3]):
                record(writer)
        except TapeError as error:
            raise NotImported(str(error)) from None
        finally:
            writer.close()
        seal(temporary, None, 0, secret).close()
        os.replace(temporary, out)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return Tape(out)


class _Layout:
    """The events in the order of their starts, with times in microseconds from the first.

    Where a start is unknown, events lie one after the other, as the source has them.
    """

    def __init__(self, run: Run) -> None:
        exchanges = [event for event in run.events if isinstance(event, Traffic)]
        self.timed = all(event.at is not None for event in run.events)
        self.events = sorted(run.events, key=lambda e: e.at or 0.0) if self.timed else run.events
        self.start = self.events[0].at or 0.0
        unended = any(one.ended_at is None and not one.pending for one in exchanges)
        unheaded = any(one.first_at is None for one in exchanges)
        said = ((START_TIMES, not self.timed), (DURATIONS, unended), (FIRST_BYTE, unheaded))
        self.lacks = [name for name, absent in said if absent]

    def numbered(self) -> Iterator[tuple[int, Event]]:
        return enumerate(self.events, 1)

    def times(self) -> Iterator[tuple[int, int, int]]:
        """Of each event: its start, its response's head, its end."""
        clock = 0.0
        for event in self.events:
            at = (event.at or 0.0) - self.start if self.timed else clock
            head = end = at
            if isinstance(event, Traffic):
                base = self.start if self.timed else -at
                end = max(at, event.ended_at - base) if event.ended_at is not None else at
                head = max(at, event.first_at - base) if event.first_at is not None else end
            clock = end
            yield round(at * 1e6), round(min(head, end) * 1e6), round(end * 1e6)


def _records(layout: _Layout, redactor: Redactor) -> Iterator[Record]:
    """Every record with its place: time, step, position within the step."""
    for (n, event), times in zip(layout.numbered(), layout.times(), strict=True):
        made = (
            _exchange(n, event, times, redactor)
            if isinstance(event, Traffic)
            else [(times[0], _draw(n, times[0], event, redactor))]
        )
        for position, (t, record) in enumerate(made):
            yield t, n, position, record


def _draw(n: int, t: int, event: Value, redactor: Redactor) -> Callable[[Writer], Any]:
    value = redactor.value(event.value)
    return lambda w: w.draw(n, t, event.task, (), LIVE, event.name, event.type, value)


def _exchange(
    n: int, one: Traffic, times: tuple[int, int, int], redactor: Redactor
) -> Iterator[tuple[int, Callable[[Writer], Any]]]:
    at, head, end = times
    url = redactor.url(one.url)
    asked, came = redactor.headers(one.headers), redactor.headers(one.response_headers)
    body = redactor.body(one.url, one.body)
    yield at, lambda w: w.send(n, at, one.task, (), LIVE, one.method, url, asked, body)
    chunks = [redactor.body(one.url, chunk) for chunk in one.chunks if chunk]
    if one.status is not None:
        status, reason, version = one.status, one.reason, one.http_version
        yield head, lambda w: w.head(n, head, status, reason, version, came)
        for chunk in chunks:
            yield end, lambda w, chunk=chunk: w.chunk(n, end, chunk)  # type: ignore[misc]
    if one.pending:
        return
    digest = sha256(b"".join(chunks) if one.status is not None else b"").digest()
    if one.error and one.status is None:
        error = Error("", "Error", redactor.text(one.error)).packed()
        yield end, lambda w: w.end(n, end, "error", error, digest)
    else:
        yield end, lambda w: w.end(n, end, "eof", None, digest)


def _sort_out(run: Run) -> None:
    """Leave out what is no exchange, and say so. Raises NotImported where nothing is left."""
    kept = [event for event in run.events if not _is_empty(event)]
    left = len(run.events) - len(kept)
    if not kept:
        raise NotImported("nothing was recorded in it")
    if left:
        run.notes.append(f"{left} entr{'y is' if left == 1 else 'ies are'} left out: no exchange")
    run.events = kept
    for event in kept:
        if isinstance(event, Traffic):
            _possible(event)


def _possible(one: Traffic) -> None:
    """Raises NotImported for what no exchange can have been."""
    if one.status is not None and not 0 < one.status < 1000:
        raise NotImported(f"it has a response with the status {one.status}")
    try:
        canonical_url(one.url, {})
    except ValueError as error:
        raise NotImported(f"it has a URL that is none ({error}): {one.url[:80]}") from None


def _is_empty(event: Event) -> bool:
    return isinstance(event, Traffic) and not (
        event.method or event.url or event.body or any(event.chunks)
    )


def _fitted(event: Event) -> list[str]:
    return fit(event) if isinstance(event, Traffic) and event.status is not None else []


def _notes(run: Run, changes: list[tuple[int, str]]) -> dict[str, list[int]]:
    """What is to be said of the import, with the steps that it is about."""
    notes: dict[str, list[int]] = {what: [] for what in run.notes}
    for n, change in changes:
        notes.setdefault(change, []).append(n)
    return notes


def _redactor(run: Run) -> Redactor:
    """One that knows every secret of the run before the first body is written."""
    redactor = Redactor({})
    for event in run.events:
        if isinstance(event, Traffic):
            event.headers = _scrubbed(event.headers)
            redactor.headers(event.headers)
            redactor.headers(event.response_headers)
    return redactor


def _scrubbed(headers: Pairs) -> Pairs:
    """Credentials that the source has replaced already: the word in their place is no secret."""
    return [
        (name, MARK if secret_header(name) and _SCRUBBED.search(value) else value)
        for name, value in headers
    ]


def _keys(run: Run) -> set[str]:
    """The variables that an agent which makes these requests will look into."""
    urls = {event.url for event in run.events if isinstance(event, Traffic)}
    named = {url: provider_of(url) for url in urls}
    spoken = (name for url, name in named.items() if api_of(url) or f"{name}." in url)
    return {KEYS[name] for name in spoken if name in KEYS}


def _told(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value not in (None, "", {}, "null")}
