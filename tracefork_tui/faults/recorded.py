"""A recorded exchange as faults look at it, and surgery on its chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from tracefork_tui import wire
from tracefork_tui.tape.answer import Answer, Error
from tracefork_tui.tape.steps import Exchange, Headers
from tracefork_tui.wire import sse
from tracefork_tui.wire.body import Decoded, decode_chunks

Chunks = list[bytes]


class Recorded:
    """One exchange: what it asked for, and its reply decoded."""

    def __init__(self, step: Exchange) -> None:
        self.step = step
        self.answer = step.answer
        self.url = step.request.url
        self.api = wire.api_of(self.url)

    @cached_property
    def replied(self) -> bool:
        """True if there is a successful response with a body."""
        status = self.answer.status
        return status is not None and status < 300 and any(self.answer.chunks)

    @cached_property
    def streamed(self) -> bool:
        """True if the reply is a stream; where there is none, if one was asked for."""
        if self.replied:
            return wire.is_sse(self.answer.headers, b"".join(self.chunks))
        request = self.step.request
        asked = wire.conversation(request.method, self.url, request.headers, request.body)
        return asked is not None and asked.stream

    @cached_property
    def problem(self) -> str:
        """Why the body cannot be decoded; "" if it can."""
        return self._decoded.problem

    @property
    def chunks(self) -> Chunks:
        return list(self._decoded.chunks)

    @cached_property
    def events(self) -> list[sse.Event]:
        return sse.parse(self.chunks)

    @cached_property
    def message(self) -> dict[str, Any] | None:
        """The reply as a message, None if it holds none."""
        if not self.replied or self.answer.error is not None:
            return None
        return wire.message_of(self.url, self.answer.headers, self.answer.chunks)

    def serve(self, chunks: Sequence[bytes], error: Error | None = None) -> Answer:
        """The recorded response with another body, which may break off in an error."""
        kept = without(self.answer.headers, "content-encoding", "content-length")
        return self.answer._replace(headers=kept, chunks=list(chunks), error=error)

    @cached_property
    def _decoded(self) -> Decoded:
        return decode_chunks(self.answer.chunks, self.answer.headers)


def without(headers: Sequence[tuple[str, str]], *names: str) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in names]


def split(chunks: Chunks, at: int) -> tuple[Chunks, Chunks]:
    """The chunks before and after a byte offset, their other boundaries kept."""
    before: Chunks = []
    after: Chunks = []
    for chunk in chunks:
        before.append(chunk[:at])
        after.append(chunk[at:])
        at = max(0, at - len(chunk))
    return [c for c in before if c], [c for c in after if c]


Need = Callable[[Recorded], str | None]


def a_reply(recorded: Recorded) -> str | None:
    """Refused without a successful reply whose bytes can be read."""
    answer = recorded.answer
    if answer.status is None:
        return "it has no reply"
    if answer.status >= 300:
        return f"the recorded reply is a {answer.status}"
    if not recorded.replied:
        return "the recorded reply has no body"
    return recorded.problem or None


def a_stream(recorded: Recorded) -> str | None:
    if not recorded.streamed:
        return "the recorded reply is not streamed"
    return None if recorded.events else "the recorded stream has no events"


def something(recorded: Recorded) -> str | None:
    answer = recorded.answer
    return "it has no reply" if answer.status is None and answer.error is None else None
