"""Whether files are there, and the times of what a run wrote itself."""

from __future__ import annotations

import os

import pytest
from cli_runs import Bench, draws

CHECKPOINT = """
    import json, os, pathlib
    from talk import say
    turn = json.load(open("turn.json")) if os.path.exists("turn.json") else 0
    say(f"turn {turn}, done: {pathlib.Path('done').exists()}")
    json.dump(turn + 1, open("turn.json", "w"))
"""
LISTS = """
    import os, pathlib
    from talk import say
    place = pathlib.Path("notes")
    place.mkdir(exist_ok=True)
    place.joinpath("a.txt").write_text("a")
    found = [(one.name, one.stat().st_mtime_ns, one.stat().st_ino) for one in place.iterdir()]
    say(f"{found} {os.path.getmtime('notes/a.txt')} {os.stat('talk.py').st_mtime}")
    print(type(os.stat("notes/a.txt")).__name__, os.stat("notes/a.txt").st_size)
"""


def test_a_file_that_the_run_left_is_told_as_changed(bench: Bench) -> None:
    bench.record(CHECKPOINT)
    again = bench.replay()
    assert again.code == 1
    assert "input file: turn.json, which was not there" in again.err + again.out
    assert "likely cause: changed input" in again.err + again.out
    bench.path("turn.json").unlink()
    assert bench.replay().code == 0


def test_a_file_that_went_is_told(bench: Bench) -> None:
    bench.write("done", "")
    bench.record(CHECKPOINT)
    bench.path("turn.json").unlink()
    bench.path("done").unlink()
    again = bench.replay()
    assert "input file: done, which is gone" in again.err + again.out
    assert "turn.json" not in again.err.split("changed since", 1)[1].split("\n")[0]


def test_the_times_of_what_a_run_wrote_are_the_tapes(bench: Bench) -> None:
    tape = bench.record(LISTS)
    assert {name for name, _ in draws(tape)} >= {"os.stat"}
    bench.path("notes/a.txt").unlink()
    bench.path("notes").rmdir()
    again = bench.replay()
    assert again.code == 0, again
    assert "stat_result 1" in again.out


@pytest.mark.parametrize("call", ["os.stat('no')", "pathlib.Path('no').stat()"])
def test_what_is_not_there_raises_as_it_would(bench: Bench, call: str) -> None:
    bench.record(f"""
        import os, pathlib, traceback
        from talk import say
        try:
            {call}
        except FileNotFoundError as error:
            assert "states.py" not in traceback.format_exc()
            say(repr(error))
    """)
    assert bench.replay().code == 0


TOUCHES = """
    import os, pathlib, subprocess
    from talk import say
    found = [os.path.exists("made.txt")]
    subprocess.run(["touch", "made.txt", "old.txt"])
    found += [os.path.exists("made.txt"), os.path.getmtime("old.txt")]
    entries = sorted(os.scandir("."), key=lambda one: one.name)
    found += [one.stat().st_mtime_ns for one in entries if one.name == "old.txt"]
    say(str([*found, pathlib.Path("other.txt").stat().st_mtime]))
"""


def test_what_another_program_touched_is_told_as_it_was(bench: Bench) -> None:
    bench.write("old.txt", "")
    bench.write("other.txt", "")
    os.utime(bench.path("other.txt"), (1, 1))
    tape = bench.record(TOUCHES)
    assert [name for name, _ in draws(tape) if "stat " in name] == [
        "os.stat made.txt #2",
        "os.stat old.txt #1",
        "os.stat old.txt #2",
    ]
    bench.path("made.txt").unlink()
    os.utime(bench.path("old.txt"), (1, 1))
    again = bench.replay()
    assert again.code == 0, again
    assert "changed since" not in again.err
    os.utime(bench.path("other.txt"), (2, 2))
    again = bench.replay()
    assert again.code == 1
    assert "changed since: input file: other.txt, which has another time" in again.err
    assert "likely cause: changed input" in again.err
