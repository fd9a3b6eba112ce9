"""What a writer promises: nothing whole is lost, one process writes, and readers can follow."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.tape_damage import small_tape, step_shown
from tests.tape_runs import (
    HEADER,
    SECRET,
    SITE,
    URL,
    exchange,
    unique_bytes,
    workload,
    write_workload,
)
from tracefork_tui.tape.check import check
from tracefork_tui.tape.errors import TapeError
from tracefork_tui.tape.indexed import NOT_CLOSED
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.records import PROVENANCES
from tracefork_tui.tape.seal import made_here, seal
from tracefork_tui.tape.steps import Draw, Exchange
from tracefork_tui.tape.writer import Writer

ROOT = Path(__file__).parents[1]


def run(source: str, *words: str, **more: Any) -> subprocess.Popen[str]:
    """A Python process that sees the package and the tests."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(source), *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, text=True, stdout=pipe, stderr=pipe, **more)


# Death of the writing process

WRITES = """
    import sys
    from tests.tape_runs import HEADER, exchange, workload
    from tracefork_tui.tape.writer import Writer

    writer = Writer.create(sys.argv[1], HEADER)
    n = 0
    for body, reply in workload(400):
        n += 1
        writer.draw(n, n, "", [], 0, "time.time", "float", n / 7)
        n += 1
        exchange(writer, n, n, body, [reply[:100], reply[100:]])
        print(n, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "killed.msgpack"
    process = run(WRITES, str(path))
    assert process.stdout
    for _ in range(random.Random(seed).randrange(1, 60)):
        done = int(process.stdout.readline())
    time.sleep(random.Random(seed).random() / 100)
    process.kill()
    process.communicate()
    bodies = list(workload(400))
    with Tape(str(path)) as tape:
        assert NOT_CLOSED in tape.damage
        assert len(tape.steps) >= done
        for n in range(1, done + 1):
            step = tape.step(n)
            if isinstance(step, Draw):
                assert step.value == n / 7
            else:
                body, reply = bodies[n // 2 - 1]
                assert step.request.body == body
                assert step.response
                assert step.response.body == reply
        shown = [step_shown(tape, n) for n in range(1, len(tape.steps) + 1)]
    with seal(str(path), {"signal": 9}, 1, SECRET) as tape:
        assert tape.damage == []
        assert [step_shown(tape, n + 1) for n in range(len(shown))] == shown
    assert check(str(path)).damage == []


# A full disk


def test_full_disk_keeps_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "full.msgpack"
    process = run(
        """
        import resource, sys
        from tests.tape_runs import HEADER, exchange, workload
        from tracefork_tui.tape.errors import FullDisk
        from tracefork_tui.tape.seal import seal
        from tracefork_tui.tape.writer import Writer

        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        writer = Writer.create(sys.argv[1], HEADER)
        done = 0
        try:
            for n, (body, reply) in enumerate(workload(40), 1):
                exchange(writer, n, n, body, [reply])
                done = n
        except FullDisk as error:
            print(done, error)
        with seal(sys.argv[1], {"exit_code": 0}, 1, b"") as tape:
            assert not tape.sealed
        """,
        str(path),
    )
    out, err = process.communicate()
    assert err == ""
    done, _, words = out.partition(" ")
    assert words.strip() == "the tape cannot be written: File too large"
    bodies = list(workload(40))
    with Tape(str(path)) as tape:
        assert tape.damage == [NOT_CLOSED]
        for n in range(1, int(done) + 1):
            step = tape.step(n)
            assert isinstance(step, Exchange)
            assert (step.request.body, step.ended) == (bodies[n - 1][0], "eof")
    with seal(str(path), {"exit_code": 0}, 1, SECRET) as tape:
        assert tape.damage == []


def test_an_agent_goes_on_when_its_disk_is_full(tmp_path: Path) -> None:
    process = run(
        """
        import resource, sys, time
        from tracefork_tui.replay.inprocess import record
        import tracefork_tui

        with record(sys.argv[1]):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            for _ in range(900):
                tracefork_tui.draw("tool", lambda: "x" * 100)
            print("the agent is done")
        """,
        str(tmp_path / "full.msgpack"),
    )
    out, err = process.communicate()
    assert out == "the agent is done\n"
    assert err == "tracefork-tui: recording stopped: the tape cannot be written: File too large\n"
    assert process.returncode == 0
    with Tape(str(tmp_path / "full.msgpack")) as tape:
        assert tape.damage == [NOT_CLOSED]
        assert 20 < len(tape.steps) < 900


# Two writers


def test_two_writers_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "t.msgpack")
    first = Writer.create(path, HEADER)
    with pytest.raises(TapeError, match="exists already"):
        Writer.create(path, HEADER)
    with pytest.raises(TapeError, match="another process is writing"):
        Writer.create(path, HEADER, force=True)
    with pytest.raises(TapeError, match="another process is writing"):
        seal(path, None, 0, SECRET)
    first.draw(1, 0, "", [], 0, "a", "int", 1)
    first.close()
    with Tape(path) as tape:
        assert len(tape.steps) == 1
    Writer.create(path, HEADER, force=True).close()


def test_a_forked_child_does_not_write(tmp_path: Path) -> None:
    path = str(tmp_path / "t.msgpack")
    process = run(
        """
        import os, sys, threading
        from tests.tape_runs import HEADER
        from tracefork_tui.tape.errors import TapeError
        from tracefork_tui.tape.writer import Writer

        writer = Writer.create(sys.argv[1], HEADER)
        writer.draw(1, 0, "", [], 0, "a", "int", 1)
        holding = threading.Event()

        def hold():
            with writer._lock:
                holding.set()
                threading.Event().wait()

        threading.Thread(target=hold, daemon=True).start()
        holding.wait()
        child = os.fork()
        if not child:
            writer._lock = threading.RLock()
            try:
                writer.draw(2, 0, "", [], 0, "a", "int", 2)
            except TapeError as error:
                print(error, flush=True)
            writer.close()
            os._exit(0)
        os.waitpid(child, 0)
        """,
        path,
    )
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("the tape belongs to the process that this one was forked from\n", "")
    with Tape(path) as tape:
        assert len(tape.steps) == 1


def test_a_child_lets_go_of_a_tape_whose_lock_was_held(tmp_path: Path) -> None:
    writer = Writer.create(str(tmp_path / "t.msgpack"), HEADER)
    writer._process = -1
    thread = threading.Thread(target=writer._lock.acquire)
    thread.start()
    thread.join()
    writer.close()


# What fits on a tape


def test_what_does_not_fit_is_refused_and_leaves_the_tape_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "t.msgpack")
    writer = Writer.create(path, HEADER)
    for value in (2**64, object(), {1, 2}):
        with pytest.raises(TapeError, match="does not fit"):
            writer.draw(1, 0, "", [], 0, "a", "int", value)
    writer.draw(1, 0, "", ["ü.py:1"], 0, "env", "str", "caf\udce9")
    writer.send(2, 0, "", [], 0, "GET", "https://h/\udcff", [("x", "\ud800")], b"")
    writer.close()
    with Tape(path) as tape:
        draw, sent = tape.steps
        assert isinstance(draw, Draw)
        assert isinstance(sent, Exchange)
        assert draw.value == "caf\udce9"
        assert sent.request.headers == [("x", "\ud800")]


def test_provenances_fit(tmp_path: Path) -> None:
    path = str(tmp_path / "t.msgpack")
    writer = Writer.create(path, HEADER)
    for n in range(len(PROVENANCES)):
        writer.draw(n + 1, 0, "", [], n, "a", "int", 1)
    writer.close()
    with Tape(path) as tape:
        assert tuple(step.provenance for step in tape.steps) == PROVENANCES


# Following


def test_a_tape_is_followed_until_it_is_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "t.msgpack")
    writer = Writer.create(path, HEADER)
    with Tape(path) as tape:
        prints = []
        for n, (body, reply) in enumerate(workload(6), 1):
            writer.send(2 * n - 1, n, "", SITE, 0, "POST", URL, [], body)
            assert tape.refresh()
            assert tape.damage == []
            waiting = tape.step(2 * n - 1)
            assert isinstance(waiting, Exchange)
            assert (waiting.request.body, waiting.ended) == (body, "")
            before = tape.fingerprint
            writer.head(2 * n - 1, n, 200, "OK", "HTTP/1.1", [])
            writer.chunk(2 * n - 1, n, reply)
            writer.end(2 * n - 1, n, "eof", None, sha256(reply).digest())
            writer.draw(2 * n, n, "", [], 0, "time.time", "float", 0.5)
            assert tape.refresh()
            assert not tape.refresh()
            ended = tape.step(2 * n - 1)
            assert isinstance(ended, Exchange)
            assert ended.response
            assert ended.response.body == reply
            assert tape.fingerprint != before
            prints.append(tape.fingerprint)
        writer.close()
        assert not tape.sealed
        seal(path, {"exit_code": 0}, 9, SECRET).close()
        assert tape.refresh()
        assert tape.sealed
        assert tape.outcome
        assert made_here(tape, SECRET)
        assert not made_here(tape, b"of somebody else")
        assert [tape.fingerprint_at(2 * n) for n in range(1, 7)] == prints
        assert not tape.refresh()
    with Tape(path) as again:
        assert again.fingerprint == prints[-1]


def test_a_writer_that_dies_while_it_is_followed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.msgpack"
    writer = Writer.create(str(path), HEADER)
    writer.draw(1, 0, "", [], 0, "a", "int", 1)
    with Tape(str(path)) as tape:
        assert tape.damage == []
        with open(path, "ab") as file:
            file.write(b"\xc5\x01\x00half")
        assert not tape.refresh()
        assert tape.damage == []
        writer.close()
        tape.refresh()
        assert tape.damage == ["it ends within a record: the last 7 bytes are cut off", NOT_CLOSED]
        seal(str(path), None, 0, SECRET).close()
        assert tape.refresh()
        assert tape.damage == []


def test_damage_met_while_following_stays(tmp_path: Path) -> None:
    path = tmp_path / "t.msgpack"
    writer = Writer.create(str(path), HEADER)
    writer.draw(1, 0, "", [], 0, "a", "int", 1)
    with Tape(str(path)) as tape:
        writer.draw(2, 0, "", [], 0, "a", "int", 2)
        writer.draw(3, 0, "", [], 0, "a", "int", 3)
        data = bytearray(path.read_bytes())
        data[tape.index.end + 4] ^= 1
        path.write_bytes(data)
        assert tape.refresh()
        assert len(tape.damage) == 1
        assert [step.n for step in tape.steps] == [1, 3]
        writer.close()
    with seal(str(path), None, 0, SECRET) as tape:
        assert len(tape.damage) == 1
        assert [step.n for step in tape.steps] == [1, 3]
    assert check(str(path)).damage


def test_a_sealed_tape_is_not_sealed_again(tmp_path: Path) -> None:
    data = small_tape(tmp_path / "t.msgpack")
    seal(str(tmp_path / "t.msgpack"), {"exit_code": 1}, 9, b"other").close()
    assert (tmp_path / "t.msgpack").read_bytes() == data


# Size and cost of opening


def test_opening_reads_no_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "t.msgpack")
    writer = Writer.create(path, HEADER)
    for n in range(1, 41):
        exchange(writer, n, n, os.urandom(50_000), [os.urandom(50_000)])
    writer.close()
    seal(path, {"exit_code": 0}, 1, SECRET).close()
    read = 0
    real = os.pread

    def counted(fd: int, size: int, offset: int) -> bytes:
        nonlocal read
        data = real(fd, size, offset)
        read += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    with Tape(path) as tape:
        assert len(tape.steps) == 40
        assert tape.fingerprint
    assert read < 40_000


RECORDINGS = Path(
    os.environ.get("TRACEFORK_RECORDINGS") or Path(__file__).parents[2] / "shared" / "recordings"
)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("kind", ["vcrpy", "httpmock", "langchain-yaml-gz", "inspect-log"])
def test_recorded_conversations_are_within_their_unique_bytes(tmp_path: Path, kind: str) -> None:
    from tracefork_tui.cli import main

    assert main(["import", str(RECORDINGS / kind), "-o", str(tmp_path / kind)]) == 0
    size = unique = 0
    for path in (tmp_path / kind).rglob("*.msgpack"):
        with Tape(str(path)) as tape:
            steps = [step for step in tape.steps if isinstance(step, Exchange)]
            bodies = [
                (step.request.body, step.response.body if step.response else b"") for step in steps
            ]
            pairs = {
                pair
                for step in steps
                for part in (step.request, step.response)
                for pair in (part.headers if part else ())
            }
            own = unique_bytes(bodies) + sum(len(a) + len(b) for a, b in pairs)
            own += len(json.dumps(tape.header))
        if len(steps) > 1 and own > 20_000:
            size, unique = size + path.stat().st_size, unique + own
    assert 0 < size <= 1.15 * unique


def test_an_answer_is_proven_by_the_request_that_it_is_for(tmp_path: Path) -> None:
    path = str(tmp_path / "run.msgpack")
    bodies = write_workload(path, 3)
    with Tape(path) as tape:
        asked = ("POST", tape.canonical_url(URL), sha256(bodies[1][0]).digest())
        assert tape.answer(2, asked)[0].chunks == [bodies[1][1]]
        for other in (("PUT", *asked[1:]), (*asked[:2], sha256(b"").digest())):
            with pytest.raises(TapeError, match="step 2 is damaged"):
                tape.answer(2, other)
