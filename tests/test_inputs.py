"""Files that an agent reads: their changes are named, and kept ones are served as they were."""

from __future__ import annotations

import os
import sqlite3
import sys

from cli_runs import Bench

AGENT = """
    import json, os, pathlib
    from talk import say

    prompt = open("prompt.txt").read()
    data = json.loads(pathlib.Path("data.json").read_bytes())
    number = os.open("raw.bin", os.O_RDONLY)
    raw = os.read(number, 100)
    os.close(number)
    with open("prompt.txt", encoding="utf-8") as lines:
        print(lines.name, [line for line in lines], data, raw)
    with open("notes.txt", "w") as notes:
        notes.write("mine")
    print(open("notes.txt").read())
    print(say(prompt + str(data) + raw.hex()))
"""


def prepare(bench: Bench) -> None:
    bench.write("prompt.txt", "Be kind.\nBe brief.\n")
    bench.write("data.json", b'{"a": 1}')
    bench.write("raw.bin", bytes(range(20)))


def change(bench: Bench) -> None:
    bench.write("prompt.txt", "Be rude.\n")
    bench.path("data.json").unlink()
    bench.write("raw.bin", b"other")


def record(bench: Bench, *options: str) -> str:
    bench.write("agent.py", AGENT)
    words = ["record", "-o", "run.msgpack", *options, "--", sys.executable, "agent.py"]
    done = bench.cli(*words)
    assert done.code == 0, done
    return done.out


def test_kept_files_are_served_where_they_changed(bench: Bench) -> None:
    prepare(bench)
    recorded = record(bench, "--capture-files")
    assert bench.replay().err.count("changed since") == 0
    change(bench)
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded
    for line in (
        "input file: prompt.txt (changed since); the replay was given the tape's",
        "input file: data.json (is gone); the replay was given the tape's",
        "input file: raw.bin (changed since); the replay was given the tape's",
    ):
        assert line in done.err
    assert bench.path("notes.txt").read_text() == "mine"
    assert bench.path("prompt.txt").read_text() == "Be rude.\n"


def test_without_it_a_change_is_named(bench: Bench) -> None:
    prepare(bench)
    record(bench)
    kept = b"".join(bench.path("run.msgpack").read_bytes().split())
    assert b"inputdata" not in kept
    bench.write("prompt.txt", "Be rude.\n")
    done = bench.replay()
    assert done.code == 1
    assert "changed since: input file: prompt.txt" in done.err
    prepare(bench)
    bench.path("data.json").unlink()
    done = bench.replay()
    assert done.code == 1
    assert "changed since: input file: data.json, which is gone" in done.err


def test_what_the_agent_wrote_itself_is_no_input(bench: Bench) -> None:
    prepare(bench)
    record(bench, "--capture-files")
    inputs = {note.data["what"] for note in bench.open().notes if note.kind == "input"}
    assert inputs == {"prompt.txt", "data.json", "raw.bin"}


def test_a_file_with_a_credential_is_not_kept(bench: Bench) -> None:
    prepare(bench)
    key = bench.env["ANTHROPIC_API_KEY"]
    bench.write("prompt.txt", f"The key is {key}.\n")
    record(bench, "--capture-files")
    assert key.encode() not in bench.path("run.msgpack").read_bytes()
    kept = [n.data for n in bench.open().notes if n.kind == "input data"]
    assert {one["what"]: "data" in one for one in kept} == {
        "prompt.txt": False,
        "data.json": True,
        "raw.bin": True,
    }


def test_changed_code_is_shown(bench: Bench) -> None:
    prepare(bench)
    record(bench)
    text = bench.path("agent.py").read_text()
    bench.write("agent.py", text.replace("raw.hex()", "raw.hex().upper()"))
    done = bench.replay()
    assert done.code == 1
    lines = [line.strip() for line in done.err.splitlines()]
    assert "changed since: code: agent.py" in lines
    assert "-print(say(prompt + str(data) + raw.hex()))" in lines
    assert "+print(say(prompt + str(data) + raw.hex().upper()))" in lines
    assert os.path.exists(bench.path("run.msgpack"))


def test_what_is_read_by_a_name_that_the_run_gave_it_is_an_input(bench: Bench) -> None:
    bench.write("data.txt", "one")
    bench.record(
        """
        import os
        from talk import say
        if os.path.lexists("name.txt"):
            os.remove("name.txt")
        os.symlink("data.txt", "name.txt")
        say(open("name.txt").read())
        """
    )
    bench.write("data.txt", "two")
    again = bench.replay("run.msgpack", "--in-copy")
    assert "changed since: input file: " in again.err
    assert "likely cause: changed input" in again.err


REMEMBERS = """
    import sqlite3
    from talk import say
    store = sqlite3.connect("memory.db")
    say(f"I remember {store.execute('select * from seen').fetchall()}")
    store.execute("insert into seen values ('this run')")
    store.commit()
"""


def test_what_was_in_a_database_is_an_input(bench: Bench) -> None:
    """That changed since, as the recorded run itself wrote to it; kept, a copy has it as it was."""
    with sqlite3.connect(bench.path("memory.db")) as store:
        store.execute("create table seen (what text)")
    bench.record(REMEMBERS)
    again = bench.replay()
    assert "changed since: input file: memory.db" in again.err
    assert "likely cause: changed input" in again.err
    words = "record", "--capture-files", "-o", "kept.msgpack", "--", sys.executable, "agent.py"
    assert bench.cli(*words).code == 0
    before = bench.files()
    for _ in range(2):
        assert bench.replay("kept.msgpack", "--in-copy").code == 0
    assert bench.files() == before
