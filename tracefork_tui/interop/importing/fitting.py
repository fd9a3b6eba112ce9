"""Response headers that fit the bytes that are kept: many sources keep decoded bodies."""

from __future__ import annotations

from ...wire.body import as_json, decode_chunks, header
from .model import Pairs, Traffic

ENCODINGS = frozenset(("gzip", "x-gzip", "deflate", "br", "zstd", "compress", "identity"))
_TEXT = ("text/", "json", "event-stream", "xml", "javascript")


def fit(exchange: Traffic) -> list[str]:
    """Change the headers so that a client can decode what is served; says what was changed."""
    changes = []
    encoding, body = header(exchange.response_headers, "content-encoding"), exchange.chunks
    if encoding and not _true(encoding, exchange):
        exchange.response_headers = _without(exchange.response_headers, "content-encoding")
        changes.append(f"content-encoding {encoding} was dropped: the body is kept decoded")
    elif not encoding and _packed_text(exchange):
        exchange.response_headers.append(("content-encoding", "gzip"))
        changes.append("content-encoding gzip was added: the body is kept encoded")
    length = header(exchange.response_headers, "content-length")
    empty = exchange.method == "HEAD" or exchange.status in (204, 304)
    if length and not empty and length != str(sum(map(len, body))):
        exchange.response_headers = _without(exchange.response_headers, "content-length")
        changes.append("content-length was dropped: it is not the length of the body as kept")
    return changes


def _true(encoding: str, exchange: Traffic) -> bool:
    names = {name.strip().lower() for name in encoding.split(",")}
    if not names <= ENCODINGS:
        return False
    decoded = decode_chunks(exchange.chunks, exchange.response_headers)
    return not decoded.problem or not _is_text(b"".join(exchange.chunks))


def _packed_text(exchange: Traffic) -> bool:
    """Compressed bytes under a content type that says text."""
    start = next((chunk for chunk in exchange.chunks if chunk), b"")
    declared = header(exchange.response_headers, "content-type").lower()
    if not start.startswith(b"\x1f\x8b") or not (
        declared == "" or any(w in declared for w in _TEXT)
    ):
        return False
    decoded = decode_chunks(exchange.chunks, {"content-encoding": "gzip"})
    plain = b"".join(decoded.chunks)
    return not decoded.problem and (bool(declared) or as_json(plain) is not None)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without(headers: Pairs, name: str) -> Pairs:
    return [pair for pair in headers if pair[0].lower() != name]
