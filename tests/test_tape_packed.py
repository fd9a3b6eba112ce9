"""A packed tape is the tape: the same steps, the same hashes, the same bytes back; and damage to
it is as loud.
"""

from __future__ import annotations

import os
import random
import resource
import zlib
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tape_damage import (
    HARMLESS,
    HONEST,
    HOSTILE,
    ROUNDS,
    SILENT,
    Whole,
    framed,
    opened,
    small_tape,
    step_shown,
)
from tests.tape_runs import HEADER, SECRET, write_workload
from tests.test_tape_format import frames_of
from tracefork_tui.tape import packed, packing
from tracefork_tui.tape.check import check
from tracefork_tui.tape.codec import pack as encoded
from tracefork_tui.tape.errors import FullDisk, NewerVersion, TapeError
from tracefork_tui.tape.packed import BLOCK, Packed
from tracefork_tui.tape.packing import pack, unpack
from tracefork_tui.tape.peek import peek
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import made_here, seal
from tracefork_tui.tape.writer import Writer

SHARDS = 4


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A tape of some blocks."""
    write_workload(str(tmp_path / "run.msgpack"), 60)
    assert (tmp_path / "run.msgpack").stat().st_size > 3 * BLOCK
    return tmp_path / "run.msgpack"


def packed_beside(path: Path) -> Path:
    out = path.with_suffix(".packed.msgpack")
    pack(str(path), str(out))
    return out


def by_the_page(data: bytes) -> bytes:
    """The tape in a packed file, by the rules of FORMAT.md alone."""
    found = frames_of(data)
    assert found[0][1][:3] == [0, "tracefork-pack", 1]
    parts = [record for _, record in found if record[0] == 1]
    assert [record[1] for record in parts] == list(range(len(parts)))
    blocks = [zlib.decompress(record[2]) for record in parts]
    assert all(len(block) == 65536 for block in blocks[:-1])
    (tail_at, (_, tail, rest)), (table_at, (_, size, where, lengths)), (_, end) = found[-3:]
    assert (
        int.from_bytes(tail, "little") == sum(map(len, blocks)) == int.from_bytes(where, "little")
    )
    starts = [at for at, record in found if record[0] == 1] + [tail_at]
    sizes = [int.from_bytes(lengths[at : at + 4], "little") for at in range(0, len(lengths), 4)]
    assert sizes == [b - a for a, b in pairwise(starts)]
    assert end == [4, table_at.to_bytes(8, "little")]
    whole = b"".join(blocks) + rest
    assert len(whole) == int.from_bytes(size, "little")
    return whole


def test_a_packed_tape_shows_what_the_tape_shows(tape: Path) -> None:
    before = tape.read_bytes()
    out = packed_beside(tape)
    assert tape.read_bytes() == before
    assert out.stat().st_size < 0.5 * len(before)
    assert out.stat().st_mode & 0o777 == 0o600
    assert by_the_page(out.read_bytes()) == before
    plain, whole = Whole.of(tape), Whole.of(out)
    assert (whole.steps, whole.run, whole.hashes) == (plain.steps, plain.run, plain.hashes)
    report = check(str(out))
    assert (report.damage, report.notes, report.packed) == ([], [], True)
    with Tape(str(out)) as read:
        assert made_here(read, SECRET)
        assert not made_here(read, b"another user's")
    seen, plainly = peek(str(out)), peek(str(tape))
    assert seen is not None
    assert plainly is not None
    assert (seen.header, seen.fingerprint, seen.steps) == (
        plainly.header,
        plainly.fingerprint,
        plainly.steps,
    )
    assert seen.size == out.stat().st_size


def test_unpacking_gives_the_same_bytes(tape: Path) -> None:
    before, out = tape.read_bytes(), packed_beside(tape)
    unpack(str(out), str(tape.with_name("again.msgpack")))
    assert tape.with_name("again.msgpack").read_bytes() == before
    tape.chmod(0o640)
    pack(str(tape), str(tape), force=True)
    assert tape.read_bytes() == out.read_bytes()
    assert tape.stat().st_mode & 0o777 == 0o640
    unpack(str(tape), str(tape), force=True)
    assert tape.read_bytes() == before
    assert len(list(tape.parent.iterdir())) == 3


def test_opening_costs_the_index_not_the_blocks(tape: Path) -> None:
    with Tape(str(packed_beside(tape))) as read:
        assert isinstance(read.file, Packed)
        assert list(read.file._kept) == [0]  # the header's
        first = read.file._kept[0]
        assert len(read.steps) == 60
        assert read.fingerprint
        assert read.step(1).n == 1
        assert list(read.file._kept) == [0]
        assert read.file._kept[0] is first
        for step in read.steps:
            step_shown(read, step.n)
            assert len(read.file._kept) <= packed.BLOCKS_KEPT


def test_an_unclosed_tape_and_a_torn_one(tmp_path: Path) -> None:
    plain = tmp_path / "run.msgpack"
    write_workload(str(plain), 30, sealed=False)
    data = plain.read_bytes()
    for cut in (0, 7, 70_001):
        plain.write_bytes(data[: len(data) - cut])
        out = tmp_path / f"{cut}.msgpack"
        pack(str(plain), str(out))
        assert by_the_page(out.read_bytes()) == plain.read_bytes()
        with Tape(str(plain)) as a, Tape(str(out)) as b:
            assert a.damage == b.damage != []
            assert a.fingerprint == b.fingerprint
            assert len(a.steps) == len(b.steps) > 10


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(size=st.integers(0, 3 * BLOCK), sizes=st.lists(st.integers(0, 90_000), max_size=3))
def test_any_bytes_at_any_border(tmp_path_factory: Any, size: int, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("packed")
    path, rng = folder / "t.msgpack", random.Random(size)
    writer = Writer.create(str(path), HEADER)
    for n, length in enumerate([size, *sizes], 1):
        writer.send(n, n, "", [], 0, "POST", "https://host/", [], rng.randbytes(length))
    writer.close()
    data = path.read_bytes()
    out = packed_beside(path)
    assert by_the_page(out.read_bytes()) == data
    with Tape(str(out)) as read:
        for _ in range(20):
            start, length = rng.randrange(len(data) + 9), rng.randrange(2 * BLOCK)
            assert read.file.pread(length, start) == data[start : start + length]


GOLDEN = Path(__file__).parent / "golden" / "packed"
GOLDEN_BYTES = {"v1.msgpack": "da506fcc6b38a23450730712e858de7ccc4cbd6e4aecfaf56d2a6857d020dcc8"}


@pytest.mark.parametrize("name", GOLDEN_BYTES)
def test_golden_files(name: str) -> None:
    data = by_the_page((GOLDEN / name).read_bytes())
    assert sha256(data).hexdigest() == GOLDEN_BYTES[name]
    with Tape(str(GOLDEN / name)) as read:
        assert read.damage == []
        assert sha256(read.file.pread(len(data) + 1, 0)).hexdigest() == GOLDEN_BYTES[name]
        assert None not in [step_shown(read, step.n) for step in read.steps]


def test_every_golden_file_is_tested() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(GOLDEN_BYTES)


# Refusals


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(TapeError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_refused(tape: Path) -> None:
    out = packed_beside(tape)
    before = out.read_bytes()
    assert "exists already" in refused(lambda: pack(str(tape), str(out)))
    assert "packed already" in refused(lambda: pack(str(out), str(out), force=True))
    assert "not packed" in refused(lambda: unpack(str(tape), "x"))
    assert "cannot be written" in refused(lambda: pack(str(tape), str(tape / "no" / "x")))
    assert "not a tape" in refused(lambda: pack(__file__, str(tape.with_name("x"))))
    writer = Writer.create(str(tape.with_name("held.msgpack")), HEADER)
    assert "being written" in refused(lambda: pack(str(tape.with_name("held.msgpack")), "x"))
    writer.close()
    data = bytearray(before)
    data[len(data) // 2] ^= 1
    out.write_bytes(data)
    assert "block 1 of the packed file is damaged" in refused(
        lambda: unpack(str(out), str(tape.with_name("x")))
    )
    left = {path.name for path in tape.parent.iterdir()}
    assert left == {"run.msgpack", "run.packed.msgpack", "held.msgpack"}


def test_a_packed_tape_is_not_closed_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.msgpack"
    write_workload(str(path), 3, sealed=False)
    pack(str(path), str(path), force=True)
    before = path.read_bytes()
    assert "unpack it first" in refused(lambda: seal(str(path), None, 1, SECRET))
    assert path.read_bytes() == before


def test_a_failure_leaves_what_was_there(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tape.read_bytes()

    def full(fd: int, data: bytes) -> None:
        raise FullDisk("the tape cannot be written: No space left on device")

    monkeypatch.setattr(packing, "write_all", full)
    said = refused(lambda: pack(str(tape), str(tape), force=True))
    monkeypatch.undo()
    assert "No space left" in said
    assert [path.name for path in tape.parent.iterdir()] == ["run.msgpack"]
    assert tape.read_bytes() == before


# Damage


@pytest.mark.parametrize("shard", range(8 if "TRACEFORK_TAPE_MUTATIONS" in os.environ else 1))
def test_a_bit_flipped_in_every_byte(tmp_path: Path, shard: int) -> None:
    """One of the eight; all of them where the environment asks for more mutations."""
    small_tape(tmp_path / "whole.msgpack")
    whole = Whole.of(packed_beside(tmp_path / "whole.msgpack"))
    flipped, fates = tmp_path / "flipped.msgpack", Counter[str]()
    data = bytearray(whole.data)
    for place in range(len(data)):
        bit = 1 << (place + shard) % 8
        data[place] ^= bit
        flipped.write_bytes(data)
        data[place] ^= bit
        fates[whole.judge(flipped, honest=True)] += 1
    print(dict(fates))
    assert not fates[SILENT]
    assert not fates[HARMLESS]


def test_cut_anywhere_it_opens_to_its_last_whole_step(tape: Path) -> None:
    whole = Whole.of(packed_beside(tape))
    cut, rng, most = tape.with_name("cut.msgpack"), random.Random(1), 0
    for size in sorted(rng.randrange(len(whole.data)) for _ in range(60)):
        cut.write_bytes(whole.data[:size])
        read = opened(cut)
        if read is None:
            assert not most
            continue
        with read:
            assert any("packed file is cut" in line for line in read.damage)
            seen = peek(str(cut))
            assert seen is not None
            assert (seen.header, seen.closed) == (read.header, False)
            shown = [step_shown(read, n) for n in range(1, len(read.steps) + 1)]
            assert len(shown) >= most
            most = len(shown)
            assert shown[:-1] == whole.steps[: most - 1]
    assert most > 40


def payloads(data: bytes) -> list[Any]:
    return [record for _, record in frames_of(data)]


def _of_kind(found: list[Any], kind: int, rng: random.Random) -> int:
    return rng.choice([at for at, record in enumerate(found) if record[0] == kind])


def _forge_field(found: list[Any], rng: random.Random) -> None:
    record = rng.choice(found)
    record[rng.randrange(len(record))] = rng.choice(HOSTILE)


def _forge_number(found: list[Any], rng: random.Random) -> None:
    at = _of_kind(found, rng.choice((packed.TAIL, packed.TABLE, packed.END)), rng)
    value = rng.choice((0, 1, BLOCK, 2**31, 2**40, 2**63, 2**64 - 1, rng.randrange(1 << 20)))
    found[at][rng.randrange(1, min(3, len(found[at])))] = value.to_bytes(8, "little")


def _forge_lengths(found: list[Any], rng: random.Random) -> None:
    lengths = bytearray(found[-2][3])
    place = rng.randrange(len(lengths))
    lengths[place] ^= 1 << rng.randrange(8)
    found[-2][3] = bytes(lengths)[: rng.choice((len(lengths), 4, 3))] * rng.choice((1, 2, 999))


def _forge_block(found: list[Any], rng: random.Random) -> None:
    """The bytes of a block changed, and compressed again."""
    record = found[_of_kind(found, packed.PART, rng)]
    data = bytearray(zlib.decompress(record[2]))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    bomb = zlib.compress(bytes(1 << 24), 9)
    record[2] = rng.choice((zlib.compress(data), record[2][:-3], record[2] + b"x", bomb, b""))


def _forge_order(found: list[Any], rng: random.Random) -> None:
    a, b = rng.randrange(len(found)), rng.randrange(len(found))
    what = rng.randrange(3)
    if what == 0:
        found[a], found[b] = found[b], found[a]
    elif what == 1:
        found.insert(b, found[a])
    else:
        del found[a]


def _forge_which(found: list[Any], rng: random.Random) -> None:
    found[_of_kind(found, packed.PART, rng)][1] = rng.choice((0, 1, 2, 7, 2**31, 2**62, -1))
    if rng.randrange(2):
        del found[-2:]


FORGED = (_forge_field, _forge_number, _forge_lengths, _forge_block, _forge_order, _forge_which)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_mutations(tmp_path: Path, shard: int) -> None:
    path, mutated = tmp_path / "whole.msgpack", tmp_path / "mutated.msgpack"
    write_workload(str(path), 26)
    whole, rng, fates = Whole.of(packed_beside(path)), random.Random(shard), Counter[str]()
    for number in range(ROUNDS // SHARDS // 4):
        honest = bool(rng.randrange(2))
        if honest:
            data = rng.choice(HONEST)(whole.data, rng)
        else:
            found = payloads(whole.data)
            rng.choice(FORGED)(found, rng)
            data = framed([encoded(record) for record in found])
        mutated.write_bytes(data)
        fate = whole.judge(mutated, honest)
        fates[fate] += 1
        assert fate != SILENT, f"mutation {number} of {shard}"
        assert fate != HARMLESS or data == whole.data or not honest
    print(dict(fates))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 21


def test_hostile_claims_cost_nothing(tmp_path: Path) -> None:
    zeros = zlib.compress(bytes(BLOCK), 9)
    parts = [[packed.PART, number, zeros] for number in range(300)]
    header = [packed.HEADER, packed.FORMAT, packed.VERSION]
    path = tmp_path / "hostile.msgpack"
    huge = (1 << 60).to_bytes(8, "little")
    for found in (
        [header, *parts],
        [header, *parts, [packed.PART, 2**62, zeros]],
        [header, [packed.TAIL, huge, b"x"]],
        [header, [packed.TABLE, huge, huge, b""], [packed.END, (24).to_bytes(8, "little")]],
    ):
        path.write_bytes(framed([encoded(record) for record in found]))
        assert str(path) in refused(lambda: Tape(str(path)))
        assert peek(str(path)) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 21


def test_a_newer_pack_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "newer.msgpack"
    path.write_bytes(framed([encoded([packed.HEADER, packed.FORMAT, 2])]))
    with pytest.raises(NewerVersion, match="update tracefork-tui"):
        Tape(str(path))
    path.write_bytes(framed([encoded([packed.HEADER, packed.FORMAT, 2])])[:-2])
    assert "damaged header" in refused(lambda: Tape(str(path)))
