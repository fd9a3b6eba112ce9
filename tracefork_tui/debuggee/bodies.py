"""Bodies on their way: they are passed on as they come, and the tape is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answers import derived, ended
from .flight import Flight
from .session import Session
from .variables import travelling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SWITCHING_PROTOCOLS = 101


class Upload:
    """Stands in for a request's stream while the transport sends it, and keeps what it sent.

    A transport that sends it again starts over; the last sending counts.
    """

    def __init__(self, request: Any, flight: Flight) -> None:
        self._request = request
        self._flight = flight
        self._stream = request.stream
        self._sent: list[bytes] = []
        self._whole = False
        request.stream = self

    def settle(self) -> None:
        """Nothing more will be sent."""
        self._flight.sent(b"".join(self._sent), self._whole)
        if self._request.stream is self:
            self._request.stream = self._stream


class UploadSync(Upload):
    def __iter__(self) -> Iterator[bytes]:
        self._sent = []
        inside, parts = self._flight.session.inside, iter(self._stream)
        while True:
            before, inside.value = inside.value, False
            try:
                part = next(parts, None)
            finally:
                inside.value = before
            if part is None:
                break
            self._sent.append(part)
            yield part
        self._whole = True


class UploadAsync(Upload):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._sent = []
        inside, parts = self._flight.session.inside, self._stream.__aiter__()
        while True:
            before, inside.value = inside.value, False
            try:
                part = await parts.__anext__()
            except StopAsyncIteration:
                break
            finally:
                inside.value = before
            self._sent.append(part)
            yield part
        self._whole = True


def settle(upload: Upload | None) -> None:
    if upload is not None:
        upload.settle()


def tee(flight: Flight, response: Any, stream: Any, library: Any, aside: Session | None) -> Any:
    """Pass the response on, and tell the tape."""
    extensions = response.extensions
    version = _text(extensions.get("http_version", b"HTTP/1.1"))
    reason = _text(extensions.get("reason_phrase", b""))
    head = (response.status_code, reason, version)
    if hasattr(response, "_content"):
        headers, body = _already_read(response, library)
        flight.whole(*head, headers, body)
        return response
    flight.head(*head, response.headers.raw)
    if response.status_code == SWITCHING_PROTOCOLS:
        flight.session.note("socket", {"what": f"the protocol that {flight.url} switched to"})
    base = library.SyncByteStream if stream is TeeSync else library.AsyncByteStream
    response.stream = derived(stream, base)(response.stream, flight, aside)
    return response


def _already_read(response: Any, library: Any) -> tuple[Any, bytes]:
    """Headers and body of a response that a transport made, or read, itself.

    Where the encoded bytes are gone, the headers say no more that they are encoded.
    """
    headers = response.headers.raw
    if isinstance(response.stream, library.ByteStream):
        return headers, b"".join(response.stream)
    return [pair for pair in headers if pair[0].lower() != b"content-encoding"], response.content


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class TeeSync:
    def __init__(self, stream: Any, flight: Flight, aside: Session | None) -> None:
        self._stream = stream if aside is None else _Aside(stream, aside)
        self._flight = flight

    def __iter__(self) -> Iterator[bytes]:
        flight = self._flight
        try:
            for chunk in self._stream:
                flight.chunk(chunk)
                yield chunk
        except BaseException as error:
            flight.end(*ended(error))
            raise
        flight.end("eof")

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._flight.end("closed")


class TeeAsync:
    """The end is told when the transport has let go: then the agent goes on."""

    def __init__(self, stream: Any, flight: Flight, aside: Session | None) -> None:
        self._stream = stream
        self._flight = flight
        self._aside = aside
        self._how: tuple[str, list[Any] | None] = ("closed", None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream = self._stream.__aiter__()
        try:
            while True:
                try:
                    chunk = await by_transport(stream.__anext__(), self._aside)
                except StopAsyncIteration:
                    break
                self._flight.chunk(chunk)
                yield chunk
        except BaseException as error:
            self._how = ended(error)
            raise
        finally:
            if hasattr(stream, "aclose"):
                await by_transport(stream.aclose(), self._aside)
        self._how = ("eof", None)

    async def aclose(self) -> None:
        try:
            await by_transport(self._stream.aclose(), self._aside)
        finally:
            self._flight.end(*self._how)


class _Aside:
    """What a transport that is not the library's own answers, read as a part of the exchange."""

    def __init__(self, stream: Any, session: Session) -> None:
        self._stream = stream
        self._session = session

    def __iter__(self) -> Iterator[bytes]:
        parts = iter(self._stream)
        while (part := self._session.aside(next, (parts, None), {})) is not None:
            yield part

    def close(self) -> None:
        self._session.aside(self._stream.close, (), {})


async def by_transport(awaitable: Any, aside: Session | None) -> Any:
    """`aside`: the session, where the transport is not the library's own."""
    before, inside = travelling.get(), aside is not None and aside.inside.value
    travelling.set(True)
    if aside is not None:
        aside.inside.value = True
    try:
        return await awaitable
    finally:
        travelling.set(before)
        if aside is not None:
            aside.inside.value = inside
