"""Any truncation, any flipped bit, any mutation: detected or recovered, never silent."""

from __future__ import annotations

import os
import random
import resource
from collections import Counter
from pathlib import Path

import pytest

from tests.tape_damage import (
    HARMLESS,
    ROUNDS,
    SILENT,
    Whole,
    framed,
    mixed_tape,
    mutate,
    opened,
    small_tape,
    step_shown,
)
from tests.tape_runs import SECRET, write_workload
from tracefork_tui.tape import records
from tracefork_tui.tape.codec import pack
from tracefork_tui.tape.errors import NewerVersion, TapeError
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal

SHARDS = 8


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    small_tape(tmp_path / "whole.msgpack")
    return Whole.of(tmp_path / "whole.msgpack")


@pytest.mark.parametrize("sealed", [True, False])
def test_cut_at_every_byte(tmp_path: Path, sealed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of them
    path, cut = tmp_path / "whole.msgpack", tmp_path / "cut.msgpack"
    data = small_tape(path, sealed)
    with Tape(str(path)) as tape:
        steps = [step_shown(tape, n) for n in range(1, 9)]
    first_ends = None
    for size in range(len(data)):
        cut.write_bytes(data[:size])
        tape = opened(cut)
        if tape is None:
            assert first_ends is None
            continue
        first_ends = first_ends or size
        with tape:
            assert tape.damage
            shown = [step_shown(tape, n) for n in range(1, len(tape.index.first) + 1)]
            fingerprint = tape.fingerprint
        whole = [n for n, step in enumerate(shown) if step == steps[n]]
        behind = data[:size].count(b"uuid.uuid4") and size > data.index(b"uuid.uuid4") + 40
        assert whole[:2] == [0, 1] if behind else len(shown) - len(whole) <= 1
        assert all(step is not None for step in shown)
        with seal(str(cut), None, 100, SECRET) as tape:
            assert tape.sealed
            assert tape.damage == []
            assert [step_shown(tape, n + 1) for n in range(len(shown))] == shown
            assert tape.fingerprint == fingerprint
    assert first_ends


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_bit_flipped(whole: Whole, tmp_path: Path, shard: int) -> None:
    flipped = tmp_path / "flipped.msgpack"
    fates = Counter[str]()
    data = bytearray(whole.data)
    for place in range(len(data)):
        data[place] ^= 1 << shard
        flipped.write_bytes(data)
        data[place] ^= 1 << shard
        fates[whole.judge(flipped, honest=True)] += 1
    print(dict(fates))
    assert not fates[SILENT]
    assert not fates[HARMLESS]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_mutations(tmp_path: Path, shard: int) -> None:
    path, mutated = tmp_path / "whole.msgpack", tmp_path / "mutated.msgpack"
    if shard % 2:
        mixed_tape(path)
    else:
        write_workload(str(path), 12)
    whole, rng = Whole.of(path), random.Random(shard)
    fates = Counter[str]()
    for number in range(ROUNDS // SHARDS):
        data, honest = mutate(whole.data, rng)
        mutated.write_bytes(data)
        fate = whole.judge(mutated, honest)
        fates[fate] += 1
        assert fate != SILENT, f"mutation {number} of {shard}"
        assert fate != HARMLESS or data == whole.data or not honest
    print(dict(fates))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 21


def test_a_tape_within_a_tape_is_not_taken_for_its_host(tmp_path: Path) -> None:
    from tests.tape_runs import HEADER
    from tracefork_tui.tape.writer import Writer

    inner = small_tape(tmp_path / "inner.msgpack", sealed=False)
    outer = tmp_path / "outer.msgpack"
    writer = Writer.create(str(outer), {**HEADER, "hash_seed": "8"})
    writer.send(1, 0, "", [], 0, "POST", "https://host/", [], b"file=" + inner)
    writer.draw(2, 1, "", [], 0, "time.time", "float", 0.5)
    writer.close()
    data = bytearray(outer.read_bytes())
    data[data.index(b"file=") - 60] ^= 1
    start = data.index(inner) - 5
    outer.write_bytes(data[: start - 70] + bytes(60) + data[start - 10 :])
    with Tape(str(outer)) as tape:
        assert tape.damage
        assert len(tape.steps) <= 1


def test_a_wide_and_deep_claim_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "hostile.msgpack"
    header = pack([records.HEADER, records.FORMAT, records.VERSION, {}])
    deep = b"\xdd\x00\x0f\xff\xff" * 900
    path.write_bytes(framed([header, b"\x94\x08\x00\xa1x" + deep + b"\x01" * (1 << 20)]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Tape(str(path)) as tape:
        assert tape.damage
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 18


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n", "not a tape"),
        (b'{"steps": []}', "not a tape"),
        (framed([pack([0, "tracefork-tape", 2, {}])]), "update tracefork-tui"),
        (framed([pack([0, "tracefork-tape", 0, {}])]), "damaged header"),
        (framed([pack([0, "tracefork-tape", 1, []])]), "damaged header"),
        (framed([pack([0, "tracefork-tape", "1", {}])]), "not a tape"),
        (framed([pack([0, "other", 1, {}])]), "not a tape"),
        (framed([pack([0, "tracefork-tape", 1, {}])])[:-3], "cut within its header"),
    ],
)
def test_what_is_no_tape_is_refused_in_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "no.msgpack"
    path.write_bytes(data)
    with pytest.raises(TapeError, match=words) as caught:
        Tape(str(path))
    assert str(caught.value).startswith(str(path))
    assert isinstance(caught.value, NewerVersion) == ("update" in words)
