"""The fingerprint: a SHA-256 chain over what each step means, free of timings.

    meaning(exchange) = SHA-256(msgpack(["exchange", method, canonical url, request SHA-256,
                                         [status, [headers that matter], response SHA-256] or nil,
                                         end, [error class, message] or nil]))
    meaning(draw)     = SHA-256(msgpack(["draw", name, type, value]))
    chain(0)          = SHA-256(b"tracefork-tape")
    chain(n)          = SHA-256(chain(n - 1) + meaning(n))

The order hash is the same kind of chain over the numbers of the steps as they were completed,
range by range.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from .codec import pack

START = sha256(b"tracefork-tape").digest()
EMPTY = sha256(b"").digest()

RESPONSE_HEADERS = ("content-encoding", "content-type", "location", "retry-after", "retry-after-ms")


def link(previous: bytes, meaning: bytes) -> bytes:
    """The chain one step further."""
    return sha256(previous + meaning).digest()


def chain(meanings: Iterable[bytes], value: bytes = START) -> bytes:
    """The chain over all of `meanings`, from `value` on."""
    for meaning in meanings:
        value = link(value, meaning)
    return value


def order_link(previous: bytes, first: int, last: int) -> bytes:
    """The order hash after the steps `first` to `last` were completed, one after the other."""
    return sha256(previous + first.to_bytes(8, "big") + last.to_bytes(8, "big")).digest()


def draw_meaning(name: str, kind: str, value: Any, given: bytes = b"") -> bytes:
    """`given`: of a call, the SHA-256 of what it was given."""
    said = ["draw", name, kind, value]
    return sha256(pack([*said, given] if given else said)).digest()


def exchange_meaning(
    method: str,
    url: str,
    request_hash: bytes,
    head: tuple[int, Sequence[Sequence[str]]] | None,
    response_hash: bytes,
    how: str,
    error: Sequence[Any] | None,
) -> bytes:
    """`url` is canonical, `head` the status and header pairs, `how` one of records.ENDS or ""."""
    response = None
    if head is not None:
        matter = sorted(
            [name.lower(), value] for name, value in head[1] if name.lower() in RESPONSE_HEADERS
        )
        response = [head[0], matter, response_hash]
    failed = [error[1], error[2]] if error else None
    return sha256(pack(["exchange", method, url, request_hash, response, how, failed])).digest()
