"""Runs for the tests of the tape: written step by step, on a clock that only they move."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.spans import common
from tracefork_tui.tape.writer import Writer

URL = "https://api.anthropic.com/v1/messages"
SITE = ["agent.py:88 in ask", "agent.py:131 in main"]
HEADER = {"command": ["{python}", "agent.py"], "cwd": ".", "hash_seed": "7"}
SECRET = b"a secret of this user"
REQUEST_HEADERS = [
    ("Host", "api.anthropic.com"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Connection", "keep-alive"),
    ("Accept", "application/json"),
    ("Content-Type", "application/json"),
    ("User-Agent", "Anthropic/Python 2.11.0"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.11.0"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.11.7"),
    ("Authorization", "Bearer [redacted]"),
    ("anthropic-version", "2026-10-21"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-read-timeout", "600"),
]
WORDS = [
    "order refund parcel customer policy ticket amount return damaged delivery agent escalate",
    "the a of to and is was has been with without under over between before after again",
]

Message = dict[str, Any]


def compact(value: Any) -> bytes:
    """JSON as the SDKs send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def text(rng: random.Random, size: int) -> str:
    """`size` characters of words that do not repeat for long."""
    words = " ".join(WORDS).split()
    found = " ".join(rng.choice(words) + str(rng.randrange(1000)) for _ in range(size // 6))
    return found[:size]


def workload(n: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """W(n) of the design: n turns, each with 1 KB of assistant text and 2 KB of tool result, the
    whole conversation resent: (request body, response body) of each.
    """
    rng = random.Random(seed)
    tool = {"type": "object", "properties": {"order_id": {"type": "string"}}}
    messages: list[Message] = [{"role": "user", "content": "Handle the ticket."}]
    head = {"max_tokens": 1024}
    tail = {
        "model": "claude-opus-4-8",
        "system": text(rng, 1500),
        "tools": [{"name": "lookup_order", "description": "An order.", "input_schema": tool}],
    }
    for turn in range(n):
        call = f"toolu_{rng.getrandbits(96):024x}"
        said = {"type": "text", "text": text(rng, 1024)}
        use = {"type": "tool_use", "id": call, "name": "lookup_order", "input": {"n": turn}}
        reply = {
            "id": f"msg_{rng.getrandbits(96):024x}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-4-8",
            "content": [said, use],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 800 * turn + 700, "output_tokens": 260},
        }
        yield compact({**head, "messages": messages, **tail}), compact(reply)
        result = {"type": "tool_result", "tool_use_id": call, "content": text(rng, 2048)}
        messages.append({"role": "assistant", "content": [said, use]})
        messages.append({"role": "user", "content": [result]})


def exchange(
    writer: Writer,
    n: int,
    t: int,
    body: bytes,
    chunks: list[bytes],
    headers: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> None:
    """One exchange that ended as it should."""
    sent = [*REQUEST_HEADERS, ("Content-Length", str(len(body)))]
    writer.send(n, t, "MainThread", SITE, 0, "POST", URL, sent, body)
    received = headers if headers is not None else [("content-type", "application/json")]
    writer.head(n, t + 400_000, status, "OK", "HTTP/1.1", received)
    for chunk in chunks:
        writer.chunk(n, t + 500_000, chunk)
    writer.end(n, t + 600_000, "eof", None, sha256(b"".join(chunks)).digest())


def write_workload(path: str, n: int, sealed: bool = True) -> list[tuple[bytes, bytes]]:
    """W(n) on a tape; gives the bodies."""
    writer = Writer.create(path, HEADER)
    bodies = []
    for turn, (body, reply) in enumerate(workload(n), 1):
        received = [
            ("date", f"Thu, 20 Nov 2025 12:{turn // 60 % 60:02d}:{turn % 60:02d} GMT"),
            ("content-type", "application/json"),
            ("content-length", str(len(reply))),
            ("request-id", f"req_{turn:024x}"),
            ("server", "cloudflare"),
        ]
        exchange(writer, turn, turn * 1_000_000, body, [reply], received)
        bodies.append((body, reply))
    writer.close()
    if sealed:
        seal(path, {"exit_code": 0}, n * 1_000_000, SECRET).close()
    return bodies


def new_parts(bodies: list[tuple[bytes, bytes]], every: bool = False) -> Iterator[bytes]:
    """What an ideal store would keep: of each request the middle that is new against the one
    before (the best one before it, if `every`), less the long strings of the responses; and all
    responses.
    """
    before: list[bytes] = []
    said: list[bytes] = []
    for request, reply in bodies:
        middle = min((_middle(request, one) for one in before), key=len, default=request)
        for part in (part for text in said for part in text.split(b'"')):
            if len(part) > 64 and part in middle:
                middle = middle.replace(part, b"", 1)
        yield middle
        yield reply
        before, said = ([*before, request], [*said, reply]) if every else ([request], [reply])


def unique_bytes(bodies: list[tuple[bytes, bytes]], every: bool = False) -> int:
    """The bytes that no earlier body of the run starts or ends with, and that no response held."""
    return sum(map(len, new_parts(bodies, every)))


def _middle(body: bytes, before: bytes) -> bytes:
    start = common(body, before)
    rest = common(body[start:][::-1], before[start:][::-1])
    return body[start : len(body) - rest]
