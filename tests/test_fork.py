"""`fork`: the prefix proven, one answer changed, the rest from the tape or live."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench, Done, draws, exchanges

AGENT = """
    import sys, time, uuid
    from anthropic import Anthropic

    TOOL = {
        "name": "weather",
        "description": "The weather in a city.",
        "input_schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    }
    client = Anthropic()
    settings = {"model": "demo-model", "max_tokens": 300, "tools": [TOOL]}

    def seen(message):
        said = [block for block in message.content if block.type != "thinking"]
        words = [getattr(block, "text", None) or getattr(block, "input", "") for block in said]
        return f"{message.stop_reason} {words}"

    def attempt(name, call):
        try:
            said = seen(call())
        except Exception as error:
            said = f"failed {type(error).__name__}"
        print(name, said, flush=True)
        return said

    def turn(text):
        return [{"role": "user", "content": text}]

    def stream(text):
        with client.messages.stream(messages=turn(text), **settings) as events:
            return events.get_final_message()

    ticket = uuid.uuid4()
    first = attempt("json", lambda: client.messages.create(
        messages=turn(f"{ticket} use weather"), **settings))
    now = time.time()
    second = attempt("stream", lambda: stream(f"at {now:.0f} use weather"))
    attempt("last", lambda: client.messages.create(
        messages=turn(f"first {first} second {second}"), **settings))
"""
JSON, STREAM, LAST = 2, 4, 5


@pytest.fixture(scope="module")
def recorded(model: str, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A folder with a tape of AGENT, to fork from; no test may change what is in it."""
    bench = Bench(tmp_path_factory.mktemp("forks"), model, state)
    bench.record(AGENT)
    before = bench.path("run.msgpack").read_bytes()
    yield bench
    assert bench.path("run.msgpack").read_bytes() == before


@pytest.fixture
def out(recorded: Bench, tmp_path: Path) -> str:
    return str(tmp_path / "child.msgpack")


def message(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


def provenances(tape: Any) -> list[str]:
    return [step.provenance for step in tape.steps]


def test_the_recording(recorded: Bench) -> None:
    tape = recorded.open()
    assert [step.kind for step in tape.steps] == [
        "draw",
        "exchange",
        "draw",
        "exchange",
        "exchange",
    ]
    assert provenances(tape) == ["live"] * 5
    output = "".join(text for _, _, text in tape.output())
    assert output.startswith("json tool_use ['I will use weather.', {'city': 'example'}]\n")


@pytest.mark.parametrize("at", [JSON, STREAM], ids=["json", "stream"])
def test_an_edited_reply(recorded: Bench, out: str, tmp_path: Path, at: int) -> None:
    file = tmp_path / "reply.json"
    file.write_text(json.dumps(message("It rains in Oslo – 漢字.")))
    done = recorded.fork(at, "--reply", str(file), "-o", out)
    assert done.code == 0, done
    name = "json" if at == JSON else "stream"
    assert f"{name} end_turn ['It rains in Oslo – 漢字.']\n" in done.out
    lines = done.err.splitlines()
    assert lines[0] == f"fork: {out}"
    assert f"  prefix        steps 1 to {at - 1} proven" in lines
    assert f"  step {at:<8} edited reply at step {at}" in lines
    child = recorded.open(out)
    shape = "text/event-stream" if at == STREAM else "application/json"
    headers = dict(child.steps[at - 1].response.headers)  # type: ignore[union-attr]
    assert headers["content-type"].startswith(shape)
    expected = ["recorded"] * (at - 1) + ["edited"] + ["recorded"] * (LAST - 1 - at) + ["stale"]
    assert provenances(child) == expected
    parent = recorded.open()
    assert child.header["parent"] == {
        "fingerprint": parent.fingerprint,
        "prefix": parent.fingerprint_at(at - 1),
        "step": at,
        "intervention": f"edited reply at step {at}",
        "kind": "reply",
        "tail": "offline",
        "file": "run.msgpack",
    }
    assert child.fingerprint_at(at - 1) == parent.fingerprint_at(at - 1)
    assert child.fingerprint_at(at) != parent.fingerprint_at(at)
    shown = recorded.cli("show", out).out
    assert f"fork of run.msgpack at step {at}: edited reply at step {at}" in shown
    assert recorded.cli("check", out).code == 0


def test_a_reply_from_stdin_and_the_report_as_json(recorded: Bench, out: str) -> None:
    words = ("--reply", "-", "-o", out, "--json")
    done = recorded.fork(JSON, *words, stdin=json.dumps(message("from stdin")))
    assert done.code == 0, done
    assert done.json["held"] is True
    assert done.json["reached"] is True
    assert done.json["step"] == JSON
    assert done.json["provenances"] == {"recorded": 2, "stale": 1}
    assert done.json["fingerprint"] == recorded.open(out).fingerprint
    assert "json end_turn ['from stdin']" in done.err


@pytest.mark.parametrize("at", [JSON, STREAM], ids=["json", "stream"])
def test_raw_bytes(recorded: Bench, out: str, tmp_path: Path, at: int) -> None:
    parent: Any = recorded.open()
    body = parent.steps[at - 1].response.body.replace(b"I will use", b"I may use")
    (tmp_path / "raw").write_bytes(body)
    done = recorded.fork(at, "--reply", str(tmp_path / "raw"), "--raw", "-o", out)
    assert done.code == 0, done
    child: Any = recorded.open(out)
    assert child.steps[at - 1].response.body == body
    (tmp_path / "raw").write_bytes(b"\xff\x00 no message at all")
    done = recorded.fork(at, "--reply", str(tmp_path / "raw"), "--raw", "-o", out, "--force")
    assert done.code == 0, done
    assert "failed" in done.out


RETRIED = {
    "overloaded": "OverloadedError",
    "rate_limited": "RateLimitError",
    "rate_limited:retry_after=7": "RateLimitError",
    "server_error": "InternalServerError",
    "timeout": "APITimeoutError",
    "connect_error": "APIConnectionError",
}


@pytest.mark.parametrize(("fault", "at"), zip(RETRIED, [JSON, STREAM] * 3, strict=True))
def test_a_retry_gets_the_recorded_reply(recorded: Bench, out: str, fault: str, at: int) -> None:
    done = recorded.fork(at, "--fault", fault, "-o", out)
    assert done.code == 0, done
    assert "failed" not in done.out
    assert provenances(recorded.open(out)) == [
        *["recorded"] * (at - 1),
        "fault",
        *["recorded"] * (LAST - at + 1),
    ]


@pytest.mark.parametrize(("fault", "at"), zip(RETRIED, [STREAM, JSON] * 3, strict=True))
def test_three_times_is_an_exception(recorded: Bench, out: str, fault: str, at: int) -> None:
    sign = "," if ":" in fault else ":"
    done = recorded.fork(at, "--fault", f"{fault}{sign}times=3", "-o", out)
    assert done.code == 0, done
    name = "json" if at == JSON else "stream"
    assert f"{name} failed {RETRIED[fault]}\n" in done.out
    assert provenances(recorded.open(out)).count("fault") == 3


AT_ONCE = [
    ("disconnect:times=3", JSON, "json failed APIConnectionError"),
    ("disconnect", STREAM, "stream failed RemoteProtocolError"),
    ("truncated", JSON, "json failed JSONDecodeError"),
    ("truncated:after=6", STREAM, "stream None"),
    ("max_tokens", JSON, "json max_tokens ['I"),
    ("max_tokens", STREAM, "stream max_tokens ['I"),
    ("refusal", JSON, "json refusal []"),
    ("refusal", STREAM, "stream refusal []"),
    ("bad_tool_input", JSON, "json tool_use ['I will use weather.', {}]"),
    ("bad_tool_input", STREAM, "stream tool_use ['I will use weather.', {}]"),
    ("poisoned_argument:path=city,value=Bergen", JSON, "{'city': 'Bergen'}"),
    ("poisoned_argument:path=city,value=Bergen", STREAM, "{'city': 'Bergen'}"),
    ('poisoned_argument:{"path": "city", "value": ["a, b", 1]}', STREAM, "{'city': ['a, b', 1]}"),
    ("unauthorized", JSON, "json failed AuthenticationError"),
    ("html", JSON, "json failed AttributeError"),
    ("error_event", STREAM, "stream failed APIStatusError"),
    ("malformed_event", STREAM, "stream failed JSONDecodeError"),
    ("empty_content", STREAM, "stream end_turn []"),
    ("wrong_tool:name=news", JSON, "json tool_use"),
    ("dropped_tool", STREAM, "stream end_turn ['I will use weather.']"),
]


@pytest.mark.parametrize(("fault", "at", "seen"), AT_ONCE, ids=lambda value: str(value)[:22])
def test_a_fault_that_is_not_retried(
    recorded: Bench, out: str, fault: str, at: int, seen: str
) -> None:
    done = recorded.fork(at, "--fault", fault, "-o", out)
    assert done.code == 0, done
    assert seen in done.out
    child = recorded.open(out)
    assert provenances(child)[:at] == ["recorded"] * (at - 1) + ["fault"]
    assert fault.partition(":")[0] in child.header["parent"]["intervention"]


def test_latency_is_real_time(recorded: Bench, out: str) -> None:
    done = recorded.fork(JSON, "--fault", "latency:seconds=0.3", "-o", out)
    assert done.code == 0, done
    step = recorded.open(out).steps[JSON - 1]
    assert step.duration is not None  # type: ignore[union-attr]
    assert step.duration >= 0.3  # type: ignore[union-attr]


DRAWS = """
    import datetime, os, random, sys, time, uuid
    import tracefork_tui
    from talk import ask

    @tracefork_tui.drawn
    def look(what):
        return what

    values = [
        time.time(), time.time_ns(), uuid.uuid4(), datetime.datetime.now(),
        datetime.datetime.now(datetime.timezone.utc), datetime.date.today(),
        random.random(), random.randint(1, 6), random.choice(["red", "green"]),
        os.urandom(2), input(), sys.stdin.readline(),
        look(True), look(None), look([1, {"a": "b"}]), look("text"),
    ]
    for value in values:
        print(repr(value))
    ask("hello")
"""
UUID = "00000000-0000-4000-8000-000000000001"
EDITS = [
    ("12.5", "12.5"),
    ("12", "12"),
    (UUID, f"UUID('{UUID}')"),
    ("2020-02-03T04:05:06", "datetime.datetime(2020, 2, 3, 4, 5, 6)"),
    (
        "2020-02-03T04:05:06+00:00",
        "datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)",
    ),
    ("2020-02-03", "datetime.date(2020, 2, 3)"),
    ("0.25", "0.25"),
    ("6", "6"),
    ("blue", "'blue'"),
    ("ff00", r"b'\xff\x00'"),
    ("other line", "'other line'"),
    ("other", "'other'"),
    ("false", "False"),
    ('{"now": 1}', "{'now': 1}"),
    ("[]", "[]"),
    ("new", "'new'"),
]
NO_VALUES = ["noon", "1.5", "no-uuid", "noon", "noon", "2020-02-30", "x", "x", None, "xyz"]


@pytest.fixture(scope="module")
def drawn(model: str, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("draws"), model, state)
    tape = bench.record(DRAWS, stdin="line one\nline two\n")
    assert len(draws(tape)) == len(EDITS)
    return bench


@pytest.mark.parametrize("n", range(1, len(EDITS) + 1))
def test_an_edited_draw(drawn: Bench, tmp_path: Path, n: int) -> None:
    text, seen = EDITS[n - 1]
    done = drawn.fork(n, "--draw", text, "-o", str(tmp_path / "child"))
    assert done.code == 0, done
    assert done.out.splitlines()[n - 1] == seen
    before = drawn.open().output()
    lines = "".join(text for _, _, text in before).splitlines()
    assert done.out.splitlines()[: n - 1] + done.out.splitlines()[n:] == lines[: n - 1] + lines[n:]
    expected = ["recorded"] * 17
    expected[n - 1] = "edited"
    assert provenances(drawn.open(str(tmp_path / "child"))) == expected


@pytest.mark.parametrize("n", range(1, len(NO_VALUES) + 1))
def test_a_value_of_another_type_is_refused(drawn: Bench, n: int) -> None:
    text = NO_VALUES[n - 1]
    if text is None:
        return
    before = drawn.files()
    line = drawn.fork(n, "--draw", text).one_line()
    assert repr(text) in line
    assert drawn.files() == before


@pytest.mark.parametrize(
    ("n", "fault", "seen"),
    [
        (1, "clock_skew:seconds=3600", None),
        (4, "clock_skew:seconds=-60", None),
        (16, "tool_text:text=gone", "'gone'"),
        (16, "tool_empty", "''"),
        (15, "tool_empty", "[]"),
    ],
)
def test_a_fault_on_a_draw(
    drawn: Bench, tmp_path: Path, n: int, fault: str, seen: str | None
) -> None:
    done = drawn.fork(n, "--fault", fault, "-o", str(tmp_path / "child"))
    assert done.code == 0, done
    assert provenances(drawn.open(str(tmp_path / "child")))[n - 1] == "fault"
    if seen is not None:
        assert done.out.splitlines()[n - 1] == seen


def test_a_tool_that_fails(drawn: Bench, tmp_path: Path) -> None:
    done = drawn.fork(16, "--fault", "tool_error", "-o", str(tmp_path / "child"))
    assert done.code == 0, done
    assert "RuntimeError" in done.err
    assert "  outcome       exit code 1" in done.err


LOOP = """
    import time, uuid
    from talk import say

    uuid.uuid4()
    said = [say("start")]
    for turn in range(3):
        time.time()
        said.append(say(f"{turn}: {' / '.join(said)}"))
    print(said[-1])
"""
GREETING = json.dumps(message("edited"))


@pytest.fixture
def loop(bench: Bench) -> Bench:
    """Steps: uuid, exchange, then clock and exchange three times; 8 in all."""
    bench.record(LOOP)
    bench.write("reply.json", GREETING)
    return bench


def test_the_default_name_counts_on(loop: Bench) -> None:
    before = loop.path("run.msgpack").read_bytes()
    for number in (1, 2):
        done = loop.fork(2, "--reply", "reply.json")
        assert done.code == 0, done
        assert done.err.splitlines()[0].endswith(f"run.fork-{number}.msgpack")
        assert loop.path(f"run.fork-{number}.msgpack").stat().st_mode & 0o777 == 0o600
    assert loop.path("run.msgpack").read_bytes() == before
    files = loop.files()
    line = loop.fork(2, "--reply", "reply.json", "-o", "run.fork-1.msgpack").one_line()
    assert "--force" in line
    assert loop.files() == files
    done = loop.fork(2, "--reply", "reply.json", "-o", "run.fork-1.msgpack", "--force")
    assert done.code == 0


@pytest.mark.parametrize("out", ["run.msgpack", "./run.msgpack", "link", "hard"])
def test_no_fork_overwrites_its_parent(loop: Bench, out: str) -> None:
    loop.path("link").symlink_to("run.msgpack")
    loop.path("hard").hardlink_to(loop.path("run.msgpack"))
    before = loop.files()
    line = loop.fork(2, "--reply", "reply.json", "-o", out, "--force").one_line()
    assert "parent" in line
    assert loop.files() == before


def test_offline_goes_on_with_stale_replies_and_says_so(loop: Bench) -> None:
    done = loop.fork(4, "--reply", "reply.json", "-o", "child")
    assert done.code == 0, done
    child = loop.open("child")
    assert provenances(child) == [
        *["recorded"] * 3,
        "edited",
        *["recorded", "stale"] * 2,
    ]
    assert "  tail          2 recorded, 2 stale" in done.err


def test_strict_halts_where_the_tape_has_no_equal(loop: Bench) -> None:
    done = loop.fork(4, "--reply", "reply.json", "--strict", "-o", "child")
    assert done.code == 1, done
    assert "  halted        stopped: the tape holds no equal request (--strict)" in done.err
    assert "Traceback" not in done.err
    assert provenances(loop.open("child")) == [*["recorded"] * 3, "edited", "recorded"]
    same = loop.open()
    body = same.steps[3].response.body  # type: ignore[union-attr]
    loop.write("same", body)
    done = loop.fork(4, "--reply", "same", "--raw", "--strict", "-o", "same-child")
    assert done.code == 0, done


def test_an_offline_tail_that_runs_dry_halts_and_keeps_what_it_has(loop: Bench) -> None:
    more = loop.path("agent.py").read_text().replace("range(3)", "range(9)")
    loop.write("agent.py", more)
    done = loop.fork(2, "--reply", "reply.json", "-o", "child")
    assert done.code == 0, done
    assert "  halted        the tape has no more answers; run the tail live to go on" in done.err
    child = loop.open("child")
    assert len(exchanges(child)) == 4
    assert provenances(child)[-1] == "live"
    assert child.outcome is not None
    assert child.outcome.exit_code == 1


SCRIPT = """
    def answer(request):
        text = request["body"]["messages"][0]["content"]
        if text.startswith("1"):
            return None
        return {"content": f"scripted {text[:1]}"}

    def other(request):
        return {"content": [{"type": "text", "text": "the other one"}]}

    def broken(request):
        raise ValueError("the script is broken")

    def odd(request):
        return 7
"""


def test_a_script_answers_the_misses(loop: Bench) -> None:
    loop.write("script.py", SCRIPT)
    done = loop.fork(2, "--reply", "reply.json", "--script", "script.py", "-o", "child")
    assert done.code == 0, done
    assert done.out == "scripted 2\n"
    assert provenances(loop.open("child")) == [
        *["recorded", "edited", "recorded", "scripted", "recorded", "stale"],
        *["recorded", "scripted"],
    ]
    done = loop.fork(2, "--reply", "reply.json", "--script", "script.py:other", "-o", "2")
    assert (done.code, done.out) == (0, "the other one\n")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("script.py:broken", "the script is broken"),
        ("script.py:odd", "script"),
        ("script.py:nothing", "nothing"),
        ("syntax.py", "syntax.py"),
        ("no-such.py", "no-such.py"),
    ],
)
def test_a_bad_script_is_one_line(loop: Bench, script: str, why: str) -> None:
    loop.write("script.py", SCRIPT)
    loop.write("syntax.py", "def answer(:")
    before = set(loop.files())
    done = loop.fork(2, "--reply", "reply.json", "--script", script, "-o", "child")
    assert why in done.err
    assert "Traceback" not in done.err
    if "failed" in done.err:
        assert done.code == 0, done
        assert "  halted        stopped: the script script.py failed: " in done.err
    else:
        done.one_line()
        assert set(loop.files()) == before


def live(bench: Bench, at: int, *words: str, **more: Any) -> Done:
    env = {"ANTHROPIC_BASE_URL": bench.url, "ANTHROPIC_API_KEY": "another-key-of-mine"} | more
    return bench.cli("fork", "run.msgpack", "--at", str(at), "--live", *words, **env)


def test_a_live_tail(loop: Bench) -> None:
    done = live(loop, 4, "--reply", "reply.json", "-o", "child")
    assert done.code == 0, done
    assert done.err.startswith("tracefork-tui: live: about 3 calls to http://127.0.0.1:")
    child = loop.open("child")
    assert provenances(child) == [*["recorded"] * 3, "edited", *["recorded", "live"] * 2]
    assert "edited" in done.out
    assert b"another-key-of-mine" not in loop.path("child").read_bytes()


def test_a_live_tail_ends_at_its_caps(loop: Bench) -> None:
    done = live(loop, 4, "--reply", "reply.json", "-o", "calls", "--max-calls", "1")
    assert done.code == 0, done
    assert "halted        stopped after 1 live calls (--max-calls)" in done.err
    assert provenances(loop.open("calls"))[4:] == ["recorded", "live", "recorded"]
    done = live(loop, 4, "--reply", "reply.json", "-o", "steps", "--max-steps", "2")
    assert done.code == 0, done
    assert "halted        stopped after 2 steps (--max-steps)" in done.err
    assert len(loop.open("steps").steps) == 6


def test_a_run_ends_at_its_timeout(loop: Bench) -> None:
    text = loop.path("agent.py").read_text()
    loop.write("agent.py", text.replace("print(said[-1])", "while True: pass"))
    done = loop.fork(2, "--reply", "reply.json", "-o", "child", "--timeout", "8")
    assert done.code == 0, done
    assert "halted        stopped: the time is up (--timeout)" in done.err
    child = loop.open("child")
    assert len(child.steps) == 8
    assert child.outcome is not None
    assert child.outcome.signal == 15


def test_a_live_tail_ends_at_its_cost(bench: Bench) -> None:
    bench.record(
        """
        import os, sys, time
        from talk import say

        said = say("start", model="claude-opus-4-8")
        for turn in range(int(os.environ.get("TURNS", "1"))):
            said = say(f"{turn} " + "word " * 2000, model="claude-opus-4-8")
            time.sleep(0.2)
        """
    )
    bench.write("reply.json", GREETING)
    done = live(bench, 1, "--reply", "reply.json", "-o", "child", "--max-cost", "0.02", TURNS="40")
    assert done.code == 0, done
    assert "halted        stopped: more than $0.02 spent (--max-cost)" in done.err
    assert 2 <= len(exchanges(bench.open("child"))) < 12
    assert "about $0." in done.err


def test_a_live_tail_without_a_key_never_starts(loop: Bench) -> None:
    before = loop.files()
    words = ("--reply", "reply.json", "-o", "child")
    line = live(loop, 4, *words, ANTHROPIC_API_KEY=None).one_line()
    assert "ANTHROPIC_API_KEY" in line
    assert loop.files() == before


def test_a_live_tail_names_what_differs_from_the_tape(loop: Bench, state: Path) -> None:
    from tracefork_tui.demo.server import serve

    with serve() as url:
        done = live(loop, 4, "--reply", "reply.json", "-o", "child", ANTHROPIC_BASE_URL=url)
    assert done.code == 0, done
    assert "live: ANTHROPIC_BASE_URL is not as it was when the tape was recorded" in done.err
    assert provenances(loop.open("child"))[:4] == ["recorded"] * 3 + ["edited"]


def test_a_prefix_that_does_not_match_names_the_field(loop: Bench) -> None:
    text = loop.path("agent.py").read_text()
    loop.write("agent.py", text.replace('say("start")', 'say("start", temperature=0.5)'))
    done = loop.fork(4, "--reply", "reply.json", "-o", "child")
    assert done.code == 1, done
    assert "  prefix        NOT PROVEN" in done.err
    assert "before step 4" in done.err
    assert "it differs at temperature" in done.err
    assert "  step 4        was not reached" in done.err
    loop.write("agent.py", text.replace("uuid.uuid4()", "pass"))
    done = loop.fork(4, "--reply", "reply.json", "-o", "child-2")
    assert done.code == 1, done
    assert "not asked for again: step 1" in done.err


def test_a_step_that_is_not_reached_fails(loop: Bench) -> None:
    loop.write("agent.py", LOOP.replace("range(3)", "range(1)"))
    done = loop.fork(8, "--reply", "reply.json", "-o", "child")
    assert done.code == 1, done
    assert "was not reached" in done.err


def test_a_fork_of_a_fork(loop: Bench) -> None:
    assert loop.fork(4, "--reply", "reply.json").code == 0
    child = loop.open("run.fork-1.msgpack")
    done = loop.fork(6, "--fault", "refusal", tape="run.fork-1.msgpack")
    assert done.code == 0, done
    grandchild = loop.open("run.fork-1.fork-1.msgpack")
    parent = grandchild.header["parent"]
    assert (parent["fingerprint"], parent["file"]) == (child.fingerprint, "run.fork-1.msgpack")
    assert provenances(grandchild)[:6] == ["recorded"] * 5 + ["fault"]
    assert grandchild.fingerprint_at(5) == child.fingerprint_at(5)
    done = loop.replay("run.fork-1.msgpack")
    assert done.code == 0, done
    assert loop.replay("run.fork-1.fork-1.msgpack").code == 0


AT_ONCE = """
    import asyncio, os
    from talk import BASE, HEADERS, body, http

    less = os.path.exists("less")

    async def ask(client, text, pause):
        request = body(text, stream=True)
        async with client.stream("POST", BASE + "/v1/messages", json=request) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():
                await asyncio.sleep(pause)
                if pause and less:
                    return

    async def main():
        async with http.AsyncClient(headers=HEADERS) as client:
            first = asyncio.create_task(ask(client, "first", 0.05))
            if less:
                await first
            await asyncio.gather(first, ask(client, "second", 0))

    asyncio.run(main())
"""


def test_what_a_fork_breaks_off_is_no_failure_of_its_prefix(bench: Bench) -> None:
    bench.record(AT_ONCE)
    done = bench.fork(2, "--fault", "bad_request", "--json", "-o", "child")
    assert done.code == 0, done
    rest = "the rest of step 1: under way at the fork, which broke it off"
    assert done.json["prefix"]["failures"] == []
    assert done.json["prefix"]["unproven"] == [rest]
    assert exchanges(bench.open("child"))[0].ended in ("cancelled", "closed")
    bench.write("less", "")
    done = bench.fork(2, "--fault", "bad_request", "--json")
    assert done.code == 1, done
    assert done.json["prefix"]["failures"] == ["step 1 is not as recorded"]


def test_the_agents_own_end_is_no_failure_of_the_fork(loop: Bench) -> None:
    done = loop.fork(2, "--fault", "unauthorized", "-o", "child")
    assert done.code == 0, done
    assert "KeyError" in done.err
    assert "  outcome       exit code 1" in done.err
    assert "exception" not in loop.open("child").header


def test_a_foreign_tape_is_forked_only_with_consent(loop: Bench) -> None:
    stranger = {"XDG_STATE_HOME": str(loop.path("stranger"))}
    words = ("--reply", "reply.json", "-o", "child")
    assert "--trust" in loop.fork(2, *words, **stranger).one_line()
    assert not loop.path("child").exists()
    assert loop.fork(2, *words, "--trust", **stranger).code == 0
    done = loop.fork(2, *words, "--force", "--", sys.executable, "agent.py", **stranger)
    assert done.code == 0, done


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_foreign_tape_asks_in_a_terminal(loop: Bench, answer: str) -> None:
    from cli_runs import Terminal

    env = loop.environment(XDG_STATE_HOME=str(loop.path("stranger")))
    words = loop.words("fork", "run.msgpack", "--at", "2", "--reply", "reply.json", "-o", "child")
    terminal = Terminal(words, loop.folder, env)
    terminal.until("Run it?")
    assert b"agent.py" in terminal.shown
    terminal.type(f"{answer}\n")
    assert terminal.end() == (0 if answer == "y" else 2)
    assert loop.path("child").exists() == (answer == "y")


REFUSED = {
    "no intervention": ["--at", "2"],
    "two interventions": ["--at", "2", "--reply", "reply.json", "--fault", "refusal"],
    "step 0": ["--at", "0", "--fault", "refusal"],
    "step 99": ["--at", "99", "--fault", "refusal"],
    "a negative step": ["--at", "-1", "--fault", "refusal"],
    "no step": ["--fault", "refusal"],
    "step x": ["--at", "x", "--fault", "refusal"],
    "an unknown fault": ["--at", "2", "--fault", "gremlins"],
    "an unknown option of a fault": ["--at", "2", "--fault", "refusal:x=1"],
    "a bad option of a fault": ["--at", "2", "--fault", "latency:seconds=soon"],
    "a fault for streams on JSON": ["--at", "2", "--fault", "error_event"],
    "a fault on a draw": ["--at", "1", "--fault", "refusal"],
    "a draw's fault on an exchange": ["--at", "2", "--fault", "tool_error"],
    "a reply to a draw": ["--at", "1", "--reply", "reply.json"],
    "a value for an exchange": ["--at", "2", "--draw", "7"],
    "no such reply": ["--at", "2", "--reply", "no-such.json"],
    "a reply that is no JSON": ["--at", "2", "--reply", "agent.py"],
    "a reply that is no message": ["--at", "2", "--reply", "list.json"],
    "a reply without content": ["--at", "2", "--reply", "empty.json"],
    "a reply with an odd block": ["--at", "2", "--reply", "block.json"],
    "a reply that is no text": ["--at", "2", "--reply", "bytes.json"],
    "a folder for a reply": ["--at", "2", "--reply", "."],
    "raw without a reply": ["--at", "2", "--fault", "refusal", "--raw"],
    "live and strict": ["--at", "2", "--fault", "refusal", "--live", "--strict"],
    "live and offline": ["--at", "2", "--fault", "refusal", "--live", "--offline"],
    "a cap without live": ["--at", "2", "--fault", "refusal", "--max-calls", "2"],
    "no calls": ["--at", "2", "--fault", "refusal", "--live", "--max-calls", "0"],
    "an output in no folder": ["--at", "2", "--fault", "refusal", "-o", "no/such/child"],
    "an output that is a folder": ["--at", "2", "--fault", "refusal", "-o", "."],
    "no such command": ["--at", "2", "--fault", "refusal", "--", "no-such-agent"],
    "an unknown option": ["--at", "2", "--fault", "refusal", "--gremlins"],
}


@pytest.fixture(scope="module")
def settled(model: str, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """As `loop`, with replies that are none; what is refused changes nothing, so all share it."""
    bench = Bench(tmp_path_factory.mktemp("settled"), model, state)
    bench.record(LOOP)
    bench.write("reply.json", GREETING)
    bench.write("list.json", "[1, 2]")
    bench.write("empty.json", "{}")
    bench.write("block.json", '{"content": [{"type": "tool_use", "name": 3}]}')
    bench.write("bytes.json", b'{"content": "\xff"}')
    return bench


@pytest.mark.parametrize("what", REFUSED)
def test_bad_usage_is_one_line_and_changes_nothing(settled: Bench, what: str) -> None:
    before = settled.files()
    line = settled.cli("fork", "run.msgpack", *REFUSED[what]).one_line()
    assert len(line) > len("tracefork-tui: ") + 10
    assert settled.files() == before


PICKS = """
    import random
    from talk import say

    class Mail:
        def __init__(self, text):
            self.text = text

    words = say("first").split()
    sent = list(map(Mail, words))
    random.shuffle(words)
    print(sorted(words), {one.text for one in random.sample(sent, min(3, len(sent)))} <= set(words))
    say("last")
"""


def test_picks_from_fewer_items_are_drawn_anew(bench: Bench) -> None:
    bench.record(PICKS)
    bench.write("short.json", json.dumps({"content": [{"type": "text", "text": "a b"}]}))
    done = bench.cli("fork", "run.msgpack", "--at", "1", "--reply", "short.json", "-o", "a.msgpack")
    assert done.code == 0, done
    assert done.out.strip() == "['a', 'b'] True"
    picked = [step.provenance for step in bench.open("a.msgpack").steps if step.kind == "draw"]
    assert picked == ["live", "live"]


def test_picks_from_other_items_are_a_divergence(bench: Bench) -> None:
    bench.record(PICKS)
    bench.write("agent.py", PICKS.replace(".split()", ".split()[:1]"))
    done = bench.replay()
    assert done.code == 1
    said = "the agent draws random.shuffle from other items than those of its value"
    assert f"tracefork-tui: {said}" in done.err
