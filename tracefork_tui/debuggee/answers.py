"""Serving recorded or made-up answers: heads, chunks and ends, each when its turn has come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..tape.answer import Answer, Error
from ..tape.errors import Divergence, Halt
from . import trios
from .flight import LIBRARIES, Flight
from .held import real_sleep
from .raising import rebuild, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

DEEPEST = 6
NO_MORE = ("", "closed", "cancelled")


def serve(flight: Flight, library: Any, request: Any) -> Any:
    """The response to a synchronous request. Raises the answer's error where it has no head."""
    answer, delivery = flight.answer, _Delivery(flight, library)
    assert answer is not None
    if answer.delay:
        real_sleep(answer.delay)
    delivery.wait()
    if answer.status is None:
        raise delivery.failure()
    stream = derived(_ServedSync, library.SyncByteStream)(delivery)
    return delivery.response(request, stream)


async def serve_async(flight: Flight, library: Any, request: Any) -> Any:
    """The response to an asynchronous request. Raises the answer's error where it has no head."""
    answer, delivery = flight.answer, _Delivery(flight, library)
    assert answer is not None
    if answer.delay:
        await _pause(answer.delay)
    try:
        if answer.status is None and answer.error is None:
            await delivery.nothing()
        await delivery.wait_async()
    except BaseException as error:
        try:
            await delivery.wait_async(cancelled=True)
        finally:
            delivery.interrupted(error)
        raise
    if answer.status is None:
        raise delivery.failure()
    stream = derived(_ServedAsync, library.AsyncByteStream)(delivery)
    return delivery.response(request, stream)


async def _pause(seconds: float) -> None:
    """A sleep of ours, that is not the agent's."""
    trio = trios.running()
    if trio is not None:
        await trio.sleep(seconds)
        return
    import asyncio

    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def tracefork_pause() -> None:
        if not over.done():
            over.set_result(None)

    timer = loop.call_later(seconds, tracefork_pause)
    try:
        await over
    finally:
        timer.cancel()


def ended(error: BaseException) -> tuple[str, list[Any] | None]:
    """How an exchange ended that raised: (records.ENDS, packed error)."""
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if asyncio is not None and isinstance(error, asyncio.CancelledError):
        return "cancelled", None
    if trio is not None and isinstance(error, trio.Cancelled):
        return "cancelled", None
    if isinstance(error, GeneratorExit):
        return "closed", None
    return "error", _described(error, 0).packed()


def _described(error: BaseException, depth: int) -> Error:
    cause, implicit = error.__cause__, False
    if cause is None and not error.__suppress_context__:
        cause, implicit = error.__context__, True
    kind = type(error)
    module = "" if kind.__module__.partition(".")[0] in LIBRARIES else kind.__module__
    below = None if cause is None or depth == DEEPEST else _described(cause, depth + 1)
    return Error(module, kind.__qualname__, text_of(error), below, below is not None and implicit)


_classes: dict[tuple[type, type], type] = {}


def derived(stream: type, base: type) -> Any:
    """`stream` as a subclass of the library's own byte stream."""
    key = (stream, base)
    if key not in _classes:
        _classes[key] = type(stream.__name__, (stream, base), {})
    return _classes[key]


class _Delivery:
    """A flight's answer on its way to the agent, in the recorded order."""

    def __init__(self, flight: Flight, library: Any) -> None:
        session = flight.session
        answer = flight.answer
        assert answer is not None
        self.answer: Answer = answer
        self._flight = flight
        self._library = library
        self._n = flight.verdict.source
        self._gate = session.gate if self._n == flight.n else None

    # Turns

    def wait(self) -> None:
        if self._gate is not None:
            self._gate.wait(self._n)

    async def wait_async(self, cancelled: bool = False) -> None:
        if self._gate is not None:
            await self._gate.wait_async(self._n, cancelled)

    def due(self) -> None:
        """Wait, in a thread, until it can end."""
        if self._gate is not None and not self._flight.ended:
            self._flight.session.due(self._n)

    # Deliveries

    def response(self, request: Any, stream: Any) -> Any:
        answer = self.answer
        self._flight.head(answer.status or 0, answer.reason, answer.http_version, answer.headers)
        self._passed()
        return self._library.Response(
            answer.status,
            headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers],
            stream=stream,
            request=request,
            extensions={
                "http_version": answer.http_version.encode("latin-1"),
                "reason_phrase": answer.reason.encode("latin-1"),
            },
        )

    def chunk(self, data: bytes) -> bytes:
        self._flight.chunk(data)
        self._passed()
        return data

    def end(self, how: str, error: list[Any] | None = None) -> None:
        """Only the first end counts; nothing is delivered after it."""
        self._flight.end(how, error)
        if self._gate is not None:
            self._gate.over(self._n)

    def interrupted(self, error: BaseException) -> None:
        """The agent stopped reading; a run that the tape ended is left without an end."""
        if not isinstance(error, Divergence):
            self.end(*ended(error))

    def failure(self) -> BaseException:
        """The answer's error as the exception to raise, or Halt where the tape knows no more."""
        error = self.answer.error
        if error is None:
            return self.unknown()
        self.end("error", error.packed())
        return self.exception(error)

    def exception(self, error: Error) -> BaseException:
        return rebuild(error, self._library)

    @property
    def known(self) -> bool:
        """False where the recorded run saw no more of this answer than has been served."""
        return self.answer.error is not None or self._flight.verdict.ended not in NO_MORE

    def unknown(self) -> BaseException:
        what = "stopped reading" if self._flight.verdict.ended == "closed" else "ended"
        halt = Halt(f"the recorded run {what} here: what came after is not on the tape")
        return self._flight.session.fail(halt, {"step": self._flight.n})

    async def nothing(self) -> None:
        """Deliver nothing until the agent cancels; raises when nothing else can happen."""
        flight = self._flight
        if flight.verdict.ended != "closed" and flight.session.gate is not None:
            await flight.session.gate.stall()
        raise self.unknown()

    def _passed(self) -> None:
        if self._gate is not None:
            self._gate.passed(self._n)


class _ServedSync:
    """One that is iterated a second time goes on where the first stopped, as a connection does."""

    def __init__(self, delivery: _Delivery) -> None:
        self._delivery = delivery
        self._chunks = iter(delivery.answer.chunks)

    def __iter__(self) -> Iterator[bytes]:
        delivery = self._delivery
        try:
            for chunk in self._chunks:
                delivery.wait()
                yield delivery.chunk(chunk)
            if not delivery.known:
                raise delivery.unknown()
            delivery.wait()
            delivery.due()
        except BaseException as error:
            delivery.interrupted(error)
            raise
        if delivery.answer.error is not None:
            raise delivery.failure()
        delivery.end("eof")

    def close(self) -> None:
        self._delivery.due()
        self._delivery.end("closed")


class _ServedAsync:
    """The end comes when it is closed, as when it was recorded."""

    def __init__(self, delivery: _Delivery) -> None:
        self._delivery = delivery
        self._chunks = iter(delivery.answer.chunks)
        self._how: tuple[str, list[Any] | None] = ("closed", None)
        self._left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        delivery = self._delivery
        try:
            for chunk in self._chunks:
                await delivery.wait_async()
                yield delivery.chunk(chunk)
            if not delivery.known:
                await delivery.nothing()
        except BaseException as error:
            self._left = isinstance(error, Divergence)
            self._how = ended(error)
            raise
        self._how = ("eof", None)
        if delivery.answer.error is not None:
            self._how = ("error", delivery.answer.error.packed())
            raise delivery.exception(delivery.answer.error)

    async def aclose(self) -> None:
        delivery = self._delivery
        try:
            await delivery.wait_async(cancelled=self._how[0] == "cancelled")
        finally:
            if not self._left:
                delivery.end(*self._how)
