"""The agent's own msgpack gives and takes what the real one does, byte for byte."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tracefork_tui.tape import codec, plain

EDGES = [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
NEGATIVE = [-1, -32, -33, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**63)]


def a_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([*EDGES, *NEGATIVE])
    if kind == 1:
        return rng.choice([None, True, False, rng.getrandbits(60)])
    if kind == 2:
        return rng.random() * 10.0 ** rng.randrange(-300, 300)
    if kind == 3:
        letters = [65, 233, 0x4E00, 0xD800, 0x1F600]
        return "".join(chr(rng.choice(letters)) for _ in range(rng.randrange(70)))
    if kind == 4:
        return bytes(rng.getrandbits(8) for _ in range(rng.choice([0, 3, 255, 256])))
    if kind == 5:
        return "x" * rng.choice([31, 32, 255, 256, 65535, 65536])
    size = rng.choice([0, 1, 15, 16, 20])
    if kind == 6:
        return [a_value(rng, depth + 1) for _ in range(size)]
    return {str(number): a_value(rng, depth + 1) for number in range(size)}


def taken(unpack: Any, data: bytes) -> str:
    try:
        return repr(unpack(data, 1))
    except ValueError:
        return "refused"


def test_the_same_bytes() -> None:
    rng = random.Random(1)
    for value in [*EDGES, *NEGATIVE, *(a_value(rng) for _ in range(300))]:
        data = codec.pack(value)
        assert plain.pack(value) == data
        assert codec._unpack_plainly(data, 1) == [value]


@pytest.mark.parametrize("other", [0, 127, 128, 256, -1, True, None, 1.0, "x", 2**64 - 1])
@pytest.mark.parametrize("size", [1, 15, 16, 70000])
def test_lists_of_small_numbers(size: int, other: Any) -> None:
    value = [*range(size % 128), *[5] * (size - 1 - size % 128), other]
    data = codec.pack(value)
    assert plain.pack(value) == data
    assert repr(codec._unpack_plainly(data, 1)) == repr([value])
    assert taken(codec._unpack_plainly, data[:-1]) == taken(codec._unpack_all, data[:-1])


def test_the_same_is_refused() -> None:
    rng = random.Random(2)
    sound = codec.pack([7, 3, 100, 0, 1, "abc", {"a": [1, 2.5, b"xx"]}])
    for number in range(6000):
        data = bytearray(sound)
        data[rng.randrange(len(data))] = rng.randrange(256)
        if number % 2:
            data = bytearray(rng.getrandbits(8) for _ in range(rng.randrange(1, 30)))
        cut = bytes(data[: rng.randrange(1, len(data) + 1)])
        assert taken(codec._unpack_plainly, cut) == taken(codec._unpack_all, cut), cut.hex()


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, object(), {1, 2}])
def test_what_no_tape_holds(value: Any) -> None:
    for pack in (plain.pack, codec.pack):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            pack(value)


def test_many_objects_in_a_row() -> None:
    data = b"".join(map(plain.pack, (1, "two", [3])))
    for unpack in (codec._unpack_plainly, codec._unpack_all):
        assert unpack(data, 3) == [1, "two", [3]]
        for count in (2, 4):
            with pytest.raises(ValueError, match="msgpack object"):
                unpack(data, count)
