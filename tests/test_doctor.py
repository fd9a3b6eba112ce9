"""`doctor`: an agent is replayed under other conditions; what drifts is named with its site."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from cli_runs import Bench

from tracefork_tui.diff.values import ABSENT
from tracefork_tui.replay.doctor import Diagnosis, Finding
from tracefork_tui.replay.findings import finding_lines

LIBRARY = """\
import datetime
import os

def stamp():
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"

def names(folder):
    return [entry.name for entry in os.scandir(folder)]
"""

LEAKY = """\
import os

import helper
import talk

def hashed():
    return " ".join({word for word in "one two three four five six seven".split()})

def dated():
    return helper.stamp()

def listed():
    return " ".join(helper.names("notes"))

def configured():
    return os.environ.get("AGENT_MODE", "plain")

def homed():
    return os.path.expanduser("~")

def placed():
    return os.getcwd()

for step in (hashed, dated, listed, configured, homed, placed):
    talk.ask(step())
"""
CLEAN = """\
import talk, uuid, time
print(talk.say(f"hello {uuid.uuid4()} {time.time()}"))
"""


def leaky(bench: Bench) -> dict[str, str]:
    """An agent whose library looks at the machine; gives the variables to run it with."""
    packages = bench.path("lib/site-packages")
    packages.mkdir(parents=True)
    (packages / "helper.py").write_text(LIBRARY)
    notes = bench.path("notes")
    notes.mkdir()
    for name in "abcdefg":
        (notes / name).touch()
    bench.write("agent.py", LEAKY)
    return {"PYTHONPATH": str(packages), "AGENT_MODE": "fancy"}


def doctor(bench: Bench, *words: str, **env: str) -> Any:
    return bench.cli("doctor", "--runs", "1", *words, **env)


def test_every_leak_is_named_with_its_site(bench: Bench) -> None:
    env = leaky(bench)
    done = doctor(bench, "--json", "-o", "run.msgpack", "--", sys.executable, "agent.py", **env)
    assert done.code == 1, done
    found = {finding["condition"]: finding for finding in done.json["conditions"]}
    assert done.json["replayable"] is False
    assert done.json["score"] == [2, 8]
    assert found["unchanged"]["proven"]
    assert found["load"]["proven"]
    drifted = {name: (one["step"], one["path"]) for name, one in found.items() if one["path"]}
    place = "messages[0].content"
    assert drifted == {
        "hash seed": (1, place),
        "clock": (2, place),
        "directory order": (3, place),
        "environment": (4, place),
        "elsewhere": (5, place),
        "working directory": (6, place),
    }
    steps = bench.open().steps
    assert all(
        found[name]["site"] == list(steps[n - 1].call_site) for name, (n, _) in drifted.items()
    )
    assert found["clock"]["looks"][0].startswith(
        "datetime.datetime.now at agent.py:10 in dated, by "
    )
    assert "helper.py" in found["clock"]["looks"][0]
    assert found["directory order"]["looks"][0].startswith("os.scandir at agent.py:13 in listed")
    assert "os.environ['AGENT_MODE'] at agent.py:16 in configured" in found["environment"]["looks"]
    assert any("agent.py:19 in homed" in look for look in found["elsewhere"]["looks"])
    proxies = [look for look in found["elsewhere"]["looks"] if "getproxies_environment" in look]
    assert [look[:17] for look in proxies] in ([], ["all of os.environ"])
    assert (found["environment"]["recorded"], found["environment"]["replayed"]) == (
        "fancy",
        "plain",
    )
    assert sorted(found["directory order"]["recorded"]) == sorted("a b c d e f g")
    assert all(finding["remedy"] for name, finding in found.items() if name in drifted)


def test_a_clean_agent_is_replayable(bench: Bench) -> None:
    bench.write("agent.py", CLEAN)
    done = doctor(bench, "--", sys.executable, "agent.py")
    assert done.code == 0, done
    assert "hello" in done.out
    assert "doctor: replayable: 8 of 8 conditions proven" in done.err
    assert bench.files().keys() == {"agent.py", "talk.py"}


def test_the_demo_agent_is_replayable(bench: Bench) -> None:
    words = (sys.executable, "-m", "tracefork_tui.demo.refund")
    done = doctor(bench, "--json", "-o", "run.msgpack", "--", *words)
    assert done.code == 0, done
    assert done.json["replayable"] is True
    assert done.json["steps"] == 36
    assert done.json["fingerprint"] == bench.open().fingerprint


def test_drift_with_nothing_changed_is_not_laid_on_the_conditions(bench: Bench) -> None:
    source = "import talk, threading; threading.get_native_id()\n"
    source += "n = open('n').read()\nopen('n', 'w').write(n + '1')\ntalk.ask(n)\n"
    bench.write("n", "1")
    bench.write("agent.py", source)
    done = doctor(bench, "--", sys.executable, "agent.py")
    assert done.code == 1
    assert "unchanged          NOT PROVEN" in done.err
    assert "changed since: input file: n" in done.err or "changed since" in done.err
    assert "; or threading.get_native_id at agent.py:1 in <module>, which no tape" in done.err
    assert done.err.count("as it does with nothing changed") == 7
    assert "0 of 8 conditions proven" in done.err


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_nothing_captured(bench: Bench, how: list[str]) -> None:
    bench.write("agent.py", "print('nothing to say')")
    done = doctor(bench, *how, "--", sys.executable, "agent.py")
    assert done.code == 1
    assert "nothing was captured" in done.err


def test_usage(bench: Bench) -> None:
    assert "name a tape" in doctor(bench).one_line()
    assert "no_such" in doctor(bench, "no_such.msgpack").one_line()
    assert "no_such" in doctor(bench, "--", "no_such").one_line()


def test_a_value_that_one_side_has_not_is_told() -> None:
    found = Finding("hash seed", step=2, path="words[3]", recorded="c", replayed=ABSENT)
    assert "  replayed  (absent)" in "\n".join(finding_lines(found))
    told = json.loads(json.dumps(Diagnosis("", "", 2, [found]).as_json()))["conditions"][0]
    assert (told["recorded"], told["replayed"]) == ("c", "(absent)")
    assert found.fails_like(replace(found, path="words[1]", replayed="d"))


def test_what_the_recorded_run_made_is_not_in_the_way(bench: Bench) -> None:
    bench.write("agent.py", "import os\nfrom talk import say\nos.mkdir('out')\nsay('made')")
    done = doctor(bench, "--", sys.executable, "agent.py")
    assert done.code == 0, done
    assert "proven  (in a copy, as what the recorded run made was there)" in done.err
