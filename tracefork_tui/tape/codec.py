"""msgpack, as the debugger and the debuggee each have it.

Inside an agent this package is loaded under a private name, and packs by itself: the agent's
msgpack is the agent's, and the debugger's would register itself where an agent imports its own.
"""

from __future__ import annotations

import struct
from typing import Any

from . import plain

LONGEST = 1 << 20  # items of a list or a map: a claim costs memory before it is believed
_BAD = (ValueError, IndexError, TypeError, RecursionError, struct.error)


def _pack(value: Any) -> bytes:
    """One msgpack object. Raises TypeError, ValueError or OverflowError for what it cannot hold.

    Text is UTF-8; a lone surrogate is kept as its three bytes.
    """
    packer = _msgpack.Packer(use_bin_type=True, autoreset=True, unicode_errors="surrogatepass")
    packed: bytes = packer.pack(value)
    return packed


def unpack(data: bytes) -> Any:
    """The one object that `data` is. Raises ValueError for anything else, extensions included."""
    return unpack_all(data, 1)[0]


def _unpack_all(data: bytes, count: int) -> list[Any]:
    """The `count` objects that `data` is. Raises ValueError for anything else."""
    size = len(data)
    limits = {
        "raw": False,
        "unicode_errors": "surrogatepass",
        "max_str_len": size,
        "max_bin_len": size,
        "max_array_len": min(size, LONGEST),
        "max_map_len": min(size, LONGEST),
        "max_ext_len": 0,
        "ext_hook": _refused,
    }
    try:
        if count == 1:
            return [_msgpack.unpackb(data, **limits)]
        unpacker = _msgpack.Unpacker(max_buffer_size=size + 16, **limits)
        unpacker.feed(data)
        found = [unpacker.unpack() for _ in range(count)]
        whole = unpacker.tell() == size
    except Exception as error:
        raise ValueError(f"not a msgpack object: {error or type(error).__name__}") from None
    if not whole:
        raise ValueError("bytes left after the msgpack object")
    return found


def _unpack_plainly(data: bytes, count: int) -> list[Any]:
    found, at = [], 0
    try:
        for _ in range(count):
            value, at = plain.unpack_from(data, at, LONGEST)
            found.append(value)
    except _BAD as error:
        raise ValueError(f"not a msgpack object: {error or type(error).__name__}") from None
    if at != len(data):
        raise ValueError("bytes left after the msgpack object")
    return found


def packable(value: Any) -> bool:
    """True if `value` comes back from the tape as it went in, type included."""
    kind = type(value)
    if kind in (str, int, float, bool, bytes, type(None)):
        return kind is not int or -(2**63) <= value < 2**64
    if kind is list:
        return len(value) <= LONGEST and all(packable(item) for item in value)
    if kind is dict:
        return len(value) <= LONGEST and all(
            type(key) is str and packable(item) for key, item in value.items()
        )
    return False


def _refused(code: int, _: bytes) -> Any:
    raise ValueError(f"extension type {code}")


if __name__.startswith("_tracefork."):
    pack, unpack_all = plain.pack, _unpack_plainly
else:
    import msgpack as _msgpack

    pack, unpack_all = _pack, _unpack_all
