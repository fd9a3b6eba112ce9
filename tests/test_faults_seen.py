"""What an agent on the real SDKs sees of each fault, on JSON and on streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from test_faults_support import (
    ASK,
    CALL,
    CHAT,
    SECOND,
    TEXT,
    Recording,
    Seen,
    async_claude,
    completes,
    completion,
    creates,
    iterates,
    message,
    note,
    run,
    streams,
    streams_chat,
    whole,
)
from test_faults_support import Transport as Serving

from tracefork_tui.faults import FaultError, catalogue, compile_fault, parse
from tracefork_tui.tape.answer import Answer

REQUIRED = {"poisoned_argument": "path=amount,value=480"}
EXCHANGE = [fault for fault in catalogue() if fault.on == "exchange"]


def spec_of(name: str, times: int) -> Any:
    params = ",".join(filter(None, [REQUIRED.get(name), f"times={times}"]))
    return parse(f"{name}:{params}")


@pytest.fixture
def recording(tmp_path: Any) -> Recording:
    return Recording(tmp_path / "t.msgpack")


def recorded(recording: Recording, agent: Callable[..., Any]) -> tuple[Any, Answer]:
    """A step as this agent would have recorded it, and its reply."""
    streamed = agent in (streams, iterates, streams_chat)
    chat = agent in (completes, streams_chat)
    body = (completion if chat else message)(TEXT, CALL, SECOND)
    reply = whole(body, streamed)
    asked = ASK | ({"stream": True} if streamed else {})
    n = recording.exchange(reply, CHAT, asked) if chat else recording.exchange(reply, body=asked)
    return recording.step(n), reply


# fault: class of the exception and attempts without a stream, then with one. "" is no exception.
ANTHROPIC = {
    "bad_request": ("BadRequestError", 1, "BadRequestError", 1),
    "unauthorized": ("AuthenticationError", 1, "AuthenticationError", 1),
    "forbidden": ("PermissionDeniedError", 1, "PermissionDeniedError", 1),
    "not_found": ("NotFoundError", 1, "NotFoundError", 1),
    "too_large": ("ContentTooLargeError", 1, "ContentTooLargeError", 1),
    "rate_limited": ("RateLimitError", 3, "RateLimitError", 3),
    "server_error": ("InternalServerError", 3, "InternalServerError", 3),
    "unavailable": ("ServiceUnavailableError", 3, "ServiceUnavailableError", 3),
    "overloaded": ("OverloadedError", 3, "OverloadedError", 3),
    "connect_error": ("APIConnectionError", 3, "APIConnectionError", 3),
    "timeout": ("APITimeoutError", 3, "APITimeoutError", 3),
    "reset": ("APIConnectionError", 3, "APIConnectionError", 3),
    "disconnect": ("APIConnectionError", 3, "RemoteProtocolError", 1),
    "truncated": ("JSONDecodeError", 1, "", 1),
    "malformed_event": (None, 0, "JSONDecodeError", 1),
    "error_event": (None, 0, "APIStatusError", 1),
    "empty": ("JSONDecodeError", 1, "", 1),
    "not_json": ("JSONDecodeError", 1, "", 1),
    "html": ("", 1, "", 1),
    "latency": ("", 1, "", 1),
    "max_tokens": ("", 1, "", 1),
    "refusal": ("", 1, "", 1),
    "pause_turn": ("", 1, "", 1),
    "bad_tool_input": ("", 1, "", 1),
    "wrong_tool": ("", 1, "", 1),
    "dropped_tool": ("", 1, "", 1),
    "duplicated_tool": ("", 1, "", 1),
    "poisoned_argument": ("", 1, "", 1),
    "empty_content": ("", 1, "", 1),
}
# where the OpenAI SDK differs
OPENAI = {
    "too_large": ("APIStatusError", 1, "APIStatusError", 1),
    "unavailable": ("InternalServerError", 3, "InternalServerError", 3),
    "overloaded": ("InternalServerError", 3, "InternalServerError", 3),
    "disconnect": ("APIConnectionError", 3, "APIConnectionError", 1),
    "error_event": (None, 0, "APIError", 1),
    "html": ("AttributeError", 1, "", 1),
    "pause_turn": (None, 0, None, 0),
}
AGENTS = [creates, iterates, streams, completes, streams_chat]


def expected(name: str, agent: Callable[..., Any]) -> tuple[str | None, int]:
    row = ANTHROPIC[name]
    if agent in (completes, streams_chat):
        row = OPENAI.get(name, row)
    if agent is streams and name in ("empty", "not_json", "html"):
        return "AssertionError", 1
    return row[:2] if agent in (creates, completes) else row[2:]  # type: ignore[return-value]


def test_the_table_holds_the_whole_catalogue() -> None:
    assert [fault.name for fault in EXCHANGE] == list(ANTHROPIC)


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.__name__)
@pytest.mark.parametrize("name", ANTHROPIC)
def test_seen(name: str, agent: Callable[..., Any], recording: Recording) -> None:
    error, attempts = expected(name, agent)
    step, _ = recorded(recording, agent)
    spec = spec_of(name, 3)
    if error is None:
        with pytest.raises(FaultError):
            compile_fault(spec, step)
        return
    answers = compile_fault(spec, step)
    assert len(answers) == 3
    seen = run(answers, agent)
    assert (seen.error, seen.attempts) == (error, attempts)
    said = spec.sees_on(step)
    assert error in said
    if not error and name not in ("empty", "not_json", "html"):
        assert "Error" not in said


RETRIED = [name for name, row in ANTHROPIC.items() if row[1] == 3]


@pytest.mark.parametrize("name", RETRIED)
def test_two_attempts_are_hidden_by_the_retries(name: str, recording: Recording) -> None:
    step, reply = recorded(recording, creates)
    seen = run([*compile_fault(spec_of(name, 2), step), reply], creates)
    assert (seen.error, seen.attempts) == ("", 3)
    assert seen.value.stop_reason == "tool_use"
    said = spec_of(name, 1).sees_on(step)
    assert said.startswith("the SDK retries and gets the recorded reply; with times=3 it raises ")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "name", ["overloaded", "bad_request", "timeout", "disconnect", "truncated", "bad_tool_input"]
)
async def test_async_sees_the_same(name: str, streamed: bool, recording: Recording) -> None:
    agent = streams if streamed else creates
    step, _ = recorded(recording, agent)
    answers = compile_fault(spec_of(name, 3), step)
    transport, seen = Serving(answers), Seen()
    client = async_claude(transport)
    try:
        if streamed:
            async with client.messages.stream(max_tokens=99, **ASK) as stream:
                seen.value = await stream.get_final_message()
        else:
            seen.value = await client.messages.create(max_tokens=99, **ASK)
    except Exception as error:
        note(seen, error)
    sync = run(answers, agent)
    assert (seen.error, transport.attempts) == (sync.error, sync.attempts)
    assert seen.value == sync.value


def seen_of(
    recording: Recording, text: str, agent: Callable[..., Any], *content: dict[str, Any]
) -> Seen:
    streamed = agent in (streams, iterates, streams_chat)
    chat = agent in (completes, streams_chat)
    reply = whole((completion if chat else message)(*content), streamed)
    n = recording.exchange(reply, CHAT) if chat else recording.exchange(reply)
    return run(compile_fault(parse(text), recording.step(n)), agent)


def blocks(seen: Seen) -> list[Any]:
    return [b.text if b.type == "text" else (b.id, b.name, b.input) for b in seen.value.content]


INPUT = CALL["input"]
EDITS = [
    ("max_tokens", [TEXT], "max_tokens", ["I will check the orde"]),
    ("max_tokens", [CALL], "max_tokens", [("toolu_01", "refund", {})]),
    ("max_tokens", [TEXT, SECOND], "max_tokens", ["I will check the order befor"]),
    ("refusal", [TEXT, CALL], "refusal", []),
    ("pause_turn", [TEXT, CALL], "pause_turn", [TEXT["text"]]),
    ("pause_turn", [CALL], "pause_turn", ["Let me continue."]),
    (
        "bad_tool_input",
        [CALL, SECOND],
        "tool_use",
        [("toolu_01", "refund", {}), ("toolu_02", "mail", {"to": "a@b.c"})],
    ),
    ("wrong_tool", [CALL], "tool_use", [("toolu_01", "no_such_tool", INPUT)]),
    ("wrong_tool:name=mail", [CALL], "tool_use", [("toolu_01", "mail", INPUT)]),
    ("dropped_tool", [TEXT, CALL], "end_turn", [TEXT["text"]]),
    ("dropped_tool", [CALL, SECOND], "tool_use", [("toolu_02", "mail", {"to": "a@b.c"})]),
    (
        "duplicated_tool",
        [CALL],
        "tool_use",
        [("toolu_01", "refund", INPUT), ("toolu_01_2", "refund", INPUT)],
    ),
    (
        "poisoned_argument:path=amount,value=480",
        [CALL],
        "tool_use",
        [("toolu_01", "refund", INPUT | {"amount": 480})],
    ),
    (
        "poisoned_argument:path=items.0.price,value=[1,2]",
        [CALL],
        "tool_use",
        [("toolu_01", "refund", INPUT | {"items": [{"sku": "x", "price": [1, 2]}]})],
    ),
    (
        "poisoned_argument:path=mail.to,value=all",
        [CALL, SECOND],
        "tool_use",
        [("toolu_01", "refund", INPUT), ("toolu_02", "mail", {"to": "all"})],
    ),
    ("empty_content", [TEXT, CALL], "end_turn", []),
]


@pytest.mark.parametrize("agent", [creates, streams], ids=["json", "stream"])
@pytest.mark.parametrize(("text", "content", "stop", "left"), EDITS)
def test_edited_replies(
    text: str,
    content: list[dict[str, Any]],
    stop: str,
    left: list[Any],
    agent: Callable[..., Any],
    recording: Recording,
) -> None:
    seen = seen_of(recording, text, agent, *content)
    assert (seen.value.stop_reason, blocks(seen)) == (stop, left)
    assert seen.value.id == "msg_01"


CHAT_EDITS = [
    ("max_tokens", [TEXT], "length", "I will check the orde", []),
    ("refusal", [TEXT, CALL], "stop", None, []),
    ("bad_tool_input", [CALL], "tool_calls", None, [("toolu_01", "refund", '{"order_id')]),
    ("dropped_tool", [TEXT, SECOND], "stop", TEXT["text"], []),
    (
        "poisoned_argument:path=to,value=x",
        [CALL, SECOND],
        "tool_calls",
        None,
        [
            (
                "toolu_01",
                "refund",
                '{"order_id": "A-1009", "amount": 48, "items": [{"sku": "x", "price": 12}]}',
            ),
            ("toolu_02", "mail", '{"to": "x"}'),
        ],
    ),
    ("wrong_tool", [SECOND], "tool_calls", None, [("toolu_02", "no_such_tool", '{"to": "a@b.c"}')]),
    ("empty_content", [CALL], "stop", "", []),
]


@pytest.mark.parametrize(("text", "content", "finish", "said", "calls"), CHAT_EDITS)
def test_edited_completions(
    text: str,
    content: list[dict[str, Any]],
    finish: str,
    said: str | None,
    calls: list[Any],
    recording: Recording,
) -> None:
    choice = seen_of(recording, text, completes, *content).value
    found = choice.message.tool_calls or []
    assert choice.finish_reason == finish
    assert choice.message.content == said
    assert [(c.id, c.function.name, c.function.arguments) for c in found] == calls
    assert bool(choice.message.refusal) == (text == "refusal")

    chunks = [c.choices[0] for c in seen_of(recording, text, streams_chat, *content).events]
    arguments: dict[str, str] = {}
    for call in (call for chunk in chunks for call in chunk.delta.tool_calls or []):
        key = str(call.index)
        arguments[key] = arguments.get(key, "") + (call.function.arguments or "")
    assert chunks[-1].finish_reason == finish
    assert "".join(chunk.delta.content or "" for chunk in chunks) == (said or "")
    assert list(arguments.values()) == [call[2] for call in calls]


def test_broken_input_is_on_the_stream(recording: Recording) -> None:
    events = seen_of(recording, "bad_tool_input", iterates, CALL).events
    deltas = [e.delta.partial_json for e in events if e.type == "content_block_delta"]
    assert deltas == ['{"order_id']


def test_a_cut_within_an_input_keeps_its_whole_members(recording: Recording) -> None:
    reply = whole(message(CALL), True)
    after = next(k for k, chunk in enumerate(reply.chunks, 1) if b"1009" in chunk)
    seen = seen_of(recording, f"truncated:after={after}", streams, CALL)
    assert blocks(seen) == [("toolu_01", "refund", {"order_id": "A-1009"})]


def test_truncated_stream_is_silent(recording: Recording) -> None:
    seen = seen_of(recording, "truncated:after=5", streams, TEXT)
    assert (seen.error, seen.value.stop_reason) == ("", None)
    assert blocks(seen) == ["I will check the order before "]
    seen = seen_of(recording, "truncated:after=0", iterates, TEXT)
    assert (seen.error, seen.events) == ("", [])


def test_only_the_last_event_missing_is_a_whole_message(recording: Recording) -> None:
    last = len(whole(message(TEXT), True).chunks) - 1
    seen = seen_of(recording, f"truncated:after={last}", streams, TEXT)
    assert seen.value.stop_reason == "end_turn"


def test_disconnect_says_what_a_real_one_says(recording: Recording) -> None:
    seen = seen_of(recording, "disconnect:after=4", iterates, TEXT)
    assert seen.module == "httpx2"
    assert "peer closed connection without sending complete message body" in str(seen.failure)
    assert [e.type for e in seen.events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
    ]
    step = recording.step(recording.exchange(whole(message(TEXT), False)))
    (answer,) = compile_fault(parse("disconnect:after=10"), step)
    assert b"".join(answer.chunks) == step.response.body[:10]
    assert answer.error is not None
    assert f"(received 10 bytes, expected {len(step.response.body)})" in answer.error.message


@pytest.mark.parametrize(("at", "before"), [(1, 0), (3, 2), (4, 2)])
def test_events_are_counted_from_one(at: int, before: int, recording: Recording) -> None:
    for name, error in (("malformed_event", "JSONDecodeError"), ("error_event", "APIStatusError")):
        seen = seen_of(recording, f"{name}:at={at}", iterates, TEXT)
        assert (seen.error, len(seen.events)) == (error, before)


def test_error_event_carries_the_api_error(recording: Recording) -> None:
    failure: Any = seen_of(recording, "error_event", iterates, TEXT).failure
    assert failure.body["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    assert failure.status_code == 200


def test_status_failures_carry_body_and_headers(recording: Recording) -> None:
    failure: Any = seen_of(recording, "rate_limited:retry_after=1.5,times=3", creates, TEXT).failure
    assert failure.body["type"] == "error"
    assert failure.body["error"]["type"] == "rate_limit_error"
    assert failure.request_id == failure.body["request_id"]
    assert failure.response.headers["retry-after"] == "1.5"
    failure = seen_of(recording, "unauthorized", completes, TEXT).failure
    assert failure.code == "invalid_api_key"


def test_edits_add_no_foreign_members(recording: Recording) -> None:
    reply = message(TEXT, CALL)
    step = recording.step(recording.exchange(whole(reply, False)))
    for name in ("refusal", "max_tokens", "bad_tool_input", "duplicated_tool", "dropped_tool"):
        (answer,) = compile_fault(spec_of(name, 1), step)
        edited = json.loads(answer.chunks[0])
        assert edited.keys() == reply.keys()
        assert all(b.keys() in (TEXT.keys(), CALL.keys()) for b in edited["content"])


def test_html_is_a_string(recording: Recording) -> None:
    value = seen_of(recording, "html", creates, TEXT).value
    assert type(value) is str


def test_latency_is_the_recorded_reply(recording: Recording) -> None:
    step, reply = recorded(recording, creates)
    (answer,) = compile_fault(parse("latency:seconds=2"), step)
    assert (answer.delay, answer.chunks, answer.headers) == (2.0, reply.chunks, reply.headers)
