"""What a recorded run left lying is not in the way of its replays."""

from __future__ import annotations

import sys

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
        kept = ("", ".recorded", ".replayed", ".replayed-2")[: number + 2]
        assert names.keys() == {name + ending for name in left for ending in kept}
        assert {name: names[f"{name}.recorded"] for name in left} == left


MAKES = """
    import os, shutil, sqlite3, tempfile
    from talk import say
    os.mkdir("out")
    with open("out/draft.txt", "x") as file:
        file.write(say("a draft"))
    os.rename("out/draft.txt", "out/report.txt")
    os.symlink("talk.py", "link.py")
    store = sqlite3.connect("memory.db")
    store.execute("create table if not exists seen (at text)")
    store.execute("insert into seen values ('now')")
    store.commit()
    folder = tempfile.mkdtemp()
    os.mkdir(folder + "/deep")
    open(folder + "/deep/a.txt", "w").close()
    shutil.rmtree(folder)
    os.utime("talk.py")
    os.makedirs("there", exist_ok=True)
    say(f"{store.execute('select count(*) from seen').fetchall()} {sorted(os.listdir('out'))}")
    os.remove("link.py")
"""


def test_a_copy_is_without_what_the_run_made(bench: Bench) -> None:
    bench.path("there").mkdir()
    with bench.record(MAKES) as tape:
        touched = [note.data for note in tape.notes if note.kind == "file"]
    assert [one["what"] for one in touched if not one.get("outside")] == [
        "makes out",
        "writes out/draft.txt",
        "renames out/draft.txt",
        "links link.py",
        "database memory.db",
        "sets the times of talk.py",
        "removes link.py",
    ]
    assert [one["what"].split()[0] for one in touched if one.get("outside")] == [
        "makes",
        "makes",
        "writes",
        "removes",
    ]
    here = bench.replay()
    assert here.code == 1
    assert (
        "file: out, which the recorded run made, was there: --in-copy runs without it" in here.err
    )
    before = bench.files()
    assert bench.replay("run.msgpack", "--in-copy").code == 0
    assert bench.files() == before


def test_what_no_replay_makes_again_is_in_the_copy(bench: Bench) -> None:
    """A folder with what a command put there stays, and so does what was there before the run."""
    bench.write("old.txt", "old")
    bench.record(
        """
        import os, subprocess
        from talk import say
        os.makedirs("out", exist_ok=True)
        subprocess.run(["cp", "talk.py", "out/made.py"], check=True)
        text = open("old.txt").read()
        os.remove("old.txt")
        open("old.txt", "w").write(text)
        say(f"{os.path.getsize('out/made.py')} {text}")
        """
    )
    assert bench.replay("run.msgpack", "--in-copy").code == 0


def test_a_run_in_a_copy_leaves_the_folder_itself_alone(bench: Bench) -> None:
    """Also by an absolute path, or by a link that leads back."""
    place = bench.path("real")
    place.mkdir()
    bench.path("link").symlink_to(place)
    for path in (f"{place}/a.txt", "link/a.txt"):
        bench.record(f"from talk import say\nsay('a')\nopen({path!r}, 'w').close()")
        bench.path("real/a.txt").unlink()
        again = bench.replay("run.msgpack", "--in-copy")
        assert again.code == 1
        assert "real/a.txt, in the folder that it runs in a copy of" in again.err
        assert not bench.path("real/a.txt").exists()
        bench.path("run.msgpack").unlink()


def test_kept_files_are_no_wall_between_tempfile_and_who_asks(bench: Bench) -> None:
    """Python 3.12's NamedTemporaryFile opens by a function of its own, within open."""
    bench.write("input.txt", "kept")
    bench.write(
        "agent.py",
        """
        import os, tempfile
        from talk import say
        open("input.txt").close()
        def opened(path, flags):
            return os.open(f"{path}-{os.path.basename(tempfile.mktemp())}", flags, 0o600)
        open(os.path.join(tempfile.gettempdir(), "a"), "w", opener=opened).close()
        with tempfile.NamedTemporaryFile() as file:
            say(file.name)
        """,
    )
    words = "record", "--capture-files", "-o", "run.msgpack", "--", sys.executable, "agent.py"
    place = bench.path("temporary")
    place.mkdir()
    assert bench.cli(*words, TMPDIR=str(place)).code == 0
    assert bench.replay(TMPDIR=str(place)).code == 0


RUNS_CODE = """
    import glob, os, pathlib, subprocess, tempfile
    from talk import say
    say("write a program")
    with tempfile.TemporaryDirectory() as folder:
        script = "mkdir plots; echo PNG > plots/a.png; echo $$ > result.txt"
        subprocess.run(["sh", "-c", script], cwd=folder, check=True)
        walked = sorted((sorted(names), sorted(files)) for _, names, files in os.walk(folder))
        found = [os.path.basename(one) for one in glob.glob(folder + "/**/*.png", recursive=True)]
        named = sorted(one.name for one in pathlib.Path(folder).rglob("*"))
        kinds = sorted((one.name, one.is_dir(), one.stat().st_size) for one in os.scandir(folder))
        text = pathlib.Path(folder, "result.txt").read_text()
        there = os.path.lexists(folder + "/plots/a.png")
        said = f"{walked} {found} {named} {kinds} {os.listdir(folder + '/plots')} {text} {there}"
    for asks in (os.listdir, os.scandir):
        try:
            asks("missing")
        except OSError as error:
            said += repr((error, error.filename))
    print(say(said))
"""


def test_what_a_command_left_in_a_folder_is_found_there_again(bench: Bench) -> None:
    """A replay does not run the command, and the folder is gone."""
    bench.write("agent.py", RUNS_CODE)
    words = "record", "--capture-files", "-o", "run.msgpack", "--", sys.executable, "agent.py"
    assert bench.cli(*words).code == 0
    assert bench.replay().code == 0


WORKSPACE = """
    import os, pathlib, tempfile, uuid
    from talk import say
    place = pathlib.Path(tempfile.gettempdir()) / f"run-{uuid.uuid4().hex[:8]}"
    place.mkdir()
    os.makedirs(place, exist_ok=True)
    place.joinpath("a.txt").write_text(say("a"))
    (place / "parts").mkdir()
    os.makedirs(place / "parts", exist_ok=True)
    say(f"{sorted(os.listdir(place))}")
"""


def test_a_folder_that_is_named_by_an_id_is_made_again(bench: Bench) -> None:
    place = bench.path("temporary")
    place.mkdir()
    there = {"TMPDIR": str(place)}
    bench.record(WORKSPACE, **there)
    (name,) = (one.name for one in place.iterdir())
    for kept in ({f"{name}.recorded"}, {f"{name}.recorded", f"{name}.replayed"}):
        assert bench.replay(**there).code == 0
        assert {one.name for one in place.iterdir()} == {name, *kept}


def test_a_folder_that_another_run_may_have_made_is_left_alone(bench: Bench) -> None:
    bench.record("import os\nfrom talk import say\nos.mkdir('out')\nsay('a')")
    assert bench.replay().code == 1
    assert not bench.path("out.recorded").exists()


def test_kept_files_of_one_name_are_told_apart(bench: Bench) -> None:
    bench.write(
        "agent.py",
        """
        import subprocess, tempfile
        from talk import say
        found = []
        for number in range(3):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(["sh", "-c", f"echo {number} > {folder}/result.txt"], check=True)
                found.append(open(folder + "/result.txt").read())
        say(f"{found}")
        """,
    )
    words = "record", "--capture-files", "-o", "run.msgpack", "--", sys.executable, "agent.py"
    assert bench.cli(*words).code == 0
    assert bench.replay().code == 0
