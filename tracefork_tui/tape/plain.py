"""msgpack in plain Python, for the agent's process, which may have no msgpack and must not see
ours. What a tape holds and no more: no extension types.
"""

from __future__ import annotations

import struct
from typing import Any, Callable

LEAST, MOST = -(1 << 63), 1 << 64

_SMALL = [bytes((number,)) for number in range(128)]
_LISTS = [bytes((0x90 | size,)) for size in range(16)]
_float = struct.Struct(">Bd").pack
_unfloat = struct.Struct(">d").unpack_from
_single = struct.Struct(">f").unpack_from


def pack(value: Any) -> bytes:
    """As codec.pack."""
    return _PACK[type(value)](value)


def _integer(value: int) -> bytes:
    if 0 <= value < 128:
        return _SMALL[value]
    if value >= 0:
        if value < 0x100:
            return b"\xcc" + value.to_bytes(1, "big")
        if value < 0x10000:
            return b"\xcd" + value.to_bytes(2, "big")
        if value < 0x100000000:
            return b"\xce" + value.to_bytes(4, "big")
        if value < MOST:
            return b"\xcf" + value.to_bytes(8, "big")
    elif value >= -32:
        return value.to_bytes(1, "big", signed=True)
    elif value >= -0x80:
        return b"\xd0" + value.to_bytes(1, "big", signed=True)
    elif value >= -0x8000:
        return b"\xd1" + value.to_bytes(2, "big", signed=True)
    elif value >= -0x80000000:
        return b"\xd2" + value.to_bytes(4, "big", signed=True)
    elif value >= LEAST:
        return b"\xd3" + value.to_bytes(8, "big", signed=True)
    raise OverflowError("an integer of more than 64 bits")


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    size = len(data)
    if size < 32:
        return bytes((0xA0 | size,)) + data
    return _head(size, b"\xd9", b"\xda", b"\xdb") + data


def _bytes(value: bytes) -> bytes:
    return _head(len(value), b"\xc4", b"\xc5", b"\xc6") + value


def _list(value: Any) -> bytes:
    size = len(value)
    head = _LISTS[size] if size < 16 else _head(size, b"", b"\xdc", b"\xdd")
    return head + b"".join(
        [
            _SMALL[item] if type(item) is int and 0 <= item < 128 else _PACK[type(item)](item)
            for item in value
        ]
    )


def _map(value: Any) -> bytes:
    size = len(value)
    head = bytes((0x80 | size,)) if size < 16 else _head(size, b"", b"\xde", b"\xdf")
    return head + b"".join([pack(part) for pair in value.items() for part in pair])


def _head(size: int, one: bytes, two: bytes, four: bytes) -> bytes:
    if size < 0x100 and one:
        return one + size.to_bytes(1, "big")
    if size < 0x10000:
        return two + size.to_bytes(2, "big")
    if size < 0x100000000:
        return four + size.to_bytes(4, "big")
    raise ValueError("a value of 4 GiB or more")


class _Packers(dict[type, Callable[[Any], bytes]]):
    """How to pack what is of a type. Raises TypeError for one that cannot be kept."""

    def __missing__(self, kind: type) -> Callable[[Any], bytes]:
        for known, packer in self.items():
            if issubclass(kind, known):
                return packer
        raise TypeError(f"cannot keep a {kind.__name__}")


_PACK = _Packers(
    {
        int: _integer,
        str: _text,
        bytes: _bytes,
        list: _list,
        dict: _map,
        float: lambda value: _float(0xCB, value),
        bool: lambda value: b"\xc3" if value else b"\xc2",
        type(None): lambda value: b"\xc0",
        tuple: _list,
        bytearray: lambda value: _bytes(bytes(value)),
        memoryview: lambda value: _bytes(bytes(value)),
    }
)


def unpack_from(data: bytes, at: int, longest: int) -> tuple[Any, int]:
    """The object that begins at byte `at`, and where the next one does.

    `longest`: the most items of a list or a map. Raises ValueError, IndexError, struct.error,
    TypeError or RecursionError for what is none.
    """
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind >= 0xE0:
        return kind - 256, at
    if kind < 0x90:
        return _read_map(data, at, kind & 15, longest)
    if kind < 0xA0:
        return _read_list(data, at, kind & 15, longest)
    if kind < 0xC0:
        return _read_text(data, at, kind & 31)
    width = _SIZES.get(kind)
    if width is None:
        return _constant(data, at, kind)
    end = at + width
    if end > len(data):
        raise ValueError("it is cut short")
    number = int.from_bytes(data[at:end], "big")
    if kind <= 0xC6:
        return _cut(data, end, number), end + number
    if kind <= 0xCF:
        return number, end
    if kind <= 0xD3:
        return int.from_bytes(data[at:end], "big", signed=True), end
    if kind <= 0xDB:
        return _read_text(data, end, number)
    return (_read_list if kind <= 0xDD else _read_map)(data, end, number, longest)


def _constant(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    """What has one size."""
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], at
    if kind == 0xCB:
        return _unfloat(data, at)[0], at + 8
    if kind == 0xCA:
        return _single(data, at)[0], at + 4
    raise ValueError(f"byte 0x{kind:02x}")


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_WIDTHS = ((0xC4, (1, 2, 4)), (0xCC, (1, 2, 4, 8)), (0xD0, (1, 2, 4, 8)), (0xD9, (1, 2, 4)))
_SIZES = {first + k: width for first, widths in _WIDTHS for k, width in enumerate(widths)}
_SIZES.update({0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4})


def _cut(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueError("it is cut short")
    return data[at : at + size]


def _read_text(data: bytes, at: int, size: int) -> tuple[str, int]:
    return _cut(data, at, size).decode("utf-8", "surrogatepass"), at + size


def _read_list(data: bytes, at: int, size: int, longest: int) -> tuple[list[Any], int]:
    if size > min(longest, len(data) - at):
        raise ValueError("a list that is too long")
    numbers = data[at : at + size]
    if numbers.isascii():
        return list(numbers), at + size
    found: list[Any] = []
    for _ in range(size):
        kind = data[at]
        if kind < 0x80:
            found.append(kind)
            at += 1
        else:
            value, at = unpack_from(data, at, longest)
            found.append(value)
    return found, at


def _read_map(data: bytes, at: int, size: int, longest: int) -> tuple[dict[Any, Any], int]:
    if size > min(longest, len(data) - at):
        raise ValueError("a map that is too long")
    found = {}
    for _ in range(size):
        key, at = unpack_from(data, at, longest)
        if type(key) not in (str, bytes):
            raise ValueError("a key that is neither text nor bytes")
        found[key], at = unpack_from(data, at, longest)
    return found, at
