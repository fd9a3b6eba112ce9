"""HTTP bodies: headers, content encodings, JSON. Nothing here raises on hostile bytes."""

from __future__ import annotations

import importlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Headers = Mapping[str, str] | Sequence[tuple[str | bytes, str | bytes]]
"""Header names and values, as a mapping or as pairs."""

LIMIT = 64 * 1024 * 1024
"""The most bytes a body is decoded to."""

_SLICE = 1024


@dataclass(frozen=True, slots=True)
class Decoded:
    """Chunks with their content encoding undone, one for each that came in.

    `problem` says in one line why the content is not whole or not decoded; "" if it is.
    """

    chunks: tuple[bytes, ...]
    problem: str = ""


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Headers as pairs of strings, in order."""
    items = headers.items() if isinstance(headers, Mapping) else headers
    return [(_string(name), _string(value)) for name, value in items]


def header(headers: Headers, name: str) -> str:
    """The first value of a header, "" if absent; names are compared without case."""
    wanted = name.lower()
    return next((value for key, value in pairs(headers) if key.lower() == wanted), "")


def decode(body: bytes, headers: Headers) -> bytes:
    """The body with its content encoding undone as far as it can be."""
    return decode_chunks([body], headers).chunks[0]


def decode_chunks(chunks: Sequence[bytes], headers: Headers) -> Decoded:
    """Undo the content encoding chunk by chunk, so that arrival stays visible."""
    encodings = [item.strip().lower() for item in header(headers, "content-encoding").split(",")]
    decoded = Decoded(tuple(chunks))
    for encoding in reversed(encodings):
        if encoding not in ("", "identity"):
            decoded = _undo(decoded, encoding)
    return decoded


def as_json(body: bytes | str) -> Any:
    """The JSON value of a body, None where it holds none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def dump(value: object) -> str:
    """Compact JSON text of any value that came out of JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return "(JSON nested too deep to show)"


def _string(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


Step = Callable[[bytes, int], bytes]
"""Compressed bytes and the room that is left, to plain bytes."""


def _undo(decoded: Decoded, encoding: str) -> Decoded:
    if not any(decoded.chunks):
        return decoded
    try:
        step = _step(encoding, b"".join(decoded.chunks)[:4])
    except ImportError:
        return Decoded(decoded.chunks, f"cannot decode {encoding}: no module for it is installed")
    if step is None:
        return Decoded(decoded.chunks, f"content-encoding says {encoding}, the bytes do not")
    out: list[bytes] = []
    problem, room = decoded.problem, LIMIT
    for chunk in decoded.chunks:
        plain = b""
        if not problem:
            plain, problem = _run(step, chunk, room, encoding)
        room -= len(plain)
        out.append(plain)
    return Decoded(tuple(out), problem)


def _run(step: Step, chunk: bytes, room: int, encoding: str) -> tuple[bytes, str]:
    plain = bytearray()
    for at in range(0, len(chunk), _SLICE):
        try:
            plain += step(chunk[at : at + _SLICE], room - len(plain) + 1)
        except Exception as error:  # every codec has an exception class of its own
            return bytes(plain), f"broken {encoding}: {error}"
        if len(plain) > room:
            return bytes(plain[:room]), f"decoding stopped after {LIMIT} bytes"
    return bytes(plain), ""


def _step(encoding: str, start: bytes) -> Step | None:
    """A decoder for the encoding, None if the bytes are plainly not in it."""
    if encoding in ("gzip", "x-gzip"):
        return _inflater(31) if start[:2] == b"\x1f\x8b"[: len(start)] else None
    if encoding == "deflate":
        wrapped = len(start) > 1 and (start[0] << 8 | start[1]) % 31 == 0 and start[0] & 15 == 8
        return _inflater(15 if wrapped else -15)
    if encoding == "br":
        return None if start[:1] in (b"{", b"[") else _brotli()
    if encoding == "zstd":
        return _zstd() if start == b"\x28\xb5\x2f\xfd"[: len(start)] else None
    raise ImportError(encoding)


def _inflater(window: int) -> Step:
    stream = zlib.decompressobj(window)

    def step(data: bytes, room: int) -> bytes:
        nonlocal stream
        plain = stream.decompress(data, room)
        while stream.eof and stream.unused_data.startswith(b"\x1f\x8b") and len(plain) < room:
            rest = stream.unused_data
            stream = zlib.decompressobj(window)
            plain += stream.decompress(rest, room - len(plain))
        return plain

    return step


def _brotli() -> Step:
    stream = importlib.import_module("brotli").Decompressor()

    def step(data: bytes, room: int) -> bytes:
        return bytes(stream.process(data))

    return step


def _zstd() -> Step:
    try:
        stream = importlib.import_module("compression.zstd").ZstdDecompressor()
    except ImportError:
        stream = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()

    def step(data: bytes, room: int) -> bytes:
        return bytes(stream.decompress(data))

    return step
