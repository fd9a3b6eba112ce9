"""What a recorded run left lying is not in the way of its replays."""

from __future__ import annotations

from cli_runs import Bench

TEMPORARY = """
    import os, tempfile
    from talk import say
    with tempfile.NamedTemporaryFile("w", delete=False) as one:
        one.write(say("a report"))
    number, other = tempfile.mkstemp(suffix=".json")
    os.close(number)
    folder = tempfile.mkdtemp(prefix="agent-")
    os.mkdir(os.path.join(folder, "parts"))
    third = tempfile.mktemp()
    open(third, "x").close()
    with tempfile.TemporaryFile() as nameless:
        nameless.write(b"a")
    say(f"{one.name} {other} {folder} {third}")
"""


def test_temporary_files_that_were_left_are_made_again(bench: Bench) -> None:
    place = bench.path("temporary")
    place.mkdir()
    there = {"TMPDIR": str(place)}
    with bench.record(TEMPORARY, **there) as tape:
        written = [note.data["what"] for note in tape.notes if note.kind == "file"]
    assert len(written) == 5, "what tempfile does for itself is nothing of the agent's"
    left = {one.name: one.stat().st_ino for one in place.iterdir()}
    assert len(left) == 4
    for number in range(3):
        again = bench.replay(**there)
        assert again.code == 0
        assert ("which the recorded run left, is now" in again.err) == (number == 0)
        names = {one.name: one.stat().st_ino for one in place.iterdir()}
        assert names.keys() == {*left, *(f"{name}.recorded" for name in left)}
        assert {name: names[f"{name}.recorded"] for name in left} == left
