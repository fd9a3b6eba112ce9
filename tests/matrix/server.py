"""A server that speaks the Messages API and misbehaves by script, and logs what it was sent.

The first part of a path is a cell, `BEHAVIOUR.FLAVOUR`; the behaviour is a function of this
module. Every piece of a body leaves as one HTTP chunk in one write, so that a client sees the
same boundaries in every run.
"""

from __future__ import annotations

import gzip
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
MESSAGE = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [{"type": "text", "text": "Zwölf “parcels” – 12 \N{PACKAGE}"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 7},
}
RELEASED_AFTER = 20.0
SETTLED_AFTER = 5.0


@dataclass
class Sent:
    """One request as it came over the wire."""

    cell: str
    connection: int
    line: str
    headers: list[tuple[str, str]]
    framing: list[int]
    body: bytes
    after: str = ""


@dataclass
class Talk:
    """One request on its connection, and how to answer it."""

    peer: socket.socket
    sent: Sent
    attempt: int
    server: Server
    open: bool = True
    _raw: list[bytes] = field(default_factory=list)

    @property
    def streamed(self) -> bool:
        return b'"stream":true' in self.sent.body or b'"stream": true' in self.sent.body

    def head(self, status: str = "200 OK", *more: str, kind: str = "", length: int = -1) -> None:
        framing = "transfer-encoding: chunked" if length < 0 else f"content-length: {length}"
        lines = [
            f"HTTP/1.1 {status}",
            f"content-type: {kind or (SSE if self.streamed else JSON)}",
            f"request-id: req_{self.sent.cell}_{self.attempt}",
            "set-cookie: seen=1; Path=/",
            framing,
            *more,
        ]
        self.peer.sendall("\r\n".join([*lines, "", ""]).encode())

    def piece(self, data: bytes) -> None:
        self.peer.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def finish(self) -> None:
        self.peer.sendall(b"0\r\n\r\n")

    def whole(self, pieces: list[bytes], *headers: str, status: str = "200 OK") -> None:
        self.head(status, *headers)
        for piece in pieces:
            self.piece(piece)
        self.finish()

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False

    def wait_until_left(self) -> None:
        """Until the client closes its end."""
        self.sent.after = "client stayed"
        try:
            left = not self.peer.recv(1)
        except OSError:
            left = True
        self.sent.after = "client left" if left else "client went on"
        self.open = False


def events(message: dict[str, Any]) -> list[bytes]:
    """A message as server-sent events, one piece each; the text in three deltas."""
    text = message["content"][0]["text"]
    third = len(text) // 3 + 1
    deltas = [text[i : i + third] for i in range(0, len(text), third)]
    start = {**message, "content": [], "stop_reason": None}
    said: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": d}}
            for d in deltas
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 7},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in said]


def pieces(talk: Talk) -> list[bytes]:
    """The good answer to a request: events, or JSON in two pieces."""
    if talk.streamed:
        return events(MESSAGE)
    data = json.dumps(MESSAGE, ensure_ascii=False).encode()
    return [data[:100], data[100:]]


def failure(kind: str) -> list[bytes]:
    error = {"type": "error", "error": {"type": kind, "message": f"it is {kind}"}}
    return [json.dumps(error).encode()]


# The behaviours


def plain(talk: Talk) -> None:
    talk.whole(pieces(talk))


def sized(talk: Talk) -> None:
    data = b"".join(pieces(talk))
    talk.head(length=len(data))
    talk.peer.sendall(data)


def limited(talk: Talk) -> None:
    if talk.attempt > 1:
        plain(talk)
    else:
        talk.whole(failure("rate_limit_error"), "retry-after: 0.02", status="429 Too Many Requests")


def overloaded(talk: Talk) -> None:
    talk.whole(failure("overloaded_error"), "retry-after-ms: 20", status="529 Overloaded")


def rejected(talk: Talk) -> None:
    talk.whole(failure("invalid_request_error"), status="400 Bad Request")


def reset(talk: Talk) -> None:
    talk.head()
    talk.piece(pieces(talk)[0])
    talk.reset()


def dropped(talk: Talk) -> None:
    talk.close()


def cut(talk: Talk) -> None:
    talk.head()
    talk.piece(pieces(talk)[0])
    talk.close()


def timeout(talk: Talk) -> None:
    talk.wait_until_left()


def stalled(talk: Talk) -> None:
    talk.head()
    talk.piece(pieces(talk)[0])
    talk.wait_until_left()


def redirect(talk: Talk) -> None:
    if talk.sent.line.split()[1].endswith("moved=1"):
        plain(talk)
        return
    where = f"location: /{talk.sent.cell}/v1/messages?moved=1"
    talk.head("307 Temporary Redirect", where, length=0)


def zipped(talk: Talk) -> None:
    data = gzip.compress(b"".join(pieces(talk)), mtime=0)
    middle = len(data) // 2
    talk.whole([data[:middle], data[middle:]], "content-encoding: gzip")


def garbled(talk: Talk) -> None:
    talk.whole([b"\x1f\x8b this is not gzip"], "content-encoding: gzip")


def early(talk: Talk) -> None:
    """The first event; the rest only to a client that stays."""
    stalled(talk)


def cancelled(talk: Talk) -> None:
    timeout(talk)


def left(talk: Talk) -> None:
    """Cancelled in the middle of the stream."""
    stalled(talk)


def held(talk: Talk) -> None:
    """The first event, and the rest once somebody said that it arrived."""
    said = pieces(talk)
    talk.head()
    talk.piece(said[0])
    released = talk.server.released.wait(RELEASED_AFTER)
    talk.sent.after = "released" if released else "nobody read the first piece"
    for piece in said[1:]:
        talk.piece(piece)
    talk.finish()


def guarded(talk: Talk) -> None:
    """401 until the request carries what the challenge asked for."""
    if ("Authorization", "Answer 42") in talk.sent.headers:
        plain(talk)
    else:
        talk.whole(failure("authentication_error"), "www-authenticate: Ask q=6x7", status="401 No")


def jittery(talk: Talk) -> None:
    """After a random while; every answer has an id of its own."""
    time.sleep(random.uniform(0, 0.05))
    talk.whole([json.dumps({**MESSAGE, "id": f"msg_{talk.attempt}"}).encode()])


def trickling(talk: Talk) -> None:
    """Events with random pauses between them."""
    message = {**MESSAGE, "id": f"msg_{talk.attempt}"}
    if not talk.streamed:
        talk.whole([json.dumps(message).encode()])
        return
    talk.head()
    for piece in events(message):
        time.sleep(random.uniform(0, 0.012))
        talk.piece(piece)
    talk.finish()


class Server:
    """Serves on a free port of localhost until `stop`. `sent`: what came in, in order."""

    def __init__(self, extra: dict[str, Callable[[Talk], None]] | None = None) -> None:
        self.sent: list[Sent] = []
        self.released = threading.Event()
        self._extra = extra or {}
        self._lock = threading.Lock()
        self._attempts: dict[str, int] = {}
        self._connections = 0
        self._peers: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._refusing = socket.socket()
        self._refusing.bind(("127.0.0.1", 0))
        self.refusing_port: int = self._refusing.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def refusing_url(self) -> str:
        """Nothing listens there, and nobody else can."""
        return f"http://127.0.0.1:{self.refusing_port}"

    def forget(self) -> list[Sent]:
        """What was sent so far; the next run starts afresh."""
        until = time.monotonic() + SETTLED_AFTER
        while any(one.after == "client stayed" for one in self.sent) and time.monotonic() < until:
            time.sleep(0.01)
        with self._lock:
            found, self.sent = self.sent, []
            self._attempts.clear()
        return found

    def stop(self) -> None:
        self._listener.close()
        for peer in list(self._peers):
            _shut(peer)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._refusing.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                number = self._connections
                self._peers.add(peer)
            threading.Thread(target=self._serve, args=(peer, number), daemon=True).start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with peer, peer.makefile("rb") as stream:
                while self._one(peer, stream, number):
                    pass
        except OSError:
            pass
        finally:
            self._peers.discard(peer)

    def _one(self, peer: socket.socket, stream: Any, number: int) -> bool:
        line = stream.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return False
        headers = list(_headers(stream))
        framing, body, whole = _body(stream, {name.lower(): value for name, value in headers})
        cell = line.split()[1].split("/")[1]
        sent = Sent(cell, number, line, headers, framing, body)
        if not whole:
            sent.after = "cut off"
        with self._lock:
            self.sent.append(sent)
            attempt = self._attempts[cell] = self._attempts.get(cell, 0) + 1
        if not whole:
            return False
        name = cell.split(".")[0]
        talk = Talk(peer, sent, attempt, self)
        (self._extra.get(name) or globals()[name])(talk)
        if not talk.open:
            _shut(peer) if name in ("dropped", "cut") else None
        return talk.open


def _shut(peer: socket.socket) -> None:
    try:
        peer.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _headers(stream: Any) -> Iterator[tuple[str, str]]:
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(": ")
        yield name, value


def _body(stream: Any, headers: dict[str, str]) -> tuple[list[int], bytes, bool]:
    """The sizes of the chunks as they were framed, the bytes, and whether that was all."""
    if headers.get("transfer-encoding") != "chunked":
        size = int(headers.get("content-length", 0))
        data = stream.read(size)
        return [], data, len(data) == size
    sizes, data = [], b""
    while line := stream.readline():
        size = int(line, 16)
        sizes.append(size)
        data += stream.read(size)
        stream.readline()
        if not size:
            return sizes, data, True
    return sizes, data, False
