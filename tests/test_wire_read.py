"""What requests and replies mean, in JSON and in streams, whole and broken."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracefork_tui import wire
from tracefork_tui.wire import body as wire_body
from tracefork_tui.wire import sse

CLAUDE = "https://api.anthropic.com/v1/messages"
CHAT = "https://api.openai.com/v1/chat/completions"
RESPONSES = "https://api.openai.com/v1/responses"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash:generateContent"
STREAM = [("Content-Type", "text/event-stream; charset=utf-8")]


def packed(value: object) -> bytes:
    return json.dumps(value).encode()


def ask(url: str, **request: Any) -> wire.Conversation:
    found = wire.conversation("POST", url, {}, packed(request))
    assert found is not None
    return found


def came(url: str, body: object, status: int = 200) -> wire.Reply:
    found = wire.reply(url, status, {"content-type": "application/json"}, [packed(body)])
    assert found is not None
    return found


def streamed(url: str, *events: object) -> wire.Reply:
    chunks = [sse.encode(str(dict(one).get("type", "")), json.dumps(one)) for one in events]  # type: ignore[call-overload]
    found = wire.reply(url, 200, STREAM, chunks)
    assert found is not None
    return found


def start(**message: Any) -> dict[str, Any]:
    usage = {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 4}
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
    return {"type": "message_start", "message": base | {"content": [], "usage": usage} | message}


def block(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, kind: str, **content: Any) -> dict[str, Any]:
    inner = {"type": kind} | content
    return {"type": "content_block_delta", "index": index, "delta": inner}


def stop(reason: str) -> list[dict[str, Any]]:
    end = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": 20}
    return [{"type": "message_delta", "delta": end, "usage": usage}, {"type": "message_stop"}]


CALL = block(0, type="tool_use", id="toolu_1", name="lookup_order", input={})


def test_an_anthropic_request() -> None:
    asked = ask(
        CLAUDE,
        model="claude-x",
        max_tokens=100,
        stream=True,
        system=[{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        tools=[{"name": "lookup_order", "description": "Find it", "input_schema": {}}],
        messages=[
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "is_error": True,
                        "content": [{"type": "text", "text": "no"}],
                    },
                    {"type": "image", "source": {"type": "url", "url": "http://x/y.png"}},
                ],
            },
        ],
        thread={"type": "continue", "previous_message_id": "msg_0"},
    )
    assert (asked.provider, asked.api, asked.model) == ("anthropic", "messages", "claude-x")
    assert asked.stream
    assert asked.params == {"max_tokens": 100}
    assert asked.previous_message_id == "msg_0"
    assert asked.system[0].text == "Be kind."
    assert asked.system[0].cached
    assert asked.tools[0].name == "lookup_order"
    result, image = asked.turns[2].parts
    assert (result.kind, result.id, result.is_error) == ("tool_result", "t", True)
    assert result.parts[0].text == "no"
    assert (image.kind, image.source) == ("image", "http://x/y.png")


def test_an_anthropic_stream() -> None:
    reply = streamed(
        CLAUDE,
        start(),
        {"type": "ping"},
        block(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="Let me "),
        delta(0, "thinking_delta", thinking="see."),
        delta(0, "signature_delta", signature="abc"),
        block(1, type="text", text=""),
        delta(1, "text_delta", text="I will check."),
        delta(1, "citations_delta", citation={"type": "char_location"}),
        block(2, type="tool_use", id="toolu_1", name="lookup_order", input={}),
        delta(2, "input_json_delta", partial_json='{"order_id": '),
        delta(2, "input_json_delta", partial_json='"A-1009"}'),
        *stop("tool_use"),
    )
    thinking, text, call = reply.parts
    assert (thinking.text, thinking.signature) == ("Let me see.", "abc")
    assert text.citations == ({"type": "char_location"},)
    assert call.input == {"order_id": "A-1009"}
    assert call.raw_input == '{"order_id": "A-1009"}'
    assert not call.broken
    assert reply.complete
    assert reply.stop_reason == "tool_use"
    assert reply.usage == wire.Usage(9, 20, 4, None)
    assert reply.usage.context_tokens == 13
    assert wire.label(None, reply) == "→ lookup_order"


@pytest.mark.parametrize("text", ['{"order_id": "A-', "garbage", "[1]", '"x"'])
def test_a_tool_input_that_is_no_object_is_broken(text: str) -> None:
    reply = streamed(CLAUDE, start(), CALL, delta(0, "input_json_delta", partial_json=text))
    call = reply.parts[0]
    assert (call.broken, call.raw_input, call.input) == (True, text, {})
    assert not reply.complete
    assert wire.label(None, reply) == "→ lookup_order · broken input · cut short"


def test_a_tool_without_input_is_not_broken() -> None:
    reply = streamed(CLAUDE, start(), CALL, delta(0, "input_json_delta", partial_json=""))
    assert reply.parts[0].input == {}
    assert not reply.parts[0].broken


def test_an_error_in_a_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    text = [block(0, type="text", text=""), delta(0, "text_delta", text="Hel")]
    reply = streamed(CLAUDE, start(), *text, error)
    assert reply.error == wire.ErrorInfo("overloaded_error", "Overloaded", 200)
    assert not reply.complete
    assert wire.label(None, reply) == "Hel · overloaded_error"
    assert wire.label(None, streamed(CLAUDE, error)) == "overloaded_error"


def test_odd_streams_say_what_is_wrong() -> None:
    bad = wire.reply(CLAUDE, 200, STREAM, [b"event: message_start\ndata: {oops\n\n"])
    assert bad is not None
    assert bad.problem == "the event at byte 0 is not a JSON object"
    nameless = wire.reply(CLAUDE, 200, STREAM, [b'data: {"type":"message_stop"}\n\n'])
    assert nameless is not None
    assert nameless.problem.startswith("events without a name")
    stray = streamed(CLAUDE, start(), delta(5, "text_delta", text="x"))
    assert stray.problem == "a delta for block 5, which was not started"
    empty = wire.reply(CLAUDE, 200, STREAM, [])
    assert empty is not None
    assert wire.label(None, empty) == "the stream ends without message_stop"


@pytest.mark.parametrize(
    ("url", "status", "body", "label"),
    [
        (
            CLAUDE,
            429,
            {"type": "error", "error": {"type": "rate_limit_error"}},
            "429 rate_limit_error",
        ),
        (
            CLAUDE,
            529,
            {"type": "error", "error": {"type": "overloaded_error"}},
            "529 overloaded_error",
        ),
        (CHAT, 401, {"error": {"type": "invalid", "message": "no key"}}, "401 invalid"),
        (CHAT, 429, {"error": {"code": 429, "message": "Slow down"}}, "429 Slow down"),
        (CHAT, 200, {"error": {"message": "Provider\x1b[31m down"}}, "Provider [31m down"),
        (GEMINI, 400, [{"error": {"status": "INVALID_ARGUMENT"}}], "400 INVALID_ARGUMENT"),
        (RESPONSES, 500, "boom", '500 "boom"'),
    ],
)
def test_errors(url: str, status: int, body: object, label: str) -> None:
    reply = came(url, body, status)
    assert reply.error is not None
    assert wire.label(None, reply) == label


def test_an_error_names_its_request() -> None:
    headers = [("request-id", "req_1")]
    reply = wire.reply(CLAUDE, 502, headers, [b"<html>Bad gateway</html>"])
    assert reply is not None
    assert reply.error == wire.ErrorInfo("", "<html>Bad gateway</html>", 502, "req_1")


@pytest.mark.parametrize(
    ("message", "label"),
    [
        ({"content": [{"type": "text", "text": "Hi\n there\x1b[2J"}]}, "Hi there [2J"),
        ({"content": [{"type": "text", "text": "x" * 99}]}, "x" * 59 + "…"),
        ({"content": [], "stop_reason": "refusal"}, "refusal"),
        (
            {"content": [{"type": "text", "text": "a"}], "stop_reason": "max_tokens"},
            "a · max_tokens",
        ),
        ({"content": [{"type": "tool_use", "name": "f", "input": {}}] * 3}, "→ f ×3"),
        ({"content": [{"type": "thinking", "thinking": "hm"}]}, "thinking: hm"),
        ({"content": [], "stop_reason": "end_turn"}, "empty"),
        ({"input_tokens": 14}, "14 input tokens"),
    ],
)
def test_labels(message: dict[str, Any], label: str) -> None:
    assert wire.label(None, came(CLAUDE, message)) == label


def test_no_reply() -> None:
    assert wire.reply(CLAUDE, None, [], []) is None
    assert wire.label(None, None) == "no reply"


def test_a_chat_request() -> None:
    asked = ask(
        CHAT,
        model="gpt-x",
        messages=[
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}
                ],
            },
            {"role": "tool", "tool_call_id": "c", "content": "no"},
        ],
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    )
    assert [part.text for part in asked.system] == ["Be kind."]
    assert [turn.role for turn in asked.turns] == ["user", "assistant", "tool"]
    image = asked.turns[0].parts[0]
    assert (image.media_type, image.source) == ("image/png", "QQ==")
    assert asked.turns[1].parts[0].broken
    assert asked.turns[2].parts[0].parts[0].text == "no"
    assert asked.tools[0].schema == {"type": "object"}


def chat(**delta: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "gpt-x", "choices": [{"index": 0, "delta": delta}]}


def test_a_chat_stream() -> None:
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    usage = {
        "prompt_tokens": 8,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 5},
    }
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    reply = streamed(
        CHAT,
        chat(role="assistant", content="", reasoning_content="hm"),
        chat(content="Let "),
        chat(content="me"),
        chat(tool_calls=[call]),
        chat(tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}]),
        chat(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
        end,
        {"choices": [], "usage": usage},
    )
    assert [part.kind for part in reply.parts] == ["thinking", "text", "tool_use"]
    assert reply.parts[1].text == "Let me"
    assert reply.parts[2].input == {"a": 1}
    assert reply.complete
    assert reply.usage == wire.Usage(8, 3, 5, None, inclusive=True)
    assert reply.usage.context_tokens == 8
    assert not streamed(CHAT, chat(content="Let ")).complete


def test_responses() -> None:
    asked = ask(
        RESPONSES,
        model="gpt-x",
        instructions="Be kind.",
        previous_response_id="resp_0",
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "zz"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "ok"},
        ],
    )
    assert [turn.role for turn in asked.turns] == ["user", "assistant", "tool"]
    assert [part.kind for part in asked.turns[1].parts] == ["redacted_thinking", "tool_use"]
    assert asked.previous_message_id == "resp_0"
    reply = streamed(
        RESPONSES,
        {
            "type": "response.created",
            "response": {"id": "r", "status": "in_progress", "output": []},
        },
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "message", "role": "assistant", "content": []},
        },
        {
            "type": "response.output_text.delta",
            "output_index": 0,
            "content_index": 0,
            "delta": "Hel",
        },
        {
            "type": "response.output_text.delta",
            "output_index": 0,
            "content_index": 0,
            "delta": "lo",
        },
    )
    assert reply.parts[0].text == "Hello"
    assert not reply.complete
    assert reply.problem == "the stream ends without response.completed"


def test_gemini() -> None:
    asked = ask(GEMINI, contents=[{"role": "user", "parts": [{"text": "hi"}]}])
    assert asked.model == "gemini-3-flash"
    call = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
    candidate = {"content": {"parts": [call]}, "finishReason": "STOP"}
    reply = came(GEMINI, {"candidates": [candidate], "usageMetadata": usage})
    assert reply.parts[0].input == {"a": 1}
    assert reply.parts[0].signature == "s"
    assert reply.usage.output_tokens == 5


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com/v1/files",
        "https://api.openai.com/v1/threads/t/messages",
        "https://api.openai.com/v1/embeddings",
        "http://[broken",
        "",
    ],
)
def test_other_urls_are_not_ours(url: str) -> None:
    assert wire.conversation("POST", url, {}, b"{}") is None
    assert wire.reply(url, 200, {}, [b"{}"]) is None


def turns(*texts: str) -> list[dict[str, Any]]:
    roles = ["user", "assistant"]
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


def test_added_turns() -> None:
    before, after = ask(CLAUDE, messages=turns("a")), ask(CLAUDE, messages=turns("a", "b", "c"))
    delta = wire.added(before, after)
    assert [turn.parts[0].text for turn in delta.added] == ["b", "c"]
    assert not delta.removed
    assert len(wire.added(None, after).added) == 3


def test_a_moved_cache_mark_adds_nothing() -> None:
    marked = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]
    before = ask(CLAUDE, messages=[{"role": "user", "content": marked}])
    assert wire.added(before, ask(CLAUDE, messages=turns("a"))) == wire.Delta()


def test_a_changed_request_says_what_changed() -> None:
    before = ask(CLAUDE, system="x", messages=turns("a", "b", "c"))
    after = ask(CLAUDE, system="y", tools=[{"name": "f"}], messages=turns("a", "B"))
    delta = wire.added(before, after)
    assert [turn.parts[0].text for turn in delta.added] == ["B"]
    assert [turn.parts[0].text for turn in delta.removed] == ["b", "c"]
    assert delta.changed_system
    assert delta.changed_tools


def test_a_thread_sends_only_what_is_new() -> None:
    before = ask(CLAUDE, system="x", tools=[{"name": "f"}], messages=turns("a"))
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    after = ask(CLAUDE, thread=thread, messages=turns("b"))
    assert wire.added(before, after) == wire.Delta(added=after.turns)


def test_content_encodings() -> None:
    plain = packed({"content": [{"type": "text", "text": "hi"}]})
    raw = zlib.compressobj(wbits=-15)
    cases = {
        "gzip": gzip.compress(plain),
        "GZIP": gzip.compress(plain[:9]) + gzip.compress(plain[9:]),
        "deflate": zlib.compress(plain),
        "Deflate": raw.compress(plain) + raw.flush(),
        "gzip, deflate": zlib.compress(gzip.compress(plain)),
        "identity": plain,
    }
    for encoding, body in cases.items():
        headers = {"content-encoding": encoding}
        assert wire_body.decode(body, headers) == plain, encoding
        bytewise = [body[at : at + 1] for at in range(len(body))]
        decoded = wire_body.decode_chunks(bytewise, headers)
        assert b"".join(decoded.chunks) == plain, encoding
        assert len(decoded.chunks) == len(bytewise)
        assert not decoded.problem


def test_a_cut_gzip_body_keeps_what_arrived() -> None:
    body = gzip.compress(packed({"content": "x" * 5000}))[:-9]
    reply = wire.reply(CLAUDE, 200, {"content-encoding": "gzip"}, [body])
    assert reply is not None
    assert not reply.complete


def test_a_decompression_bomb_is_bounded() -> None:
    body = gzip.compress(bytes(wire_body.LIMIT + 1_000_000), 1)
    decoded = wire_body.decode_chunks([body], {"content-encoding": "gzip"})
    assert len(decoded.chunks[0]) == wire_body.LIMIT
    assert decoded.problem == f"decoding stopped after {wire_body.LIMIT} bytes"


def test_encodings_that_cannot_be_undone_are_named() -> None:
    for encoding, problem in {
        "zstd": "content-encoding says zstd, the bytes do not",
        "gzip": "content-encoding says gzip, the bytes do not",
        "rot13": "cannot decode rot13: no module for it is installed",
    }.items():
        decoded = wire_body.decode_chunks([b"plain"], {"content-encoding": encoding})
        assert decoded == wire_body.Decoded((b"plain",), problem)


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_optional_encodings(encoding: str) -> None:
    module = pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[encoding])
    body = module.compress(b"hello" * 500)
    decoded = wire_body.decode_chunks([body[:7], body[7:]], {"content-encoding": encoding})
    assert b"".join(decoded.chunks) == b"hello" * 500
    assert not decoded.problem


def test_deep_json_does_not_raise() -> None:
    for depth in (20, 400, 900, 100_000):
        deep = b'{"type":"tool_result","content":' * depth + b"1" + b"}" * depth
        wire.reply(CLAUDE, 200, {}, [b'{"content":[' + deep + b"]}"])
        wire.conversation("POST", CLAUDE, {}, b'{"messages":[{"content":[' + deep + b"]}]}")
        wire.reply(CHAT, 200, {}, [b'{"choices":[{"message":' + deep + b"}]}"])
        event = b'data: {"choices":[{"delta":{"x":' + deep + b"}}]}\n\n"
        wire.message_of(CHAT, STREAM, [event, event])
        schema = b'{"messages":[],"tools":[{"input_schema":' + deep + b"}]}"
        asked = [wire.conversation("POST", CLAUDE, {}, schema) for _ in range(2)]
        if asked[1]:
            wire.added(*asked)  # type: ignore[arg-type]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = """
    type role content text thinking id name input messages system tools tool_calls function
    arguments choices message delta index usage error output item response summary parts
    candidates contents functionCall args image_url source tool_use_id stop_reason data
"""
KINDS = """
    text thinking tool_use tool_result image document message reasoning function_call input_text
    function_call_output web_search_call message_start content_block_start content_block_delta
    message_delta input_json_delta text_delta response.completed response.output_item.added
    response.output_text.delta error
"""
keys, kinds = st.sampled_from(KEYS.split()), st.sampled_from(KINDS.split())
hostile = st.recursive(
    scalars | kinds,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner | kinds, max_size=6),
    max_leaves=25,
)


@settings(deadline=None)
@given(hostile)
def test_any_json_is_read(value: object) -> None:
    for url in (CLAUDE, CHAT, RESPONSES, GEMINI):
        asked = wire.conversation("POST", url, {}, packed(value))
        reply = wire.reply(url, 200, {}, [packed(value)])
        assert wire.label(asked, reply)
        if asked:
            assert wire.added(asked, asked).removed == ()


@settings(deadline=None)
@given(st.lists(hostile, max_size=6))
def test_any_events_are_read(values: list[object]) -> None:
    chunks = [sse.encode("", json.dumps(value)) for value in values]
    for url in (CLAUDE, CHAT, RESPONSES, GEMINI):
        assert wire.label(None, wire.reply(url, 200, STREAM, chunks))
        wire.message_of(url, STREAM, chunks)


@settings(deadline=None)
@given(st.binary(), st.sampled_from(["gzip", "deflate", "br", "zstd", ""]))
def test_any_bytes_are_read(body: bytes, encoding: str) -> None:
    headers = [("content-encoding", encoding)]
    for url in (CLAUDE, CHAT, RESPONSES, GEMINI):
        wire.conversation("POST", url, headers, body)
        assert wire.label(None, wire.reply(url, 200, headers, [body]))


def test_prices() -> None:
    usage = wire.Usage(400, 100, 500, 100)
    sonnet = "claude-sonnet-4-20250514"
    assert wire.cost(sonnet, usage, "anthropic") == Decimal("0.003225")
    assert wire.cost(sonnet, usage, "a-mirror") == Decimal("0.003225")
    assert wire.cost("gpt-4o", wire.Usage(1000, 0, 1000, inclusive=True), "openai") == Decimal(
        "0.00125"
    )
    assert wire.cost("no-such-model", usage) is None
    assert wire.cost(sonnet, wire.Usage()) is None


def test_importing_wire_imports_no_client() -> None:
    code = (
        "import sys, tracefork_tui.wire;"
        "print(*[m for m in ('anthropic', 'openai', 'httpx', 'httpx2', 'textual', 'genai_prices',"
        " 'pydantic') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
