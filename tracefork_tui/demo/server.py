"""The offline model: a local server that speaks the Anthropic Messages API.

    with serve() as base_url: ...                    # in a test or a program
    python -m tracefork_tui.demo.server --port 8000  # prints the base URL, serves until Ctrl-C

The unmodified SDK talks to it through ANTHROPIC_BASE_URL; any key will do, but there must be one.
An answer depends on the request alone (no clock, no chance), so equal requests get equal bytes.
The one exception is a beta message thread, which the server remembers while it runs.

Who answers is decided by the system prompt (see `scripts`). Any model named `claude-…` or
`demo-…` exists; some of the latter misbehave:

    demo-error-529         fails with that status: any of `ERRORS`
    demo-error-529-once    fails on the first attempt; the SDK's retry succeeds
    demo-error-stream      a stream breaks off with an `error` event after its first words
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tracefork_tui.demo import messages, scripts
from tracefork_tui.demo.messages import Request, dump

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
REQUIRED = ("model", "max_tokens", "messages")
ROLES = ("user", "assistant", "system")
ORGANIZATION = "5e1f0e7a-0000-4000-8000-7261636566ab"
MAX_BODY = 32 * 1024 * 1024
MAX_THREADS = 1000


class ApiError(Exception):
    """An error as the API reports it."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.details = details

    def body(self, request_id: str) -> dict[str, Any]:
        error: dict[str, Any] = {"type": ERRORS[self.status], "message": str(self)}
        if self.details:
            error["details"] = self.details
        return {"type": "error", "error": error, "request_id": request_id}


@dataclass(frozen=True)
class Answer:
    """One HTTP response: a body, or the events of a stream."""

    status: int
    request_id: str
    body: bytes = b""
    events: tuple[bytes, ...] = ()


class Model:
    """The API without HTTP: answers a request's path, headers and body."""

    def __init__(self, script: scripts.Script | None = None) -> None:
        self.script = script
        self.threads: dict[str, dict[str, Any]] = {}

    def answer(self, path: str, headers: dict[str, str], raw: bytes) -> Answer:
        digest = hashlib.sha256(path.encode() + b"\0" + raw).hexdigest()
        request_id = f"req_01{messages.token(digest, 'request')}"
        try:
            if not (headers.get("x-api-key") or headers.get("authorization")):
                raise ApiError(401, "x-api-key header is required")
            if path not in ("/v1/messages", "/v1/messages/count_tokens"):
                raise ApiError(404, f"Not found: {path}")
            body = parse(raw)
            counting = path.endswith("/count_tokens")
            validate(body, required=("model", "messages") if counting else REQUIRED)
            misbehave(body["model"], headers.get("x-stainless-retry-count", "0"))
            if counting:
                tokens = {"input_tokens": messages.input_tokens(body)}
                return Answer(200, request_id, dump(tokens))
            return self.reply(Request(self.resume(body), digest), request_id)
        except ApiError as error:
            return Answer(error.status, request_id, dump(error.body(request_id)))

    def reply(self, request: Request, request_id: str) -> Answer:
        script = self.script or scripts.choose(request)
        try:
            message = messages.message(request, script(request))
        except Exception as error:
            raise ApiError(500, f"The script failed: {error!r}") from error
        if "thread" in request.body:
            self.remember(request.body, message)
        if not request.body.get("stream"):
            return Answer(200, request_id, dump(message))
        events = list(messages.events(message))
        if request.model == "demo-error-stream":
            events = [*events[:4], ApiError(529, "Overloaded").body(request_id)]
        lines = (f"event: {e['type']}\ndata: ".encode() + dump(e) + b"\n\n" for e in events)
        return Answer(200, request_id, events=tuple(lines))

    def resume(self, body: dict[str, Any]) -> dict[str, Any]:
        """A request that continues a thread, completed with what the thread holds."""
        thread = body.get("thread")
        if not isinstance(thread, dict) or thread.get("type") != "continue":
            return body
        known = self.threads.get(str(thread.get("previous_message_id")))
        if known is None:
            raise ApiError(404, "thread not found", error_code="thread_not_found")
        return known | body | {"messages": known["messages"] + body["messages"]}

    def remember(self, body: dict[str, Any], message: dict[str, Any]) -> None:
        turn = {"role": "assistant", "content": message["content"]}
        kept = {key: body[key] for key in ("system", "tools") if key in body}
        self.threads[message["id"]] = kept | {"messages": [*body["messages"], turn]}
        while len(self.threads) > MAX_THREADS:
            self.threads.pop(next(iter(self.threads)), None)


def parse(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ApiError(400, "The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The request body must be a JSON object")
    return body


def validate(body: dict[str, Any], required: tuple[str, ...]) -> None:
    """Refuse what the API would refuse, in its words."""
    for field in required:
        if field not in body:
            raise ApiError(400, f"{field}: Field required")
    limit = body.get("max_tokens", 1)
    if not isinstance(limit, int) or limit < 1:
        raise ApiError(400, "max_tokens: Input should be greater than or equal to 1")
    if not isinstance(body["messages"], list) or not body["messages"]:
        raise ApiError(400, "messages: at least one message is required")
    for index, message in enumerate(body["messages"]):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise ApiError(400, f"messages.{index}.role: Input should be {' or '.join(ROLES)}")
        if not isinstance(message.get("content"), str | list):
            raise ApiError(400, f"messages.{index}.content: Input should be a valid list")
    if "thread" not in body:
        pair_tools(body["messages"])


def pair_tools(turns: list[dict[str, Any]]) -> None:
    """Every tool call must be answered in the next turn, and nothing else may be."""
    asked: set[str] = set()
    for index, turn in enumerate(turns):
        blocks = messages.blocks_of(turn["content"])
        given = {str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result"}
        for stray in sorted(given - asked):
            reason = f"unexpected `tool_use_id` found in `tool_result` blocks: {stray}"
            raise ApiError(400, f"messages.{index}: {reason}")
        for lost in sorted(asked - given):
            reason = f"`tool_use` ids were found without `tool_result` blocks after: {lost}"
            raise ApiError(400, f"messages.{index - 1}: {reason}")
        calls = turn["role"] == "assistant" and index + 1 < len(turns)
        asked = (
            {str(b.get("id")) for b in blocks if b.get("type") == "tool_use"} if calls else set()
        )


def misbehave(model: Any, attempt: str) -> None:
    """Raise what the model's name asks for."""
    named = re.fullmatch(r"demo-error-(\d{3})(-once)?", str(model))
    if named and int(named[1]) in ERRORS:
        if not named[2] or attempt == "0":
            status = int(named[1])
            words = ERRORS[status].removesuffix("_error").replace("_", " ").capitalize()
            raise ApiError(status, words)
    elif not re.match(r"(claude|demo)-(?!error-\d)", str(model)):
        raise ApiError(404, f"model: {model}")


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive and only the headers that never vary."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "0")
        size = int(length) if length.isdecimal() else MAX_BODY + 1
        if size > MAX_BODY or "transfer-encoding" in self.headers:
            self.close_connection = True
            error = ApiError(413, "Request exceeds the maximum size")
            self.send(Answer(413, "req_01toolarge", dump(error.body("req_01toolarge"))))
            return
        raw = self.rfile.read(size)
        path = urlsplit(self.path).path
        if self.command != "POST":
            path = f"{self.command} {path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send(self.server.model.answer(path, headers, raw))

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def send(self, answer: Answer) -> None:
        streamed = bool(answer.events)
        self.send_response_only(answer.status)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        self.send_header("request-id", answer.request_id)
        self.send_header("anthropic-organization-id", ORGANIZATION)
        if answer.status == 429:
            self.send_header("retry-after", "1")
        if self.close_connection:
            self.send_header("connection", "close")
        if not streamed:
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in answer.events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            if self.server.delay:
                time.sleep(self.server.delay)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Closes its idle keep-alive connections when it stops, and is not upset by a client's end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, model: Model, delay: float) -> None:
        self.model = model
        self.delay = delay
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@contextmanager
def serve(
    port: int = 0, *, script: scripts.Script | None = None, delay: float = 0.0
) -> Iterator[str]:
    """Serve on a free port in a thread; yields the base URL.

    `script` answers every request in place of the built-in ones; `delay` is the pause in seconds
    after each event of a stream.
    """
    server = Server(port, Model(script), delay)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tracefork_tui.demo.server")
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between stream events")
    options = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(options.port, delay=options.delay) as base_url:
            print(base_url, flush=True)
            stop.wait()
    except OSError as error:
        parser.exit(2, f"{parser.prog}: port {options.port}: {error.strerror}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
