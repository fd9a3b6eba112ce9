"""Server-sent events: bytes to events, whatever the chunking, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NEWLINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `name` ("" if none was sent), `data` lines joined by a newline.

    `start` and `end` are byte offsets in the joined body, blank line included; `chunk` is the
    index of the chunk that completed the event.
    """

    name: str
    data: str
    start: int
    end: int
    chunk: int


class Parser:
    """Incremental reader: feed chunks as they come, then close.

    A carriage return that ends a chunk is held back until the next byte tells CR from CRLF, so the
    offsets do not depend on where the body was cut.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._at = 0
        self._chunk = -1
        self._begin_block()

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        self._chunk += 1
        if not chunk:
            return []
        held_cr = bool(self._waiting) and self._waiting[-1].endswith(b"\r")
        self._waiting.append(chunk)
        if not held_cr and b"\n" not in chunk and b"\r" not in chunk:
            return []
        return self._consume(last=False)

    def close(self) -> list[Event]:
        """The event that a held-back carriage return completes, if any."""
        return self._consume(last=True) if self._waiting else []

    @property
    def tail(self) -> int | None:
        """Offset of an event that was begun and not completed, None if there is none."""
        if self._start is not None:
            return self._start
        return self._at if any(self._waiting) else None

    def _begin_block(self) -> None:
        self._start: int | None = None
        self._name = ""
        self._data: list[str] = []
        self._seen = False

    def _consume(self, last: bool) -> list[Event]:
        data = b"".join(self._waiting)
        events: list[Event] = []
        done = 0
        for newline in _NEWLINE.finditer(data):
            if not last and newline.end() == len(data) and newline.group() == b"\r":
                break
            event = self._line(data[done : newline.start()], done, newline.end())
            done = newline.end()
            if event:
                events.append(event)
        self._waiting = [data[done:]]
        self._at += done
        return events

    def _line(self, line: bytes, begin: int, end: int) -> Event | None:
        if self._at + begin == 0:
            line = line.removeprefix(_BOM)
        if not line:
            return self._end_block(self._at + end)
        if self._start is None:
            self._start = self._at + begin
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            self._data.append(text)
            self._seen = True
        elif field == b"event":
            self._name = text
            self._seen = True
        return None

    def _end_block(self, end: int) -> Event | None:
        event = None
        if self._seen and self._start is not None:
            event = Event(self._name, "\n".join(self._data), self._start, end, self._chunk)
        self._begin_block()
        return event


def parse(chunks: Iterable[bytes]) -> list[Event]:
    """All complete events of a body; an event without its blank line is left out."""
    parser = Parser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


def encode(name: str, data: str) -> bytes:
    """One event on the wire; an empty `name` sends the data alone."""
    head = f"event: {name}\n" if name else ""
    lines = "".join(f"data: {line}\n" for line in re.split(r"\r\n|\n|\r", data))
    return f"{head}{lines}\n".encode("utf-8", "replace")
