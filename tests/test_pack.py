"""`pack` and `unpack` as a user has them: every command reads a packed tape as the tape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench

from tests.test_replay_library import found, pythons

AGENT = """
    import time, uuid
    from talk import say

    uuid.uuid4()
    print(say("one"))
    time.time()
    print(say("two"))
"""


@pytest.fixture(scope="module")
def shelf(model: str, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A folder with a tape, packed beside itself."""
    bench = Bench(tmp_path_factory.mktemp("packed"), model, state)
    bench.record(AGENT)
    done = bench.cli("pack", "run.msgpack")
    assert done.code == 0, done
    assert done.out == ""
    size, before = (
        bench.path(f"run.{name}").stat().st_size for name in ("packed.msgpack", "msgpack")
    )
    assert f"run.packed.msgpack: {size} bytes, packed from {before} (" in done.err
    return bench


@pytest.mark.parametrize("words", [("show", "{}"), ("show", "{}", "2"), ("check", "{}")])
def test_reading_commands(shelf: Bench, words: tuple[str, ...]) -> None:
    def shown(tape: str) -> Any:
        done = shelf.cli(*(word.format(tape) for word in words), "--json")
        assert done.code == 0, done
        return {k: v for k, v in done.json.items() if k not in ("path", "size", "packed")}

    assert shown("run.packed.msgpack") == shown("run.msgpack")


def test_diff(shelf: Bench) -> None:
    done = shelf.cli("diff", "run.msgpack", "run.packed.msgpack")
    assert done.code == 0, done


def test_replay(shelf: Bench) -> None:
    done = shelf.replay("run.packed.msgpack")
    assert done.code == 0, done


def test_fork(shelf: Bench) -> None:
    words = ("--fault", "overloaded", "-o")
    for parent, out in (("run.msgpack", "a.msgpack"), ("run.packed.msgpack", "b.msgpack")):
        done = shelf.fork(2, *words, out, tape=parent)
        assert done.code == 0, done
    assert shelf.open("a.msgpack").fingerprint == shelf.open("b.msgpack").fingerprint
    assert shelf.cli("pack", "--in-place", "b.msgpack").code == 0
    assert shelf.replay("b.msgpack").code == 0
    family = shelf.cli("diff", "run.packed.msgpack", "b.msgpack", "--json")
    assert family.json["shared_prefix"] == 1


def test_unpack(shelf: Bench) -> None:
    before = shelf.path("run.msgpack").read_bytes()
    assert "exists already" in shelf.cli("unpack", "run.packed.msgpack").one_line()
    done = shelf.cli("unpack", "run.packed.msgpack", "-o", "again.msgpack")
    assert done.code == 0, done
    assert shelf.path("again.msgpack").read_bytes() == before
    assert shelf.cli("pack", "again.msgpack", "--in-place").code == 0
    assert "packed already" in shelf.cli("pack", "again.msgpack", "--in-place").one_line()
    assert "name the file" in shelf.cli("unpack", "again.msgpack").one_line()
    assert shelf.cli("unpack", "again.msgpack", "--in-place").code == 0
    assert shelf.path("again.msgpack").read_bytes() == before
    assert "is not packed" in shelf.cli("unpack", "again.msgpack", "--in-place").one_line()


@pytest.mark.parametrize("name", pythons()[:1])
def test_an_agent_on_an_older_python_reads_it(bench: Bench, name: str) -> None:
    python = found(name)
    if python is None:
        pytest.skip(f"{name} is not here")
    bench.write("agent.py", "import time, uuid\nprint(time.time(), uuid.uuid4())\nexit(3)")
    done = bench.cli("record", "-o", "run.msgpack", "--", python, "agent.py")
    assert done.code == 3, done
    assert bench.cli("pack", "run.msgpack", "--in-place").code == 0
    replayed = bench.replay()
    assert replayed.code == 0, replayed
    assert replayed.out == done.out
