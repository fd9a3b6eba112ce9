"""The tapes that come with the project: whole, without a trace of the machine, reproducible."""

import re
import shutil
from pathlib import Path

import pytest

from tracefork_tui.cli import main
from tracefork_tui.replay.demo import record_tapes
from tracefork_tui.tape.check import check
from tracefork_tui.tape.reader import Tape

FOLDER = Path(__file__).parent.parent / "tapes"
TAPES = sorted(FOLDER.glob("*.msgpack"))


def test_there_are_three():
    assert [path.name for path in TAPES] == [
        "refund.fork-1.msgpack",
        "refund.fork-2.msgpack",
        "refund.msgpack",
    ]


@pytest.mark.parametrize("path", TAPES, ids=lambda path: path.stem)
def test_whole_and_clean(path):
    report = check(str(path))
    assert not report.damage
    assert not report.notes
    data = path.read_bytes()
    assert not re.search(rb"/(?:home|root|Users|tmp|work|usr|opt|private)/", data)
    assert b"demo-key" not in data


def test_the_failure_and_the_repair_are_on_the_tapes():
    failed, repaired, overloaded = (
        Tape(FOLDER / f"{name}.msgpack") for name in ("refund", "refund.fork-1", "refund.fork-2")
    )
    assert failed.outcome.exit_code == 1
    assert "books do not balance" in failed.outcome.output
    assert repaired.outcome.exit_code == 0
    assert "All books balance" in repaired.outcome.output
    assert overloaded.outcome.exit_code == 1
    for fork, step in ((repaired, 19), (overloaded, 12)):
        assert fork.header["parent"]["fingerprint"] == failed.fingerprint
        assert fork.fingerprint_at(step - 1) == failed.fingerprint_at(step - 1)
        assert fork.fingerprint_at(step) != failed.fingerprint_at(step)


def test_recorded_anew_they_come_out_equal(tmp_path):
    folder = tmp_path / "tapes"
    shutil.copytree(FOLDER, folder)
    before = {path.name: Tape(path).fingerprint for path in folder.glob("*.msgpack")}
    said: list[str] = []
    assert record_tapes(str(folder), said.append), said
    after = {path.name: Tape(path).fingerprint for path in folder.glob("*.msgpack")}
    assert after == before


def test_another_run_does_not_replace_a_tape(tmp_path):
    """A tape whose draws are not the old one's is kept beside it."""
    folder = tmp_path / "tapes"
    shutil.copytree(FOLDER, folder)
    shutil.copy(folder / "refund.fork-1.msgpack", folder / "refund.fork-2.msgpack")
    before = (folder / "refund.fork-2.msgpack").read_bytes()
    assert not record_tapes(str(folder), lambda line: None)
    assert (folder / "refund.fork-2.msgpack").read_bytes() == before
    assert (folder / "refund.fork-2.new.msgpack").exists()


def test_replay_of_the_bundled_tape_is_proven(capfd):
    assert main(["replay", str(FOLDER / "refund.msgpack"), "--trust"]) == 0
    assert "replay: proven" in capfd.readouterr().err
