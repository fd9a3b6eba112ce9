"""A tape that is open, opened once more for another thread; and what opening one holds."""

from __future__ import annotations

import tracemalloc
from itertools import accumulate
from pathlib import Path

import pytest

from tests.tape_damage import small_tape
from tests.tape_runs import HEADER, SECRET, write_workload
from tests.tui_tapes import long_run
from tracefork_tui.tape.errors import TapeError
from tracefork_tui.tape.index import MEANING, PAGE
from tracefork_tui.tape.packing import pack
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.writer import Writer


def whole(tape: Tape) -> list[object]:
    steps = [(str(step), tape.meaning(step.n), step.fingerprint) for step in tape.steps]
    return [*steps, tape.header, tape.notes, tape.outcome, tape.order, tape.damage, tape.mac]


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_closed_tape_opened_like_another_shares_its_index(
    tmp_path: Path, is_packed: bool
) -> None:
    path = tmp_path / "run.msgpack"
    small_tape(path)
    if is_packed:
        pack(str(path), str(path), force=True)
    first = Tape(path)
    path.rename(tmp_path / "moved.msgpack")
    again = Tape(path, first)
    assert again.sealed
    assert again.index is first.index
    assert whole(again) == whole(first)
    first.close()
    assert len(list(again.steps)) == again.index.steps  # each has a file of its own
    with pytest.raises(TapeError):
        Tape(path, first)
    again.close()


def test_a_tape_that_grows_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.msgpack"
    writer = Writer.create(str(path), HEADER)
    writer.note(0, "file", {"what": "a"})
    with Tape(path) as first, Tape(path, first) as again:
        assert again.index is not first.index
        writer.note(1, "file", {"what": "b"})
        writer.close()
        assert again.refresh()
        assert len(again.notes) == 2
        assert len(first.notes) == 1


def test_offsets_are_the_sums_of_the_lengths(tmp_path: Path) -> None:
    path = tmp_path / "run.msgpack"
    write_workload(str(path), 100)
    for closed in (False, True):
        if closed:
            seal(str(path), {"exit_code": 0}, 1, SECRET).close()
        with Tape(path) as tape:
            index = tape.index
            starts = list(accumulate(index.lengths, initial=0))
            assert len(index.kinds) > 2 * PAGE
            assert starts.pop() == index.end
            assert [index.offset(place) for place in range(len(index.kinds))] == starts


def test_what_the_steps_mean_is_left_in_the_file(tmp_path: Path) -> None:
    path = long_run(tmp_path / "run.msgpack", 5000)
    Tape(path).close()
    tracemalloc.start()
    try:
        with Tape(path) as tape:
            held, most = tracemalloc.get_traced_memory()
            assert most < 5000 * MEANING  # all else that the index says of a step is smaller
            assert held < 5000 * MEANING
            assert tape.computed_meaning(4321) == tape.meaning(4321)
    finally:
        tracemalloc.stop()


def test_the_start_of_a_body_is_read_once_for_a_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.msgpack"
    bodies = [body for body, _ in write_workload(str(path), 120)]
    with Tape(path) as tape:
        places: set[int] = set()
        pread = tape.file.pread
        monkeypatch.setattr(
            tape.file, "pread", lambda size, at: (places.add(at), pread(size, at))[1]
        )
        for n in (120, 100, 119, 60):
            assert tape.request_start(n, 50_000) == bodies[n - 1][:50_000]
        places.clear()
        for n in range(61, 121):
            assert tape.request_start(n, 50_000) == bodies[n - 1][:50_000]
        assert len(places) <= 60  # no more than a record for each
        for n in (1, 2, 120, 30, 15, 14):
            for size in (0, 1, 100, 45_000, 10_000_000):
                assert tape.request_start(n, size) == bodies[n - 1][:size]
