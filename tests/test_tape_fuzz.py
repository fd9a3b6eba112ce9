"""Files of any records at all: whatever is in one, it is read, or refused in one line; packed it
shows the same; and closing it changes nothing that it shows.
"""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tape_damage import HOSTILE, framed, opened, quick_draws, run_shown, step_shown
from tests.tape_runs import HEADER, SECRET, URL
from tracefork_tui.tape import records, tail
from tracefork_tui.tape.check import check
from tracefork_tui.tape.codec import pack as encoded
from tracefork_tui.tape.columns import pack_numbers
from tracefork_tui.tape.errors import TapeError
from tracefork_tui.tape.indexed import NOT_CLOSED, UNCHECKED
from tracefork_tui.tape.packing import pack
from tracefork_tui.tape.peek import peek
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import made_here, seal
from tracefork_tui.tape.writer import Writer

MOST = 40  # steps that are looked at
EXAMPLES = int(os.environ.get("TRACEFORK_TAPE_MUTATIONS", "1500")) // 10

fuzzed = settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
)

SMALL = st.integers(0, 9)
NUMBERS = st.one_of(
    SMALL, SMALL, SMALL, st.sampled_from([-1, 4096, 2**16, 2**32, 2**63, 2**64 - 1])
)
BYTES = st.one_of(st.binary(max_size=40), st.sampled_from([b"", bytes(32), b"\xff" * 64]))
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from([URL, "\ud800", "a\x1b[31m", "[/b]"]))
PIECES = st.lists(
    st.one_of(
        BYTES,
        st.tuples(SMALL, st.integers(0, 1), NUMBERS, NUMBERS).map(list),
        st.sampled_from([[1, 0, 0, 2**40], [1, 0], None]),
    ),
    max_size=4,
)
HEADERS = st.lists(st.one_of(SMALL, st.tuples(SMALL, TEXTS).map(list)), max_size=3)
MAPS = st.dictionaries(TEXTS, st.one_of(NUMBERS, TEXTS, st.none()), max_size=3)
ANY = st.one_of(NUMBERS, BYTES, TEXTS, MAPS, st.sampled_from(HOSTILE))
ERRORS = st.one_of(st.none(), st.tuples(TEXTS, TEXTS, TEXTS, st.none()).map(list), ANY)
COLUMNS = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=4).map(pack_numbers),
    BYTES,
)


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of them


def record(kind: int, *fields: Any) -> st.SearchStrategy[list[Any]]:
    return st.tuples(*fields).map(lambda found: [kind, *found])


@st.composite
def runs(draw: st.DrawFn) -> list[Any]:
    count = draw(st.integers(1, 4))
    sources = draw(st.lists(st.lists(SMALL, min_size=5, max_size=5), min_size=1, max_size=2))
    which = bytes(draw(st.integers(0, len(sources))) for _ in range(count))
    times = pack_numbers(list(range(count)))
    kinds = st.sampled_from([b"i", b"f", b"m", b"x", b""])
    columns = [draw(kinds) + draw(st.one_of(COLUMNS, st.just(times))) for _ in sources]
    said = draw(st.one_of(st.just(which), st.just(b"")))
    return [records.DRAWS, draw(SMALL), draw(st.one_of(st.just(count), NUMBERS)), sources, said,
            draw(st.one_of(st.just(times), COLUMNS)), columns]  # fmt: skip


RECORD = st.one_of(
    record(records.ATOM, SMALL, st.one_of(TEXTS, st.lists(TEXTS, min_size=2, max_size=2))),
    record(records.ATOM, SMALL, st.one_of(TEXTS, st.lists(TEXTS, min_size=2, max_size=2))),
    record(records.SEND, SMALL, NUMBERS, SMALL, SMALL, SMALL, SMALL, SMALL, HEADERS, PIECES,
           NUMBERS, BYTES),
    record(records.HEAD, SMALL, NUMBERS, NUMBERS, SMALL, SMALL, HEADERS),
    record(records.CHUNK, SMALL, NUMBERS, BYTES),
    record(records.END, SMALL, NUMBERS, SMALL, ERRORS, BYTES),
    record(records.DRAW, SMALL, NUMBERS, SMALL, SMALL, SMALL, SMALL, SMALL, ANY),
    runs(),
    record(records.NOTE, NUMBERS, TEXTS, MAPS),
    record(records.OUTPUT, NUMBERS, SMALL, TEXTS),
    record(records.OUTCOME, NUMBERS, MAPS),
    record(records.INDEX, *[BYTES] * 9),
    record(records.FOOTER, *[BYTES] * 6),
    st.lists(ANY, max_size=5),
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Atoms that most records refer to, then any records, then perhaps something that is none."""
    found: list[Any] = [
        [records.HEADER, records.FORMAT, records.VERSION, draw(st.one_of(st.just(HEADER), MAPS))]
    ]
    if draw(st.booleans()):
        texts: list[Any] = [URL, ["n", "v"], "POST", ["agent.py:1 in main"], "float"]
        found += [[records.ATOM, n, text] for n, text in enumerate(texts)]
    found += draw(st.lists(RECORD, max_size=12))
    payloads = [encoded(one) for one in found]
    payloads += draw(st.lists(st.binary(max_size=20), max_size=1))
    data = framed(payloads)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 3)) :]
    return data


def shown(path: Path) -> Any:
    """Everything that a tape shows; None where it is refused."""
    tape = opened(path)
    if tape is None:
        return None
    with tape:
        count = min(len(tape.index.first), MOST)
        steps = [repr(step_shown(tape, n)) for n in range(1, count + 1)]
        assert len(tape.steps) <= len(tape.index.first)
        made_here(tape, SECRET)
        assert all("\n" not in line for line in tape.damage)
        return [steps, repr(run_shown(tape)), tape.fingerprint, tape.order]


@fuzzed
@given(data=files())
def test_any_records_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.msgpack"
    path.write_bytes(data)
    plain = shown(path)
    peek(str(path))
    if plain is None:
        with pytest.raises(TapeError):
            check(str(path))
        return
    check(str(path))
    packed = tmp_path / "packed.msgpack"
    pack(str(path), str(packed), force=True)
    assert shown(packed) == plain
    try:
        seal(str(path), None, 10**6, SECRET).close()
    except TapeError:
        return
    closed = shown(path)
    assert closed[0] == plain[0]
    assert closed[2:] == plain[2:]


# The file of the newest draws


def unclosed(path: Path) -> bytes:
    """A tape whose writer died with draws in the mapped file; gives that file's bytes."""
    writer = Writer.create(str(path), HEADER)
    writer.draw(1, 10, "", [], 0, "time.time", "float", 1763640251.25)
    quick_draws(writer, 2)
    beside = Path(tail.beside(str(path)))
    on_tape, left = path.read_bytes(), beside.read_bytes()
    writer.close()
    path.write_bytes(on_tape)
    beside.write_bytes(left)
    return left


def test_the_newest_draws_are_said_to_be_unchecked(tmp_path: Path) -> None:
    path = tmp_path / "run.msgpack"
    unclosed(path)
    with Tape(str(path)) as tape:
        assert tape.damage == [UNCHECKED, NOT_CLOSED]
        assert [step.n for step in tape.steps] == [1, 2, 3, 4, 5]
    assert check(str(path)).damage == []
    packed = tmp_path / "packed.msgpack"
    pack(str(path), str(packed))
    with Tape(str(packed)) as tape:
        assert len(tape.steps) == 5
        assert tape.damage == [NOT_CLOSED]


NOT_DRAWS = {"empty": b"", "short": b"tfdraws1", "zeros": bytes(tail.SIZE), "fifo": None}


@pytest.mark.parametrize("name", NOT_DRAWS)
def test_a_file_that_is_not_the_newest_draws(tmp_path: Path, name: str) -> None:
    data = NOT_DRAWS[name]
    path = tmp_path / "run.msgpack"
    unclosed(path)
    beside = Path(tail.beside(str(path)))
    beside.unlink()
    if data is None:
        os.mkfifo(beside)
    else:
        beside.write_bytes(data)
    with Tape(str(path)) as tape:
        assert ".run.msgpack.draws" in tape.damage[0]
        assert len(tape.steps) == 1
    assert check(str(path)).damage
    with seal(str(path), None, 99, SECRET) as tape:
        assert [note.kind for note in tape.notes] == ["unseen"]
        assert tape.damage == []
    assert not beside.exists()


def test_the_newest_draws_with_any_bits_flipped(tmp_path: Path) -> None:
    path, rng = tmp_path / "run.msgpack", random.Random(3)
    data = unclosed(path)
    held = path.read_bytes()
    places = [*range(80), *range(tail.SAYS, tail.SAYS + 200), *range(tail.HOLDS, tail.HOLDS + 9)]
    for _ in range(EXAMPLES):
        changed = bytearray(data)
        for place in rng.choices(places, k=rng.choice((1, 1, 3))):
            changed[place] = rng.choice(
                (changed[place] ^ 1 << rng.randrange(8), rng.randrange(256))
            )
        if not rng.randrange(8):
            struct.pack_into("<Q", changed, 8 * rng.randrange(9), rng.choice((2**63, 2**32, 4096)))
        path.write_bytes(held)
        Path(tail.beside(str(path))).write_bytes(changed)
        before = shown(path)
        with Tape(str(path)) as tape:
            assert tape.damage
        with seal(str(path), None, 10**6, SECRET) as tape:
            assert tape.sealed
        closed = shown(path)
        assert closed[0] == before[0]
        assert closed[2:] == before[2:]
