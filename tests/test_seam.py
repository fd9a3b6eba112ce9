"""What passes the HTTP seam: uploads, the user's own transports, first tokens, naps, fan-outs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from matrix import runs
from matrix.server import Sent, Server

REPLAYS = 4


def where(server: Server) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": server.url, "OPENAI_BASE_URL": server.refusing_url}


def boundless(data: Any) -> str:
    """Without the random boundaries of multipart bodies and the numbers of connections."""
    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "boundary", str(data))


def wire(sent: list[Sent]) -> list[str]:
    sent = sorted(sent, key=lambda one: one.line)
    shown = ((one.line, one.headers, one.framing, one.body, one.after) for one in sent)
    return [boundless(one) for one in shown]


def three_runs(words: list[str], folder: Path) -> tuple[Any, Any, Any, Any]:
    """What the agent said bare, recorded and replayed, and the receipt; the wire is compared."""
    tape = folder / "run.msgpack"
    with Server() as server:
        bare = runs.bare(words, folder, **where(server))
        sent_bare = wire(server.forget())
        recorded = runs.record(words, tape, folder, **where(server))
        sent_recorded = wire(server.forget())
        assert bare.code == recorded.code == 0, recorded.err
        assert sent_bare == sent_recorded
        server.stop()
        replayed, receipt = runs.replay(tape, folder)
    assert receipt["proven"], receipt
    return bare.said, recorded.said, replayed.said, receipt


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_uploads(library: str, mode: str, tmp_path: Path) -> None:
    """Bodies that are made while they are sent leave in the same pieces, and are not made twice."""
    bare, recorded, replayed, _ = three_runs(runs.command("uploads.py", library, mode), tmp_path)
    assert recorded == bare
    assert replayed == recorded


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_transports_of_the_users_own(library: str, tmp_path: Path) -> None:
    bare, recorded, replayed, _ = three_runs(runs.command("transports.py", library), tmp_path)
    assert recorded == bare
    kept = json.dumps(recorded).replace("seen=1", "seen=[redacted]")
    assert replayed == json.loads(kept)


FIRST = [
    *(("anthropic", mode, flavour) for mode in ("sync", "async") for flavour in ("helper", "raw")),
    *((library, mode, "raw") for library in ("httpx", "httpx2") for mode in ("sync", "async")),
]


@pytest.mark.parametrize(("library", "mode", "flavour"), FIRST)
def test_first_token(library: str, mode: str, flavour: str, tmp_path: Path) -> None:
    """The recorded agent has the first event while the server still holds back the rest."""
    words = runs.command("first_token.py", library, mode, flavour)
    tool = runs.tool("record", "-o", str(tmp_path / "run.msgpack"), "--", *words)
    with Server() as server:
        process = subprocess.Popen(
            tool,
            cwd=tmp_path,
            env=runs.environment(**where(server)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"first\n"
            server.released.set()
            assert int(process.stdout.readline()) > 5
        assert process.wait() == 0
        assert [one.after for one in server.sent] == ["released"]


def recorded_once(script: str, folder: Path, *args: str, **more: str) -> tuple[Path, Any]:
    tape = folder / "run.msgpack"
    with Server() as server:
        recorded = runs.record(runs.command(script, *args), tape, folder, **where(server), **more)
    assert recorded.code == 0, recorded.err
    return tape, recorded.said


@pytest.mark.parametrize("script", ["fan_out.py", "streams.py", "jobs.py"])
def test_concurrent_answers_keep_their_order(script: str, tmp_path: Path) -> None:
    tape, said = recorded_once(script, tmp_path)
    fingerprint = runs.shown(tape)["fingerprint"]
    for _ in range(REPLAYS):
        replayed, receipt = runs.replay(tape, tmp_path)
        assert receipt["proven"], receipt
        assert receipt["fingerprint"] == fingerprint
        assert receipt["unproven"] == []
        assert replayed.said == said


def test_a_thread_that_is_slower_than_when_it_was_recorded(tmp_path: Path) -> None:
    tape, said = recorded_once("slow_pool.py", tmp_path, PICKUP="0")
    replayed, receipt = runs.replay(tape, tmp_path, PICKUP="0.6")
    assert receipt["proven"], receipt
    assert replayed.said == said


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_ten_minutes_cost_nothing(mode: str, tmp_path: Path) -> None:
    tape, said = recorded_once("patient.py", tmp_path, mode, NAP="0.3")
    replayed, receipt = runs.replay(tape, tmp_path, NAP="600.0")
    assert receipt["proven"], receipt
    assert replayed.said == json.loads(json.dumps(said).replace("0.3", "600.0"))


def test_a_long_retry_after_costs_nothing(tmp_path: Path) -> None:
    tape, _ = recorded_once("patient.py", tmp_path, "sync", NAP="0.01")
    fork = runs.tool("fork", str(tape), "--at", "1", "--fault", "rate_limited:retry_after=600")
    done = runs.run([*fork, "--offline", "--json"], tmp_path, runs.environment(NAP="0.01"))
    assert done.code == 0, done.err
    assert done.said["provenances"] == {"recorded": 1}


def test_threads_are_matched_by_content(tmp_path: Path) -> None:
    tape, said = recorded_once("threads.py", tmp_path)
    replayed, receipt = runs.replay(tape, tmp_path)
    assert receipt["proven"], receipt
    assert receipt["exchanges"] == [24, 24]
    assert replayed.said == said


def test_one_that_swallows_everything_still_ends(tmp_path: Path) -> None:
    tape = tmp_path / "run.msgpack"
    with Server() as server:
        recorded = runs.record(runs.command("swallowing.py"), tape, tmp_path, **where(server))
    assert recorded.code == 0, recorded.err
    (tmp_path / "changed").touch()
    replayed, receipt = runs.replay(tape, tmp_path)
    assert replayed.code == 1
    assert not receipt["proven"]
    assert replayed.out.count("swallowed Divergence") == 3
    assert receipt["explanation"]


def test_a_client_from_before_the_recording(tmp_path: Path) -> None:
    """Recording from within sees clients that were made before it began."""
    script = tmp_path / "inprocess.py"
    script.write_text(
        "import os, httpx, httpx2, tracefork_tui\n"
        "url = os.environ['ANTHROPIC_BASE_URL'] + '/plain.x/v1/messages'\n"
        "clients = [httpx.Client(), httpx2.Client()]\n"
        "with tracefork_tui.record('run.msgpack'):\n"
        "    print([client.post(url, json={}).status_code for client in clients])\n"
        "print([client.post(url, json={}).status_code for client in clients])\n"
    )
    with Server() as server:
        done = runs.bare(runs.command(script), tmp_path, **where(server))
        assert done.code == 0, done.err
        assert done.out == "[200, 200]\n[200, 200]\n"
        assert len(server.sent) == 4
    steps = runs.shown(tmp_path / "run.msgpack")["steps"]
    assert [step["status"] for step in steps if step["kind"] == "exchange"] == [200, 200]


def test_the_agent_may_die_waiting(tmp_path: Path) -> None:
    """A request without an end is on the tape as one."""
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, httpx2\n"
        "url = os.environ['ANTHROPIC_BASE_URL'] + '/timeout.x/v1/messages'\n"
        "def dies(event, info):\n"
        "    if event.endswith('receive_response_headers.started'):\n"
        "        os._exit(3)\n"
        "client = httpx2.Client(timeout=60)\n"
        "client.send(client.build_request('POST', url, json={}, extensions={'trace': dies}))\n"
    )
    with Server() as server:
        done = runs.record(
            runs.command(script), tmp_path / "run.msgpack", tmp_path, **where(server)
        )
    assert done.code == 3
    (step,) = runs.shown(tmp_path / "run.msgpack")["steps"]
    assert step["status"] is step["error"] is step["ended"] is None
