"""The HTTP seam: what httpx and httpx2 clients send, whatever their transport.

Every client asks `_transport_for_url` for the transport of each request and each redirect hop;
the seam gives it a transport that asks the session first and passes bytes on as they come.
"""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .answers import derived, ended, serve, serve_async
from .flight import Flight
from .session import Session
from .variables import Variable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SWITCHING_PROTOCOLS = 101
IN_PROCESS = ("ASGITransport", "WSGITransport", "_TestClientTransport")
"""Transports that call an app in this process: what is sent is what the app asks, if anything."""

travelling = Variable("travelling", False)


def patch(module: ModuleType, session: Session) -> None:
    """Put the seam into httpx or httpx2. Raises RuntimeError where there is no place for it."""
    library: Any = module
    for client in (library.Client, library.AsyncClient):
        real = getattr(client, "_transport_for_url", None)
        if real is None or not hasattr(client, "_send_single_request"):
            raise RuntimeError(
                f"{module.__name__} {getattr(module, '__version__', '?')}: its clients have no "
                "place for the seam; nothing of this agent would be recorded"
            )
        wrap = _Sync if client is library.Client else _Async
        client._transport_for_url = _lookup(real, wrap, library, session)

    _patch_elapsed(library.Response, session)


def _patch_elapsed(response: Any, session: Session) -> None:
    """How long an answer took is a draw where it is asked for: on replay it is there at once."""
    real = vars(response)["elapsed"]

    def elapsed(self: Any) -> Any:
        took, frame = real.fget(self), sys._getframe(1)
        if session.inside.value or not session.callers.not_transport(frame):
            return took
        kind, name = type(took), f"{response.__module__.partition('.')[0]}.Response.elapsed"
        return session.draw(
            name, "float", lambda: took, frame, kind.total_seconds, lambda s: kind(seconds=s)
        )

    response.elapsed = property(elapsed, real.fset, real.fdel, real.__doc__)


def _lookup(real: Any, wrap: Any, library: Any, session: Session) -> Callable[[Any, Any], Any]:
    def _transport_for_url(self: Any, url: Any) -> Any:
        transport = real(self, url)
        if session.detached or type(transport).__name__ in IN_PROCESS:
            return transport
        if session.inside.get():
            session.covered(str(url))
            return transport
        return wrap(transport, library, session)

    return _transport_for_url


class _Sync:
    """Answers a synchronous client's request, or lets its own transport do so."""

    def __init__(self, transport: Any, library: Any, session: Session) -> None:
        self._transport = transport
        self._library = library
        self._session = session
        self._aside = None if type(transport) in _own(library) else session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def handle_request(self, request: Any) -> Any:
        body = getattr(request, "_content", None)
        if body is None and self._session.policy.replaying:
            body = self._pull(request)
        flight = _begin(self._session, request, body, sys._getframe(1))
        if flight.answer is not None:
            return serve(flight, self._library, request)
        upload = None
        if body is None:
            upload = derived(_UploadSync, self._library.SyncByteStream)(request, flight)
        before = travelling.get()
        travelling.set(True)
        try:
            if self._aside is None:
                response = self._transport.handle_request(request)
            else:
                response = self._aside.aside(self._transport.handle_request, (request,), {})
        except BaseException as error:
            _settle(upload)
            flight.end(*ended(error))
            raise
        finally:
            travelling.set(before)
        _settle(upload)
        return _tee(flight, response, _TeeSync, self._library, self._aside)

    def _pull(self, request: Any) -> bytes:
        """As much of an upload as the recorded run sent."""
        enough = self._session.enough_of(request.method, str(request.url))
        body = b""
        if not enough(body):
            for part in request.stream:
                body += part
                if enough(body):
                    break
        return body


class _Async:
    """Answers an asynchronous client's request, or lets its own transport do so."""

    def __init__(self, transport: Any, library: Any, session: Session) -> None:
        self._transport = transport
        self._library = library
        self._session = session
        self._aside = None if type(transport) in _own(library) else session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    async def handle_async_request(self, request: Any) -> Any:
        body = getattr(request, "_content", None)
        if body is None and self._session.policy.replaying:
            body = await self._pull(request)
        flight = _begin(self._session, request, body, sys._getframe(1))
        if flight.answer is not None:
            return await serve_async(flight, self._library, request)
        upload = None
        if body is None:
            upload = derived(_UploadAsync, self._library.AsyncByteStream)(request, flight)
        try:
            response = await _by_transport(
                self._transport.handle_async_request(request), self._aside
            )
        except BaseException as error:
            _settle(upload)
            flight.end(*ended(error))
            raise
        _settle(upload)
        return _tee(flight, response, _TeeAsync, self._library, self._aside)

    async def _pull(self, request: Any) -> bytes:
        enough = self._session.enough_of(request.method, str(request.url))
        body = b""
        if not enough(body):
            async for part in request.stream:
                body += part
                if enough(body):
                    break
        return body


def _own(library: Any) -> tuple[Any, Any]:
    """The library's own transports. What any other does is a part of the exchange: the user's code
    in it is not asked on replay.
    """
    return library.HTTPTransport, library.AsyncHTTPTransport


def _begin(session: Session, request: Any, body: bytes | None, frame: FrameType) -> Flight:
    return session.begin(request.method, str(request.url), request.headers.raw, body, frame)


# What goes out


class _Upload:
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


class _UploadSync(_Upload):
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


class _UploadAsync(_Upload):
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


def _settle(upload: _Upload | None) -> None:
    if upload is not None:
        upload.settle()


# What comes back


def _tee(flight: Flight, response: Any, stream: Any, library: Any, aside: Session | None) -> Any:
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
    base = library.SyncByteStream if stream is _TeeSync else library.AsyncByteStream
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


class _TeeSync:
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


class _TeeAsync:
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
                    chunk = await _by_transport(stream.__anext__(), self._aside)
                except StopAsyncIteration:
                    break
                self._flight.chunk(chunk)
                yield chunk
        except BaseException as error:
            self._how = ended(error)
            raise
        finally:
            if hasattr(stream, "aclose"):
                await _by_transport(stream.aclose(), self._aside)
        self._how = ("eof", None)

    async def aclose(self) -> None:
        try:
            await _by_transport(self._stream.aclose(), self._aside)
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


async def _by_transport(awaitable: Any, aside: Session | None) -> Any:
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
