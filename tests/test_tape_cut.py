"""A large tape cut at 10 000 places: it holds all that was whole before the cut, and says the rest.

A tape is followed while it grows from one cut to the next, which reads each byte once; at some of
the places it is opened anew, which must show the same, and closed.
"""

from __future__ import annotations

import os
import random
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from tests.tape_damage import Whole, step_shown
from tests.tape_runs import SECRET, write_workload
from tests.test_tape_format import frames_of
from tracefork_tui.tape.check import check
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal

TURNS = 200
CUTS = 10_000
ANEW = 40
STEP_KINDS, END = range(3, 8), 6


def grown(path: Path, data: bytes, first: int) -> Iterator[int]:
    """The file grows: at each of the places it ends there."""
    rng = random.Random(5)
    places = [*sorted(rng.sample(range(first, len(data)), CUTS - 1)), len(data)]
    path.write_bytes(data[: places[0]])
    with open(path, "ab", buffering=0) as file:
        for before, place in zip(places[:1] + places, places, strict=False):
            file.write(data[before:place])
            yield place


def shown(tape: Tape) -> tuple[int, str, list[str]]:
    return len(tape.steps), tape.fingerprint, tape.damage


def test_a_large_tape_cut_at_10_000_places(tmp_path: Path) -> None:
    whole_path, path = tmp_path / "whole.msgpack", tmp_path / "cut.msgpack"
    write_workload(str(whole_path), TURNS)
    whole = Whole.of(whole_path)
    found = frames_of(whole.data)
    ends = [at for at, _ in found[1:]] + [len(whole.data)]
    owners = [record[1] if record[0] in STEP_KINDS else 0 for _, record in found]
    begun = list(accumulate(owners, max))
    ended = list(accumulate((record[1] if record[0] == END else 0 for _, record in found), max))
    anew = set(random.Random(6).sample(range(CUTS), ANEW))
    tape = None
    for number, place in enumerate(grown(path, whole.data, ends[0])):
        if tape is None:
            tape = Tape(str(path))
        else:
            tape.refresh()
        frames = bisect_right(ends, place)
        steps, done = begun[frames - 1], ended[frames - 1]
        assert len(tape.steps) == steps
        torn = place != ends[frames - 1]
        assert any("cut off" in line for line in tape.damage) == torn
        assert bool(tape.damage) == (place < len(whole.data))
        for n in {done, steps} - {0}:
            step = step_shown(tape, n)
            assert step is not None
            assert step == whole.steps[n - 1] if n == done else not step[9]
        if number in anew:
            with Tape(str(path)) as opened:
                assert shown(opened) == shown(tape)
            closes(path, place, steps, tmp_path)
    assert tape is not None
    assert tape.sealed
    assert (tape.fingerprint, tape.order) == whole.hashes


def closes(path: Path, place: int, steps: int, folder: Path) -> None:
    """What is left can be closed: a whole tape of so many steps."""
    copy = folder / "closed.msgpack"
    copy.write_bytes(path.read_bytes())
    with seal(str(copy), None, 10**9, SECRET) as tape:
        assert (len(tape.steps), tape.damage) == (steps, [])
    assert not check(str(copy)).damage
    assert os.path.getsize(path) == place
