"""The steps of a tape, as a reader sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from .answer import Answer, Error

if TYPE_CHECKING:
    from .reader import Tape

Headers = list[tuple[str, str]]


class Chunk(NamedTuple):
    """A piece of a response's body as the agent received it: `data`, bytes, undecoded (gzip stays
    gzip); `at`: seconds from the run's start.
    """

    at: float
    data: bytes


class Request:
    """What the agent sent.

    `n`: the step. `method`, `url`: str, secrets in the query redacted. `headers`: list of (name,
    value), both str, in wire order. `size`: bytes of the body; `body_hash`: its SHA-256, 32 bytes.
    `body` is read from the tape when it is looked at.
    """

    __slots__ = ("_tape", "body_hash", "headers", "method", "n", "size", "url")

    def __init__(
        self, tape: Tape, n: int, method: str, url: str, headers: Headers, size: int, digest: bytes
    ) -> None:
        self._tape = tape
        self.n = n
        self.method = method
        self.url = url
        self.headers = headers
        self.size = size
        self.body_hash = digest

    @property
    def body(self) -> bytes:
        """The body's exact bytes. Raises TapeError where the tape is damaged."""
        return self._tape.request_body(self.n)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url}, {self.size} bytes)"


class Response:
    """What came back.

    `status`: int. `reason`, `http_version` ("HTTP/1.1"): str. `headers`: list of (name, value),
    both str, in wire order. `chunks`: list of Chunk, as they arrived; joined they are `body`.
    """

    __slots__ = ("chunks", "headers", "http_version", "reason", "status")

    def __init__(
        self, status: int, reason: str, http_version: str, headers: Headers, chunks: list[Chunk]
    ) -> None:
        self.status = status
        self.reason = reason
        self.http_version = http_version
        self.headers = headers
        self.chunks = chunks

    @property
    def body(self) -> bytes:
        """The body's exact bytes, undecoded."""
        return b"".join(chunk.data for chunk in self.chunks)

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.chunks)} chunks)"


@dataclass(frozen=True, eq=False, repr=False)
class _Step:
    """What all steps have.

    `n`: from 1. `at`: seconds from the run's start. `task`: name of the thread or asyncio task, ""
    where there was but one. `call_site`: the agent's own frames, "agent.py:88 in ask", the
    innermost first. `provenance`: who answered it: "live", "recorded", "stale", "edited", "fault",
    "scripted" or "human".
    """

    n: int
    at: float
    task: str
    call_site: tuple[str, ...]
    provenance: str
    _tape: Any

    @property
    def fingerprint(self) -> str:
        """The chain up to this step, hex."""
        value: str = self._tape.fingerprint_at(self.n)
        return value


@dataclass(frozen=True, repr=False)
class Exchange(_Step):
    """One HTTP request and what came of it.

    `at`: seconds from the run's start to the request; `first_at`, `ended_at`: to the response's
    head and to the end, None where it did not come. `ended`: "eof", "closed" (the agent stopped
    reading), "cancelled", "error", or "" when the agent died waiting. `response` and `error` may
    both be there (a reset in mid-body), or neither. `error`: `module`, `name` and `message` of the
    exception, and its `cause`, an error or None.
    """

    request: Request
    response: Response | None
    error: Error | None
    ended: str
    first_at: float | None
    ended_at: float | None

    kind = "exchange"

    @property
    def duration(self) -> float | None:
        """Seconds from the request to the end of the exchange."""
        return None if self.ended_at is None else self.ended_at - self.at

    @property
    def answer(self) -> Answer:
        """What was received, as a primitive answer that can be served again."""
        if self.response is None:
            return Answer(status=None, error=self.error)
        response = self.response
        return Answer(
            status=response.status,
            headers=response.headers,
            chunks=[chunk.data for chunk in response.chunks],
            error=self.error,
            reason=response.reason,
            http_version=response.http_version,
        )

    def __repr__(self) -> str:
        return f"Exchange({self.n}, {self.request!r}, {self.response!r}, error={self.error!r})"


@dataclass(frozen=True, repr=False)
class Draw(_Step):
    """One nondeterministic value that the agent read.

    `name` is the source ("time.time", "uuid.uuid4", "stdin"), `type` what the value stands for
    ("float", "uuid", "datetime", ...), `value` as it is on the tape (a uuid and a datetime are
    strings). `given`: what a call (of a tool, of a command) was given, None for all others.
    """

    name: str
    type: str
    value: Any
    given: Any = None

    kind = "draw"

    def __repr__(self) -> str:
        return f"Draw({self.n}, {self.name}={self.value!r})"


Step = Union[Exchange, Draw]


@dataclass(frozen=True)
class Note:
    """Something about the run that is not a step: an effect, a divergence, a limit.

    `at`: seconds from the run's start. `kind`: "file", "socket", "subprocess", "divergence", ...
    `data`: what is known of it, a dict of plain values.
    """

    at: float
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How the run ended. `exit_code` is None when a signal ended it, `signal` otherwise.

    `at`: seconds from the run's start. `exception`: class and message of what the agent did not
    catch, or "". `output`: the last that it printed.
    """

    at: float
    exit_code: int | None
    signal: int | None
    exception: str
    output: str

    @property
    def how(self) -> str:
        """`signal 15`, `exit code 0`, or what ends a run that was recorded from within."""
        if self.signal is not None:
            return f"signal {self.signal}"
        return "the block's end" if self.exit_code is None else f"exit code {self.exit_code}"
