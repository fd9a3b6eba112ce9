"""Bodies put together again from their pieces (see spans.py)."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from .records import REQUEST, RESPONSE

MOST = 1 << 26  # bytes of a body, besides 64 times the file's
VISITS = 1 << 21
COPIED = 1 << 16


class Source(NamedTuple):
    """The pieces of a body, and the offset of the record that holds them."""

    pieces: list[Any]
    offset: int


def join(own: Source, size: int, find: Callable[[int, int], Source], file_size: int) -> bytes:
    """The body of `size` bytes. `find(step, side)` reads the pieces of an earlier one.

    Raises ValueError for pieces that do not give `size` bytes, that refer to what is not there or
    comes after them, and where putting them together would take memory or time without bounds.
    """
    if sum(map(size_of, own.pieces)) != size:
        raise ValueError("the pieces of a body do not give its size")
    if size > MOST + 64 * file_size:
        raise ValueError(f"a body claims {size} bytes")
    found: list[bytes | memoryview] = []
    visits = len(own.pieces)
    waiting: list[tuple[Any, int]] = [(piece, own.offset) for piece in reversed(own.pieces)]
    while waiting:
        piece, before = waiting.pop()
        if isinstance(piece, (bytes, memoryview)):
            found.append(piece)
            continue
        step, side, start, length = piece
        source = find(step, side)
        if side == REQUEST and source.offset >= before:
            raise ValueError(f"a body refers to that of step {step}, which comes after it")
        visits += len(source.pieces)
        if visits > VISITS:
            raise ValueError("a body of too many pieces")
        parts = cut(source.pieces, start, length)
        waiting.extend((part, source.offset) for part in reversed(parts))
    return b"".join(found)


def cut(pieces: list[Any], start: int, length: int) -> list[Any]:
    """The pieces of that range of a body. Raises ValueError where the body is shorter."""
    parts: list[Any] = []
    for piece in pieces:
        size = size_of(piece)
        if start >= size:
            start -= size
            continue
        take = min(size - start, length)
        if isinstance(piece, (bytes, memoryview)):
            parts.append(range_of(piece, start, start + take))
        else:
            parts.append([piece[0], piece[1], piece[2] + start, take])
        start, length = 0, length - take
        if not length:
            return parts
    raise ValueError("a body refers to what is not there")


def range_of(piece: bytes | memoryview, start: int, end: int) -> bytes | memoryview:
    """Some bytes of a piece; many are not copied."""
    return (memoryview(piece) if end - start > COPIED else piece)[start:end]


def size_of(piece: Any) -> int:
    """The bytes that a piece stands for. Raises ValueError for what is none."""
    if type(piece) in (bytes, memoryview):
        return len(piece)
    if type(piece) is list and len(piece) == 4:
        step, side, start, length = piece
        whole = type(step) is type(side) is type(start) is type(length) is int
        if whole and side in (REQUEST, RESPONSE) and min(step, start) >= 0 < length < 2**63:
            return int(length)
    raise ValueError("a piece of a body is neither bytes nor a reference")
