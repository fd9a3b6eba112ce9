"""The catalogue, its text form, where faults apply, and faults of draws."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_faults_support import (
    CALL,
    CHAT,
    JSON,
    TEXT,
    Recording,
    completion,
    creates,
    message,
    run,
    whole,
)

from tracefork_tui.faults import (
    FaultError,
    Spec,
    accepted,
    applicable,
    catalogue,
    compile_draw,
    compile_fault,
    describe,
    make,
    parse,
    refusal,
)
from tracefork_tui.tape.answer import Answer, Error

NAMES = [
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "rate_limited",
    "server_error",
    "unavailable",
    "overloaded",
    "connect_error",
    "timeout",
    "reset",
    "disconnect",
    "truncated",
    "malformed_event",
    "error_event",
    "empty",
    "not_json",
    "html",
    "max_tokens",
    "refusal",
    "pause_turn",
    "bad_tool_input",
    "wrong_tool",
    "dropped_tool",
    "duplicated_tool",
    "poisoned_argument",
    "empty_content",
    "latency",
    "tool_error",
    "tool_empty",
    "tool_text",
    "clock_skew",
]
BY_NAME = {fault.name: fault for fault in catalogue()}


@pytest.fixture
def recording(tmp_path: Any) -> Recording:
    return Recording(tmp_path / "t.msgpack")


def test_every_fixed_name_is_there() -> None:
    assert sorted(BY_NAME) == sorted(NAMES)
    for fault in catalogue():
        for line in (fault.summary, fault.sees):
            assert line
            assert line.isprintable()
            assert len(line) < 160
        assert all(param.help for param in fault.params)


@pytest.mark.parametrize(
    ("text", "name", "params", "times"),
    [
        ("overloaded", "overloaded", {}, 1),
        (" overloaded ", "overloaded", {}, 1),
        ("rate_limited:retry_after=3,times=2", "rate_limited", {"retry_after": 3}, 2),
        ("rate_limited", "rate_limited", {"retry_after": None}, 1),
        ("disconnect:after=0", "disconnect", {"after": 0}, 1),
        ("latency", "latency", {"seconds": 30}, 1),
        (
            "poisoned_argument:path=amount,value=480",
            "poisoned_argument",
            {"path": "amount", "value": 480},
            1,
        ),
        (
            "poisoned_argument:path=a,value=abc",
            "poisoned_argument",
            {"path": "a", "value": "abc"},
            1,
        ),
        (
            'poisoned_argument:path=a,value={"b": [1, 2], "c": null}',
            "poisoned_argument",
            {"path": "a", "value": {"b": [1, 2], "c": None}},
            1,
        ),
        (
            'poisoned_argument:{"path": "a", "value": "480", "times": 2}',
            "poisoned_argument",
            {"path": "a", "value": "480"},
            2,
        ),
        ("tool_text:text=Hello, world", "tool_text", {"text": "Hello, world"}, 1),
        ("tool_text:text=", "tool_text", {"text": ""}, 1),
        ("clock_skew:seconds=-3600.5", "clock_skew", {"seconds": -3600.5}, 1),
    ],
)
def test_parse(text: str, name: str, params: dict[str, Any], times: int) -> None:
    spec = parse(text)
    assert spec == Spec(BY_NAME[name], params, times)
    assert parse(describe(spec)) == spec


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("overlaoded", "there is no fault 'overlaoded'; did you mean overloaded?"),
        ("", "there is no fault ''; `tracefork-tui faults` lists them all"),
        ("empty:after=3", "empty: there is no parameter 'after'; it takes times"),
        ("tool_error:times=3", "tool_error: there is no parameter 'times'; it takes no parameters"),
        ("tool_text", "tool_text: text is missing (what it returns)"),
        ("poisoned_argument:path=a", "poisoned_argument: value is missing (JSON, or else a text)"),
        ("latency:seconds=soon", "latency: seconds must be a number, not soon"),
        ("latency:seconds=-1", "latency: seconds must be 0 or more, not -1"),
        ("latency:seconds=NaN", "latency: seconds must be a number, not NaN"),
        ("latency:seconds=1e999", "latency: seconds must be a number, not Infinity"),
        ("latency:seconds=true", "latency: seconds must be a number, not true"),
        ("disconnect:after=1.5", "disconnect: after must be a whole number, not 1.5"),
        ("overloaded:times=0", "overloaded: times must be 1 or more, not 0"),
        ("overloaded:2", "overloaded: '2' is not of the form name=value"),
        ("overloaded:times=1,times=2", "overloaded: times is given twice"),
        ('tool_text:{"text": 5}', "tool_text: text must be a text, not 5"),
        (
            "poisoned_argument:path=a,value=1e999",
            "poisoned_argument: value is not JSON: "
            "Out of range float values are not JSON compliant",
        ),
    ],
)
def test_parse_errors(text: str, says: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(text)
    assert str(caught.value) == says


@pytest.mark.parametrize("text", ["overloaded:{", "overloaded:{'times': 2}", "no\x1b[31m\x9b:a"])
def test_parse_errors_are_one_printable_line(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(text)
    assert str(caught.value).isprintable()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(path=st.text(), value=VALUES, times=st.integers(1, 9))
def test_describe_reads_back(path: str, value: Any, times: int) -> None:
    spec = Spec(BY_NAME["poisoned_argument"], {"path": path, "value": value}, times)
    read = parse(describe(spec))
    assert read.times == times
    assert json.dumps(read.params) == json.dumps(spec.params)


@given(st.text())
def test_parse_gives_a_spec_or_a_fault_error(text: str) -> None:
    for start in ("", "tool_text:", "latency:seconds=", "poisoned_argument:{"):
        try:
            spec = parse(start + text)
        except FaultError as error:
            assert str(error).isprintable()  # noqa: PT017
        else:
            assert parse(describe(spec)) == spec


def test_describe_is_short() -> None:
    for text in ("overloaded", "rate_limited:retry_after=3,times=2", "tool_text:text=a, b"):
        assert describe(parse(text)) == text
    assert describe(parse("overloaded:times=1")) == "overloaded"
    assert describe(parse('poisoned_argument:{"path":"a","value":"1"}')) == (
        'poisoned_argument:path=a,value="1"'
    )


REFUSALS = [
    ("malformed_event", "text", "the recorded reply is not streamed"),
    ("error_event", "text", "the recorded reply is not streamed"),
    ("dropped_tool", "text", "the recorded reply calls no tool"),
    ("bad_tool_input", "text", "the recorded reply calls no tool"),
    ("max_tokens", "silent", "the recorded reply has neither text nor a tool call"),
    ("disconnect", "error", "the recorded reply is a 529"),
    ("max_tokens", "error", "the recorded reply is a 529"),
    ("disconnect", "refused", "it has no reply"),
    ("latency", "dead", "it has no reply"),
    ("truncated", "bodyless", "the recorded reply has no body"),
    ("pause_turn", "chat", "only Anthropic's API pauses a turn"),
    ("refusal", "other", "only Anthropic messages and OpenAI chat completions can be edited"),
    ("refusal", "garbage", "the recorded reply holds no message that can be edited"),
    ("refusal", "hostile", "the recorded reply holds no message that can be edited"),
    ("overloaded", "clock", "it is a fault of exchanges, the step is a draw"),
    ("clock_skew", "text", "it is a fault of draws, the step is an exchange"),
    ("clock_skew:seconds=1", "tool", "lookup does not read a clock"),
    ("clock_skew:seconds=1", "random", "random.random does not read a clock"),
    ("tool_error", "clock", "time.time is no tool's result"),
    ("tool_empty", "nothing", "the tool returned nothing already"),
    ("disconnect:after=9999", "text", "the recorded reply has 293 bytes: after must be less"),
    ("truncated:after=12", "stream", "the recorded reply has 12 events: after must be less"),
    ("malformed_event:at=13", "stream", "the recorded stream has 12 events: at must not be more"),
    (
        "poisoned_argument:path=amuont,value=1",
        "stream",
        "no tool call has the argument amuont (refund has order_id, amount, items)",
    ),
    (
        "poisoned_argument:path=items.1.price,value=1",
        "stream",
        "no tool call has the argument items.1.price (refund has order_id, amount, items)",
    ),
]


def make_steps(recording: Recording) -> dict[str, Any]:
    error = Answer(529, JSON, [b'{"type":"error","error":{"type":"x","message":"y"}}'])
    hostile = message({"type": "text", "text": None}, {"type": "tool_use"})
    steps = {
        "text": recording.exchange(whole(message(TEXT), False)),
        "stream": recording.exchange(whole(message(CALL), True)),
        "silent": recording.exchange(whole(message(), False)),
        "error": recording.exchange(error),
        "refused": recording.exchange(Answer(None, error=Error("", "ConnectError", "no"))),
        "dead": recording.exchange(None),
        "bodyless": recording.exchange(Answer(200, JSON)),
        "chat": recording.exchange(whole(completion(TEXT, CALL), False), CHAT),
        "other": recording.exchange(Answer(200, JSON, [b"[1]"]), "https://example.com/weather"),
        "garbage": recording.exchange(Answer(200, JSON, [b"oops"])),
        "hostile": recording.exchange(whole(hostile, False)),
        "clock": recording.draw("time.time", "float", 1.5),
        "random": recording.draw("random.random", "float", 0.5),
        "tool": recording.draw("lookup", "value", {"a": 1}),
        "nothing": recording.draw("lookup", "value", ""),
    }
    return {name: recording.step(n) for name, n in steps.items()}


@pytest.fixture
def steps(recording: Recording) -> dict[str, Any]:
    return make_steps(recording)


@pytest.mark.parametrize(("text", "where", "says"), REFUSALS)
def test_refusals(text: str, where: str, says: str, steps: dict[str, Any]) -> None:
    step = steps[where]
    subject = parse(text) if ":" in text or not BY_NAME[text].params else BY_NAME[text]
    assert refusal(subject, step) == says
    if isinstance(subject, Spec):
        compiled = compile_fault if step.kind == "exchange" else compile_draw
        with pytest.raises(FaultError) as caught:
            compiled(subject, step)
        name = subject.fault.name
        assert str(caught.value) == f"{name} does not apply to step {step.n}: {says}"


SAYS_NO = [{"type": "text", "text": "no"}]
MCP = {"content": [{"type": "text", "text": "yes"}], "isError": False}
PAIR = {"$type": "tuple", "value": ["said", {"n": 1}]}
EXAMPLES = {
    "poisoned_argument": "path=amount,value=1",
    "tool_text": "text=x",
    "clock_skew": "seconds=1",
}


def test_what_applies_compiles_and_the_rest_is_refused(steps: dict[str, Any]) -> None:
    for step in steps.values():
        fits = applicable(step)
        for fault in catalogue():
            spec = parse(f"{fault.name}:{EXAMPLES.get(fault.name, '')}")
            reason = refusal(spec, step)
            assert (reason is None) == (fault in fits)
            assert reason is None or reason.isprintable()
            assert fault.sees_on(step).isprintable()
            if reason is None:
                compiled = compile_fault if step.kind == "exchange" else compile_draw
                compiled(spec, step)


def test_status_and_transport_faults_apply_to_any_exchange(steps: dict[str, Any]) -> None:
    anywhere = {f.name for f in applicable(steps["dead"])}
    assert anywhere == set(NAMES[:12]) | {"empty", "not_json", "html"}


def test_names_from_a_tape_reach_no_terminal(recording: Recording) -> None:
    call = CALL | {"name": "\x1b]0;x\x07", "input": {"\x9b31m": 1}}
    step = recording.step(recording.exchange(whole(message(call), False)))
    reason = refusal(parse("poisoned_argument:path=a,value=1"), step)
    assert reason is not None
    assert reason.isprintable()
    draw = recording.step(recording.draw("\x1b[2J", "value", 1))
    assert str(refusal(parse("clock_skew:seconds=1"), draw)).isprintable()


def test_a_compressed_reply_is_decoded_where_it_is_changed(recording: Recording) -> None:
    body = json.dumps(message(TEXT)).encode()
    packed = gzip.compress(body)
    headers = [*JSON, ("Content-Encoding", "gzip"), ("Content-Length", str(len(packed)))]
    step = recording.step(recording.exchange(Answer(200, headers, [packed[:20], packed[20:]])))
    (answer,) = compile_fault(parse("truncated:after=30"), step)
    assert (answer.headers, b"".join(answer.chunks)) == (JSON, body[:30])
    seen = run(compile_fault(parse("empty_content"), step), creates)
    assert seen.value.content == []
    (answer,) = compile_fault(parse("latency"), step)
    assert (answer.headers, answer.chunks) == (headers, [packed[:20], packed[20:]])


def test_chunks_keep_their_boundaries(recording: Recording) -> None:
    joined = b"".join(whole(message(TEXT), True).chunks)
    chunks = [joined[i : i + 50] for i in range(0, len(joined), 50)]
    sse = [("content-type", "text/event-stream")]
    step = recording.step(recording.exchange(Answer(200, sse, chunks)))
    (answer,) = compile_fault(parse("truncated:after=3"), step)
    assert answer.chunks[:-1] == chunks[: len(answer.chunks) - 1]
    assert b"".join(answer.chunks) == b"".join(whole(message(TEXT), True).chunks[:3])
    (answer,) = compile_fault(parse("malformed_event:at=3"), step)
    assert b"".join(answer.chunks).endswith(b"".join(whole(message(TEXT), True).chunks[3:]))


def test_an_unknown_api_gets_a_plain_error(steps: dict[str, Any]) -> None:
    (answer,) = compile_fault(parse("overloaded"), steps["other"])
    assert answer.status == 503
    assert json.loads(answer.chunks[0])["error"]["code"] == "server_overloaded"
    assert BY_NAME["overloaded"].sees_on(steps["other"]) == "a response with status 503"
    assert BY_NAME["timeout"].sees_on(steps["other"]) == "the HTTP library's ReadTimeout"


def test_the_same_fault_is_the_same_bytes(steps: dict[str, Any]) -> None:
    for fault in applicable(steps["stream"]):
        spec = parse(f"{fault.name}:{EXAMPLES.get(fault.name, '')}")
        assert compile_fault(spec, steps["stream"]) == compile_fault(spec, steps["stream"])


@pytest.mark.parametrize(
    ("text", "name", "kind", "value", "new"),
    [
        ("clock_skew:seconds=60", "time.time", "float", 1.5, 61.5),
        ("clock_skew:seconds=-0.5", "time.time_ns", "int", 10**9, 500_000_000),
        (
            "clock_skew:seconds=3600",
            "datetime.datetime.now",
            "datetime",
            "2026-11-20T23:30:00.000001+00:00",
            "2026-11-21T00:30:00.000001+00:00",
        ),
        ("clock_skew:seconds=-86400", "datetime.date.today", "date", "2026-03-01", "2026-02-28"),
        ("tool_empty", "lookup", "value", {"a": 1}, {}),
        ("tool_empty", "lookup", "value", [1], []),
        ("tool_empty", "lookup", "value", "x", ""),
        ("tool_empty", "lookup", "value", 4, None),
        ("tool_empty", "lookup", "value", PAIR, {**PAIR, "value": ["", {}]}),
        ("tool_text:text=no", "lookup", "value", PAIR, {**PAIR, "value": ["no", {"n": 1}]}),
        (
            "tool_text:text=no",
            "mcp charge",
            "value",
            {**MCP, "structuredContent": {"result": "yes"}},
            {**MCP, "content": SAYS_NO, "structuredContent": {"result": "no"}},
        ),
        ("tool_empty", "mcp charge", "value", MCP, {"content": []}),
        ("tool_empty", "lookup", "raised", ["builtins", "KeyError", "a", None], None),
        ("tool_text:text=no", "lookup", "value", {"a": 1}, "no"),
        ("tool_error", "lookup", "value", 4, Error("builtins", "RuntimeError", "lookup failed")),
    ],
)
def test_draws(text: str, name: str, kind: str, value: Any, new: Any, recording: Recording) -> None:
    step = recording.step(recording.draw(name, kind, value))
    assert compile_draw(parse(text), step) == new


def test_a_clock_cannot_leave_the_calendar(recording: Recording) -> None:
    step = recording.step(recording.draw("datetime.date.today", "date", "2026-03-01"))
    reason = refusal(parse("clock_skew:seconds=1e15"), step)
    assert str(reason).startswith("the clock cannot be moved: ")


def test_a_form_can_be_filled_without_text() -> None:
    fault = BY_NAME["rate_limited"]
    assert [param.name for param in accepted(fault)] == ["retry_after", "times"]
    assert make(fault, {"retry_after": 2, "times": 3}) == parse(
        "rate_limited:retry_after=2,times=3"
    )


def test_the_catalogue_imports_no_sdk() -> None:
    code = (
        "import sys, tracefork_tui.faults; "
        "print([m for m in ('anthropic', 'openai', 'httpx', 'httpx2') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
