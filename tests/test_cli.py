"""The reading commands, their JSON, and bad input: one line on stderr, exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_runs import PATIENCE, Bench, Terminal

import tracefork_tui

AGENT = """
    import time, uuid
    from talk import BASE, ask, body, client, http, say

    uuid.uuid4()
    say("one [bold]two[/bold] \\x1b[31mred\\x1b[0m \\u202e 漢字")
    with client.stream("POST", BASE + "/v1/messages", json=body("two", stream=True)) as reply:
        list(reply.iter_lines())
    time.time()
    try:
        client.get("http://127.0.0.1:9/")
    except http.ConnectError:
        pass
    ask("fails", model="demo-error-529")
    print("\\x1b]0;title\\x07 done")
"""
COMMON = {"n", "kind", "label", "provenance"}
EXCHANGE = COMMON | {
    "method",
    "url",
    "status",
    "error",
    "model",
    "stop_reason",
    "tools",
    "input_tokens",
    "output_tokens",
    "duration_s",
}


@pytest.fixture(scope="module")
def shelf(model: str, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A folder with a tape, a fork of it, and every kind of file that is no good tape."""
    bench = Bench(tmp_path_factory.mktemp("shelf"), model, state)
    bench.record(AGENT)
    done = bench.fork(2, "--fault", "refusal", "-o", "child.msgpack")
    assert done.code == 0, done
    whole = bench.path("run.msgpack").read_bytes()
    bench.write("empty.msgpack", b"")
    bench.write("cut.msgpack", whole[:40])
    bench.write("foreign.msgpack", b"\x93\x01\x02\x03")
    bench.write("text.msgpack", "not a tape\n")
    at = whole.index(b"tracefork")
    bench.write("damaged.msgpack", whole[: at + 30] + b"\xff" + whole[at + 31 :])
    bench.path("unreadable.msgpack").symlink_to("nowhere")
    bench.write("newer.msgpack", newer())
    os.mkfifo(bench.path("pipe.msgpack"))
    return bench


def newer() -> bytes:
    """A tape of a format that is yet to come."""
    from tracefork_tui.tape import frames, records
    from tracefork_tui.tape.codec import pack

    header = pack([records.HEADER, records.FORMAT, records.VERSION + 1, {}])
    return bytes(frames.encode(header, 0)[0])


def test_show_as_json(shelf: Bench) -> None:
    document = shelf.cli("show", "run.msgpack", "--json").json
    tape = shelf.open()
    assert document["fingerprint"] == tape.fingerprint
    steps = document["steps"]
    assert [step["n"] for step in steps] == list(range(1, len(tape.steps) + 1))
    for step in steps:
        if step["kind"] == "draw":
            assert set(step) >= COMMON | {"name", "value", "value_type"}
        else:
            assert set(step) >= EXCHANGE
        assert step["provenance"] == "live"
    assert (steps[0]["name"], steps[0]["value_type"]) == ("uuid.uuid4", "uuid")
    assert (steps[1]["status"], steps[1]["error"]) == (200, None)
    assert (steps[2]["model"], steps[2]["stop_reason"]) == ("demo-model", "end_turn")
    assert (steps[4]["status"], steps[4]["error"][:12]) == (None, "ConnectError")
    assert (steps[5]["status"], steps[5]["error"]) == (529, None)
    child = shelf.cli("show", "child.msgpack", "--json").json
    assert [step["provenance"] for step in child["steps"][:2]] == ["recorded", "fault"]


def test_show_of_one_step(shelf: Bench) -> None:
    whole = shelf.cli("show", "run.msgpack", "3", "--json").json
    assert json.loads(whole["request"]["body"])["stream"] is True
    assert whole["response"]["status"] == 200
    assert whole["fingerprint"] == shelf.open().fingerprint_at(3)
    text = shelf.cli("show", "run.msgpack", "3").out
    assert "POST http://" in text
    assert "event: message_start" in text
    assert "x-api-key: [redacted]" in text
    assert "uuid.uuid4 (uuid) = " in shelf.cli("show", "run.msgpack", "1").out


@pytest.mark.parametrize("words", [["show"], ["show", "2"], ["diff"], ["check"]])
def test_text_from_a_tape_is_inert(shelf: Bench, words: list[str]) -> None:
    name, *rest = words
    tapes = ["run.msgpack", "child.msgpack"] if name == "diff" else ["run.msgpack"]
    done = shelf.cli(name, *tapes, *rest)
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)
    if words == ["show"]:
        assert "[bold]two[/bold]" in done.out


def test_output_that_cannot_be_spelled_or_is_not_read(shelf: Bench) -> None:
    done = shelf.cli("show", "run.msgpack", PYTHONIOENCODING="ascii")
    assert done.code == 0, done
    done = shelf.cli("show", "run.msgpack", "2", "--json", PYTHONIOENCODING="ascii")
    assert done.code == 0, done
    assert done.json["n"] == 2
    for command in ("show run.msgpack --json", "show run.msgpack 3", "faults"):
        words = " ".join(shelf.words(*command.split()))
        done = shelf.run("bash", "-c", f"set -o pipefail; {words} | head -c 1 | wc -c")
        assert (done.code, done.err) == (0, ""), done


def test_a_full_disk_is_one_line(shelf: Bench) -> None:
    words = " ".join(shelf.words("show", "run.msgpack"))
    shelf.run("bash", "-c", f"{words} > /dev/full").one_line()


def test_check(shelf: Bench) -> None:
    done = shelf.cli("check", "run.msgpack", "--json")
    assert done.code == 0
    assert done.json["whole"] is True
    assert done.json["damage"] == []
    data = bytearray(shelf.path("run.msgpack").read_bytes())
    data[len(data) // 2] ^= 4
    shelf.write("flipped.msgpack", bytes(data))
    done = shelf.cli("check", "flipped.msgpack")
    assert done.code == 1
    assert "damage: " in done.out
    assert shelf.cli("check", "flipped.msgpack", "--json").json["whole"] is False
    shelf.write("torn.msgpack", bytes(data[: len(data) // 3]))
    assert shelf.cli("show", "torn.msgpack").code == 0


def test_diff(shelf: Bench) -> None:
    done = shelf.cli("diff", "run.msgpack", "run.msgpack", "--json")
    assert done.code == 0
    assert (done.json["equal"], done.json["shared_prefix"]) == (True, 6)
    done = shelf.cli("diff", "run.msgpack", "child.msgpack", "--json")
    assert done.code == 1
    assert (done.json["equal"], done.json["shared_prefix"]) == (False, 1)
    assert isinstance(done.json["rows"], list)
    assert shelf.cli("diff", "run.msgpack", "child.msgpack").code == 1


def test_faults(shelf: Bench) -> None:
    rows = shelf.cli("faults", "--json").json["faults"]
    names = {row["name"] for row in rows}
    assert {"overloaded", "truncated", "poisoned_argument", "tool_error", "clock_skew"} <= names
    text = shelf.cli("faults").out
    assert all(name in text for name in names)


def test_help_and_version(shelf: Bench) -> None:
    assert tracefork_tui.__version__ in shelf.cli("--version").out
    for name in ("record", "replay", "fork", "diff", "show", "check", "faults", "demo"):
        done = shelf.cli(name, "--help")
        assert (done.code, done.err) == (0, "")
        assert name in shelf.cli("--help").out


def test_demo(bench: Bench) -> None:
    env = {"ANTHROPIC_API_KEY": None, "ANTHROPIC_BASE_URL": None}
    done = bench.cli("demo", "--no-open", "-o", "demo.msgpack", **env)
    assert done.code == 0, done
    assert len(bench.open("demo.msgpack").steps) > 20
    assert bench.replay("demo.msgpack").code == 0
    bench.cli("demo", "--no-open", "-o", "demo.msgpack", **env).one_line()
    bench.cli("demo", "--no-open", "--agent", "nobody", **env).one_line()


BAD = {
    "empty.msgpack": "empty",
    "cut.msgpack": "cut within its header",
    "foreign.msgpack": "not a tape",
    "text.msgpack": "not a tape",
    "damaged.msgpack": "",
    "unreadable.msgpack": "no such file",
    "newer.msgpack": "newer",
    "pipe.msgpack": "no regular file",
    ".": "regular file",
    "no-such.msgpack": "no such file",
    "": "no such file",
    "talk.py": "not a tape",
}
COMMANDS = {
    "show": ["show", "TAPE"],
    "check": ["check", "TAPE", "--json"],
    "replay": ["replay", "TAPE"],
    "diff": ["diff", "run.msgpack", "TAPE"],
    "fork": ["fork", "TAPE", "--at", "1", "--draw", "x"],
}


@pytest.mark.parametrize("tape", BAD)
def test_a_bad_tape_is_one_line(shelf: Bench, tape: str) -> None:
    names = set(os.listdir(shelf.folder))
    for words in COMMANDS.values():
        line = shelf.cli(*(tape if word == "TAPE" else word for word in words)).one_line()
        assert BAD[tape] in line, words
        assert tape in line
    assert set(os.listdir(shelf.folder)) == names


@pytest.mark.parametrize(
    "words",
    [
        ["run.msgpack"],
        ["run.msgpack", "--run", "frobnicate"],
        ["no-such.msgpack"],
        ["run.msgpack", "empty.msgpack"],
        ["open", "run.msgpack"],
        ["show"],
        ["show", "run.msgpack", "0"],
        ["show", "run.msgpack", "99"],
        ["show", "run.msgpack", "-1"],
        ["show", "run.msgpack", "x"],
        ["show", "run.msgpack", "1", "2"],
        ["show", "run.msgpack", "--nonsense"],
        ["diff", "run.msgpack"],
        ["replay"],
        ["--nonsense"],
        ["replay", "run.msgpack", "--", "no-such-command"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_one_line(shelf: Bench, words: list[str]) -> None:
    names = set(os.listdir(shelf.folder))
    shelf.cli(*words).one_line()
    assert set(os.listdir(shelf.folder)) == names


def test_a_name_cannot_drive_the_terminal(shelf: Bench) -> None:
    for words in (["show", "\x1b]0;x\x07.msgpack"], ["record", "-o", "t", "--", "\x1b[31mno"]):
        done = shelf.cli(*words)
        assert done.code == 2
        assert not {"\x1b", "\x07"} & set(done.err)


def test_the_debugger_opens_in_a_terminal_and_q_ends_it(shelf: Bench) -> None:
    env = shelf.environment(TERM="xterm-256color", COLUMNS="100", LINES="30")
    terminal = Terminal(shelf.words("run.msgpack"), shelf.folder, env)
    terminal.until("step 1/6")
    terminal.type("q")
    assert terminal.end() == 0


def test_an_imported_cli_leaves_the_sdks_alone(shelf: Bench) -> None:
    code = "import sys, tracefork_tui.cli; print([m for m in ('anthropic','openai') if m in sys.modules])"  # noqa: E501
    import sys

    assert shelf.run(sys.executable, "-c", code).out == "[]\n"


def test_an_agent_in_a_folder_that_cannot_be_written(bench: Bench) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    bench.path("locked").mkdir(mode=0o500)
    bench.cli("record", "-o", "locked/run.msgpack", "--", "true").one_line()


def test_a_recording_can_be_read_while_it_grows(bench: Bench) -> None:
    bench.write(
        "agent.py",
        """
        import pathlib, time
        from talk import ask

        ask("hello")
        pathlib.Path("ready").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        """,
    )
    import sys

    words = bench.words("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    recorder: subprocess.Popen[bytes] = bench.start(*words)
    from cli_runs import wait_for

    wait_for(bench.path("ready").exists)
    document: Any = bench.cli("show", "run.msgpack", "--json").json
    assert document["outcome"] is None
    assert document["damage"] == []
    done = bench.cli("check", "run.msgpack")
    assert "note: a writer holds it" in done.out
    line = bench.cli("record", "-o", "run.msgpack", "--force", "--", "true")
    assert line.code != 0
    bench.path("go").touch()
    assert recorder.wait(PATIENCE) == 0
    assert bench.cli("check", "run.msgpack").code == 0
