"""The import command: names of outputs, exit codes, lines for what fails, nothing half-written."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tracefork_tui.cli import main
from tracefork_tui.interop.importing import FORMATS
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.writer import Writer

CASSETTE = """
interactions:
- request: {method: GET, uri: 'https://example.com/', body: null, headers: {}}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: hello}}
"""
LOG = {
    "eval": {"task": "t"},
    "samples": [
        {"id": n, "epoch": 1, "events": [{"event": "tool", "function": "f", "result": str(n)}]}
        for n in (1, 2)
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a cassette and a log of two samples."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(CASSETTE)
    Path("log.json").write_text(json.dumps(LOG))
    return tmp_path


def tapes(place: Path) -> list[str]:
    """Every file but the sources, relative to `place`."""
    found = (path for path in place.rglob("*") if path.is_file())
    names = sorted(str(path.relative_to(place)) for path in found)
    return [name for name in names if name.endswith((".msgpack", ".part")) or "out" in name]


def test_one_tape(folder):
    assert main(["import", "a.yaml", "-o", "new/a.msgpack"]) == 0
    assert tapes(folder) == ["new/a.msgpack"]


def test_a_name_of_any_kind_is_kept(folder):
    assert main(["import", "a.yaml", "-o", "out"]) == 0
    assert tapes(folder) == ["out"]


@pytest.mark.parametrize("out", ["out/", "out"])
def test_several_go_to_a_folder(folder, out):
    assert main(["import", "a.yaml", "log.json", "-o", out]) == 0
    assert tapes(folder) == [
        "out/a.msgpack",
        "out/log.1_epoch_1.msgpack",
        "out/log.2_epoch_1.msgpack",
    ]


def test_several_are_numbered(folder):
    assert main(["import", "log.json", "-o", "run.msgpack"]) == 0
    assert tapes(folder) == ["run-1.msgpack", "run-2.msgpack"]
    assert [Tape(name).step(1).value for name in tapes(folder)] == ["1", "2"]


def test_a_folder_keeps_its_shape(folder, capsys):
    (folder / "in" / "deep").mkdir(parents=True)
    for name in ("in/a.yaml", "in/a.yml", "in/deep/a.yaml", "in/.hidden.yaml"):
        Path(name).write_text(CASSETTE)
    Path("in/README.md").write_text("# words\n")
    assert main(["import", "in", "-o", "out"]) == 0
    assert tapes(folder) == ["out/a-2.msgpack", "out/a.msgpack", "out/deep/a.msgpack"]
    said = capsys.readouterr().err
    assert "skipped, not recordings: README.md" in said
    assert "3 imported, 0 failed" in said


def test_existing_tapes_stay(folder, capsys):
    assert main(["import", "a.yaml", "-o", "t.msgpack"]) == 0
    before = Path("t.msgpack").read_bytes()
    assert main(["import", "log.json", "--format", "inspect", "-o", "t"]) == 0
    assert main(["import", "a.yaml", "-o", "t.msgpack"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert Path("t.msgpack").read_bytes() == before
    assert main(["import", "a.yaml", "-o", "t.msgpack", "--force"]) == 0


BAD = {
    "absent.yaml": None,
    "empty.yaml": b"",
    "words.txt": b"just words",
    "broken.yaml": b"interactions:\n- request: {a: [\n",
    "broken.json": b'{"log": ',
    "none.yaml": b"interactions: []\n",
    "torn.yaml.gz": gzip.compress(CASSETTE.encode())[:-20],
    "bad.yaml.gz": b"\x1f\x8bxxxxxxxxxx",
    "bad.eval": b"PK\x03\x04" + b"\0" * 40,
    "bad.sqlite": b"SQLite format 3\0" + b"\xff" * 100,
    "bad.tape": b"TFTAPE\0\0\3\0\0\0\7{]",
    "deep.json": b"[" * 100_000,
    "deep.yaml": b"a: " + b"[" * 100_000,
    "base64.yaml": b"interactions:\n- request: {uri: x, body: !!binary 'a'}\n",
    "har.har": b'{"log": {"entries": []}}',
    "empty.har": b'{"log": {"entries": [null, 5, {}]}}',
    "status.yaml": b"interactions:\n- request: {uri: x}\n  response: {status: {code: 99999}}\n",
    "url.yaml": b"interactions:\n- request: {uri: 'http://[x'}\n",
    "samples.json": b'{"eval": {}, "samples": []}',
    "refs.json": b'{"eval": 1, "samples": [{"events": [{"event": "model", "input_refs": [1]}]}]}',
}


@pytest.mark.parametrize("name", BAD)
def test_one_line_for_what_cannot_be_imported(folder, capsys, name):
    if BAD[name] is not None:
        Path(name).write_bytes(BAD[name])
    code = main(["import", name, "-o", "out.msgpack"])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert tapes(folder) == []
    assert len(lines) == 1
    assert name in lines[0]
    assert "Traceback" not in lines[0]
    assert len(lines[0]) < 300


def test_what_is_oddly_shaped_is_kept_as_far_as_it_goes(folder):
    odd = "interactions:\n- request: {uri: x, headers: 3, body: [1]}\n  response: 4\n- 7\n"
    Path("odd.yaml").write_text(odd)
    assert main(["import", "odd.yaml", "-o", "t.msgpack"]) == 0
    tape = Tape("t.msgpack")
    (first,) = tape.steps
    assert [note.data["what"] for note in tape.notes] == ["1 entry is left out: no exchange"]
    assert (first.request.url, first.request.body, first.response) == ("x", b"[1]", None)


def test_others_go_on(folder, capsys):
    Path("bad.yaml").write_text("a: [")
    assert main(["import", "bad.yaml", "a.yaml", "-o", "out"]) == 1
    assert tapes(folder) == ["out/a.msgpack"]
    said = capsys.readouterr().err
    assert re.search(r"bad\.yaml: cannot be imported: not valid YAML at line", said)
    assert "1 imported, 1 failed" in said


def test_a_tape_is_not_imported(folder, capsys):
    main(["import", "a.yaml", "-o", "t.msgpack"])
    assert main(["import", "t.msgpack", "-o", "u.msgpack"]) == 2
    assert "is a tape of tracefork-tui already" in capsys.readouterr().err


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_can_be_forced(folder, capsys, name):
    code = main(["import", "a.yaml", "-o", "out.msgpack", "--format", name])
    line = capsys.readouterr().err
    assert code == (0 if name == "vcrpy" else 2)
    assert name == "vcrpy" or f"a.yaml: not a {FORMATS[name].TITLE}" in line


def test_an_unknown_format_is_refused(folder, capsys):
    assert main(["import", "a.yaml", "-o", "t.msgpack", "--format", "pcap"]) == 2
    assert "--format is one of" in capsys.readouterr().err


def test_nothing_half_written(folder, monkeypatch):
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "end", fails)
    assert main(["import", "a.yaml", "-o", "out.msgpack"]) == 2
    assert tapes(folder) == []


def test_no_place_of_this_machine_is_on_the_tape(folder):
    main(["import", str(folder / "a.yaml"), "-o", "t.msgpack"])
    assert str(folder).encode() not in Path("t.msgpack").read_bytes()


def test_show_tells_what_is_absent(folder, capsys):
    main(["import", "a.yaml", "-o", "t.msgpack"])
    capsys.readouterr()
    assert main(["show", "t.msgpack"]) == 0
    shown = capsys.readouterr().out
    assert "imported from a.yaml (vcrpy), which lacks: command, draws" in shown
    assert "0.000" not in shown
    assert main(["show", "t.msgpack", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["steps"][0]
    assert (row["at_s"], row["duration_s"]) == (None, None)
    assert main(["show", "t.msgpack", "1", "--json"]) == 0
    step = json.loads(capsys.readouterr().out)
    assert step["response"]["chunks"] == [{"at_s": None, "size": 5}]
    assert main(["show", "t.msgpack", "1"]) == 0
    assert "t+" not in capsys.readouterr().out.splitlines()[0]
