"""The HTTP seam: what httpx and httpx2 clients send, whatever their transport.

Every client asks `_transport_for_url` for the transport of each request and each redirect hop;
the seam gives it a transport that asks the session first and passes bytes on as they come.
"""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import Any, Callable

from .answers import derived, ended, serve, serve_async
from .bodies import (
    TeeAsync,
    TeeSync,
    UploadAsync,
    UploadSync,
    by_transport,
    settle,
    tee,
)
from .flight import Flight
from .session import Session
from .variables import travelling

IN_PROCESS = ("ASGITransport", "WSGITransport", "_TestClientTransport")
"""Transports that call an app in this process: what is sent is what the app asks, if anything."""


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


class _Transport:
    """In the place of a client's transport, which may answer. `_aside`: the session, where that is
    not the library's own.
    """

    def __init__(self, transport: Any, library: Any, session: Session) -> None:
        self._transport = transport
        self._library = library
        self._session = session
        self._aside = None if type(transport) in _own(library) else session
        if self._aside is not None:
            _name(transport, session)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Sync(_Transport):
    """Answers a synchronous client's request, or lets its own transport do so."""

    def handle_request(self, request: Any) -> Any:
        body = getattr(request, "_content", None)
        if body is None and self._session.policy.replaying:
            body = self._pull(request)
        flight = _begin(self._session, request, body, sys._getframe(1))
        if flight.answer is not None:
            return serve(flight, self._library, request)
        upload = None
        if body is None:
            upload = derived(UploadSync, self._library.SyncByteStream)(request, flight)
        before = travelling.get()
        travelling.set(True)
        try:
            if self._aside is None:
                response = self._transport.handle_request(request)
            else:
                response = self._aside.aside(self._transport.handle_request, (request,), {})
        except BaseException as error:
            settle(upload)
            flight.end(*ended(error))
            raise
        finally:
            travelling.set(before)
        settle(upload)
        return tee(flight, response, TeeSync, self._library, self._aside)

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


class _Async(_Transport):
    """Answers an asynchronous client's request, or lets its own transport do so."""

    async def handle_async_request(self, request: Any) -> Any:
        body = getattr(request, "_content", None)
        if body is None and self._session.policy.replaying:
            body = await self._pull(request)
        flight = _begin(self._session, request, body, sys._getframe(1))
        if flight.answer is not None:
            return await serve_async(flight, self._library, request)
        upload = None
        if body is None:
            upload = derived(UploadAsync, self._library.AsyncByteStream)(request, flight)
        try:
            response = await by_transport(
                self._transport.handle_async_request(request), self._aside
            )
        except BaseException as error:
            settle(upload)
            flight.end(*ended(error))
            raise
        settle(upload)
        return tee(flight, response, TeeAsync, self._library, self._aside)

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


def _name(transport: Any, session: Session) -> None:
    """Say once of the user's code in a transport that it does not run on a replay."""
    kind = type(transport)
    names = ("handle_request", "handle_async_request")
    code = (getattr(kind, name, None) for name in names)
    for function in (*code, getattr(transport, "handler", None)):
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        if file and session.callers.user_file(file):
            what = f"{kind.__module__}.{kind.__qualname__}"
            session.note("transport", {"what": what}, once=what)


def _begin(session: Session, request: Any, body: bytes | None, frame: FrameType) -> Flight:
    return session.begin(request.method, str(request.url), request.headers.raw, body, frame)
