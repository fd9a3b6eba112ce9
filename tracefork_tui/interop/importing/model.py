"""What an importer gives: runs of exchanges and values, and what their source lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...tape.errors import TapeError
from ...wire.body import dump
from ...wire.loose import obj, seq

Pairs = list[tuple[str, str]]

REQUEST_BYTES = "exact request bytes"
CASSETTE_LACKS = ("command", "draws", "call sites", "exit code", "chunk boundaries")
"""What no recording of plain HTTP traffic has."""

LIMIT = 256 * 1024 * 1024
"""The most bytes that a compressed source, or one body of it, is unpacked to."""


class NotImported(TapeError):
    """A source that cannot be imported. The message is one line: the file and the reason."""


class Unknown(NotImported):
    """A file that is no recording we know."""


@dataclass
class Traffic:
    """One exchange of a source. Times are seconds on one clock of the source; None is unknown.

    `status` None: nothing came back; `error` says why, where the source does. `pending`: the
    source ends while the exchange was under way. `whole`: `chunks` is the body in one piece,
    whatever pieces it came in.
    """

    method: str
    url: str
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    response_headers: Pairs = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    error: str = ""
    pending: bool = False
    whole: bool = True
    at: float | None = None
    first_at: float | None = None
    ended_at: float | None = None
    task: str = ""


@dataclass
class Value:
    """A value that the agent read, as a draw: a clock, an id, a tool's result."""

    name: str
    type: str
    value: Any
    at: float | None = None
    task: str = ""


@dataclass
class Run:
    """One run of an agent: its events in the order of the source, and what the source lacks.

    `started`: seconds since 1970, None where unknown. `notes`: what a user should know about the
    import, one line each. `about`: what else the source says of the run.
    """

    events: list[Traffic | Value]
    lacks: tuple[str, ...] = CASSETTE_LACKS
    name: str = ""
    started: float | None = None
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A run of a source that becomes one tape. `name` tells it from its siblings, "" if alone."""

    load: Callable[[], Run]
    name: str = ""


def data(value: Any) -> bytes:
    """A body as bytes: text as UTF-8, nothing as no bytes, other JSON as its text."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return b"" if value is None else json_bytes(value)


def json_bytes(value: Any) -> bytes:
    """JSON as most clients send it: compact, not escaped."""
    return dump(value).encode("utf-8", "surrogatepass")


def text(value: Any) -> str:
    """A value as one line of text that can be kept on a tape."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, bool):
        value = str(value).lower()
    line = "" if value is None else str(value)
    return line.encode("utf-8", "replace").decode().replace("\r", " ").replace("\n", " ")


def pairs(headers: Any) -> Pairs:
    """Header pairs from {name: value or values}, from [{name, value}], or from pairs."""
    if isinstance(headers, Mapping):
        return [
            (text(name), text(value))
            for name, values in headers.items()
            for value in (values if isinstance(values, list) else [values])
        ]
    rows = (row if isinstance(row, list) else [obj(row).get("name"), obj(row).get("value")]
            for row in seq(headers))  # fmt: skip
    return [(text(row[0]), text(row[1])) for row in rows if len(row) == 2 and row[0]]


def number(value: Any) -> int | None:
    """A whole number, as such or as digits."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
