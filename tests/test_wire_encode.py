"""Edited replies: the real SDKs read the re-encoded bytes as the message that was meant."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracefork_tui import wire
from tracefork_tui.wire import NotAMessage, sse

CLAUDE = "https://api.anthropic.com/v1/messages"
CHAT = "https://api.openai.com/v1/chat/completions"
JSON = [("Content-Type", "application/json"), ("request-id", "req_1"), ("Content-Length", "9")]
STREAM = [("Content-Type", "text/event-stream; charset=utf-8"), ("request-id", "req_1")]
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [
        {"type": "thinking", "thinking": "Let me see. " * 20, "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "zzz"},
        {
            "type": "text",
            "text": "Çà va 🦊, see [1].",
            "citations": [
                {
                    "type": "char_location",
                    "cited_text": "x",
                    "document_index": 0,
                    "document_title": None,
                    "start_char_index": 0,
                    "end_char_index": 1,
                    "file_id": None,
                }
            ],
        },
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": "q"},
        },
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "refund",
            "input": {"amount": 480, "why": "é\n"},
        },
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "output_tokens": 7,
        "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 0},
        "service_tier": "standard",
    },
}
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 17,
    "model": "gpt-x",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Çà va 🦊",
                "refusal": None,
                "reasoning_content": "hm " * 40,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"a": 1}'},
                    },
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}},
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11},
}


class Body(httpx2.SyncByteStream):
    """A response body that arrives in the given chunks."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


def client(headers: list[tuple[str, str]], chunks: Sequence[bytes]) -> httpx2.Client:
    answer = httpx2.Response(200, headers=headers, stream=Body(chunks))
    return httpx2.Client(transport=httpx2.MockTransport(lambda request: answer))


def claude_json(headers: list[tuple[str, str]], chunks: Sequence[bytes]) -> anthropic.types.Message:
    sdk = anthropic.Anthropic(api_key="k", http_client=client(headers, chunks))
    return sdk.messages.create(max_tokens=9, **ASK)


def claude_stream(
    headers: list[tuple[str, str]], chunks: Sequence[bytes]
) -> anthropic.types.Message:
    sdk = anthropic.Anthropic(api_key="k", http_client=client(headers, chunks))
    with sdk.messages.stream(max_tokens=9, **ASK) as stream:
        return stream.get_final_message()


def chat_json(headers: list[tuple[str, str]], chunks: Sequence[bytes]) -> Any:
    sdk = openai.OpenAI(api_key="k", http_client=client(headers, chunks))
    return sdk.chat.completions.create(**ASK)


def chat_stream(headers: list[tuple[str, str]], chunks: Sequence[bytes]) -> Any:
    sdk = openai.OpenAI(api_key="k", http_client=client(headers, chunks))
    with sdk.chat.completions.stream(**ASK, stream_options={"include_usage": True}) as stream:
        return stream.get_final_completion()


def packed(value: object) -> list[bytes]:
    return [json.dumps(value).encode()]


def meant(message: anthropic.types.Message) -> dict[str, Any]:
    """A message as JSON; a null and an absent member are the same to a reader of the SDK."""
    return message.model_dump(mode="json", exclude_none=True, warnings=False)


def test_a_json_message_round_trips_through_the_sdk() -> None:
    chunks = packed(MESSAGE)
    message = wire.message_of(CLAUDE, JSON, chunks)
    assert message == MESSAGE
    headers, again = wire.encode_reply(message, CLAUDE, JSON, chunks)
    recorded = claude_json([("content-type", "application/json")], chunks)
    assert claude_json(headers, again) == recorded
    assert claude_json(headers, again)._request_id == "req_1"


def test_a_streamed_message_round_trips_through_the_sdk() -> None:
    headers, chunks = wire.encode_reply(MESSAGE, CLAUDE, STREAM, [])
    assert headers == [
        ("request-id", "req_1"),
        ("content-type", "text/event-stream; charset=utf-8"),
    ]
    assert meant(claude_stream(headers, chunks)) == meant(claude_json(JSON[:1], packed(MESSAGE)))
    message = wire.message_of(CLAUDE, headers, chunks)
    assert message is not None
    again = wire.encode_reply(message, CLAUDE, headers, chunks)
    assert again == (headers, chunks)


def test_a_stream_has_the_recorded_shape() -> None:
    _, chunks = wire.encode_reply(MESSAGE, CLAUDE, STREAM, [])
    events = sse.parse(chunks)
    assert [event.chunk for event in events] == list(range(len(chunks)))
    names = [event.name for event in events]
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-2:] == ["message_delta", "message_stop"]
    assert all(json.loads(event.data)["type"] == event.name for event in events)
    assert json.loads(events[0].data)["message"]["stop_reason"] is None


def test_a_json_completion_round_trips_through_the_sdk() -> None:
    chunks = packed(COMPLETION)
    message = wire.message_of(CHAT, JSON, chunks)
    assert message is not None
    assert message["finish_reason"] == "tool_calls"
    headers, again = wire.encode_reply(message, CHAT, JSON, chunks)
    assert chat_json(headers, again) == chat_json(JSON[:1], chunks)


def test_a_streamed_completion_round_trips_through_the_sdk() -> None:
    message = wire.message_of(CHAT, JSON, packed(COMPLETION))
    assert message is not None
    headers, chunks = wire.encode_reply(message, CHAT, JSON, packed(COMPLETION), stream=True)
    first = chat_stream(headers, chunks)
    assert first.choices[0].message.content == "Çà va 🦊"
    assert first.choices[0].message.tool_calls[0].function.arguments == '{"a": 1}'
    assert first.usage.total_tokens == 11
    again = wire.message_of(CHAT, headers, chunks)
    assert again == message
    assert chat_stream(*wire.encode_reply(again, CHAT, headers, chunks)) == first


def test_an_edit_takes_what_it_lacks_from_the_recording() -> None:
    edit = {"content": [{"type": "text", "text": "No refund."}]}
    for like_headers, like in (
        (JSON, packed(MESSAGE)),
        wire.encode_reply(MESSAGE, CLAUDE, STREAM, []),
    ):
        headers, chunks = wire.encode_reply(edit, CLAUDE, like_headers, like)
        reply = wire.reply(CLAUDE, 200, headers, chunks)
        assert reply is not None
        assert (reply.id, reply.model) == ("msg_1", "claude-x")
        assert reply.parts[0].text == "No refund."
        assert reply.stop_reason == "end_turn"
        assert reply.usage.input_tokens == 10
        assert reply.complete


def test_a_stop_reason_alone_keeps_the_content() -> None:
    headers, chunks = wire.encode_reply(
        {"stop_reason": "max_tokens"}, CLAUDE, JSON, packed(MESSAGE)
    )
    message = claude_json(headers, chunks)
    assert message.stop_reason == "max_tokens"
    assert len(message.content) == len(MESSAGE["content"])


def test_plain_text_is_content() -> None:
    headers, chunks = wire.encode_reply({"content": "Hello."}, CLAUDE, JSON, packed(MESSAGE))
    assert claude_json(headers, chunks).content[0].to_dict() == {"type": "text", "text": "Hello."}


def test_an_edit_of_a_recorded_error_can_be_a_stream() -> None:
    error = packed({"type": "error", "error": {"type": "overloaded_error", "message": "x"}})
    assert wire.message_of(CLAUDE, JSON, error) is None
    edit = {"content": "Hello.", "model": "claude-x"}
    message = claude_stream(*wire.encode_reply(edit, CLAUDE, JSON, error, stream=True))
    assert (message.model, message.stop_reason) == ("claude-x", "end_turn")


def test_an_encoded_recording_is_answered_plain() -> None:
    like = [*JSON, ("content-encoding", "gzip"), ("transfer-encoding", "chunked")]
    chunks = [gzip.compress(packed(MESSAGE)[0])]
    headers, again = wire.encode_reply({"stop_reason": "end_turn"}, CLAUDE, like, chunks)
    assert dict(headers) == {
        "request-id": "req_1",
        "content-type": "application/json",
        "content-length": str(len(again[0])),
    }
    assert claude_json(headers, again).id == "msg_1"


def test_an_openai_edit() -> None:
    edit = {"content": "No.", "stop_reason": "max_tokens"}
    completion = chat_json(*wire.encode_reply(edit, CHAT, JSON, packed(COMPLETION)))
    assert completion.choices[0].message.content == "No."
    assert completion.choices[0].message.tool_calls is None
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.total_tokens == 11


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": "x"}
TOOL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {}}}


@pytest.mark.parametrize(
    ("message", "url", "line"),
    [
        ({}, CLAUDE, "the message has neither content nor stop_reason"),
        ([], CLAUDE, "a message must be an object, got an array"),
        ({"content": 3}, CLAUDE, "content must be an array, got a number"),
        ({"content": ["x"]}, CLAUDE, 'content[0] must be an object, got a string "x"'),
        ({"content": [{"text": "x"}]}, CLAUDE, "content[0].type is missing"),
        (
            {"content": [{"type": "text", "text": None}]},
            CLAUDE,
            "content[0].text must be a string, got null",
        ),
        (
            {"content": [{"type": "text", "text": ""}, CALL]},
            CLAUDE,
            'content[1].input must be an object, got a string "x"',
        ),
        ({"content": [], "stop_reason": 1}, CLAUDE, "stop_reason must be a string, got a number"),
        ({"content": [], "usage": None}, CLAUDE, "usage must be an object, got null"),
        (
            {"content": [], "x": {1, 2}},
            CLAUDE,
            "the message is not JSON: Object of type set is not JSON serializable",
        ),
        (
            {"content": None, "tool_calls": [TOOL]},
            CHAT,
            "tool_calls[0].function.arguments must be a string, got an object",
        ),
        ({"content": [CALL]}, CHAT, "content must be a string, got an array"),
        (COMPLETION, CHAT, "give the message itself, not the completion: what choices[0] holds"),
        (
            MESSAGE,
            "https://api.openai.com/v1/responses",
            "/v1/responses takes no edited message, only raw bytes: messages are known for "
            "Anthropic messages and OpenAI chat completions",
        ),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(message: Any, url: str, line: str) -> None:
    with pytest.raises(NotAMessage) as caught:
        wire.check_message(message, url)
    assert str(caught.value) == line


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
inputs = st.dictionaries(words, values, max_size=4)
blocks = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": words}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": words, "signature": words}),
    st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": words, "name": words, "input": inputs}
    ),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(blocks, max_size=4), st.sampled_from(["end_turn", "tool_use", "max_tokens"]))
def test_any_message_streams_to_itself(content: list[dict[str, Any]], stop: str) -> None:
    edit = {"content": content, "stop_reason": stop}
    plain = wire.encode_reply(edit, CLAUDE, JSON, packed(MESSAGE))
    streamed = wire.encode_reply(edit, CLAUDE, *wire.encode_reply(MESSAGE, CLAUDE, STREAM, []))
    assert wire.message_of(CLAUDE, *streamed) == wire.message_of(CLAUDE, *plain) == MESSAGE | edit
    assert claude_json(*plain).to_dict()["content"] == content
    assert meant(claude_stream(*streamed)) == meant(claude_json(*plain))


calls = st.fixed_dictionaries(
    {
        "id": words,
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": words, "arguments": words}),
    }
)


@settings(deadline=None, max_examples=60)
@given(st.none() | words, st.lists(calls, max_size=3))
def test_any_chat_message_streams_to_itself(
    content: str | None, tool_calls: list[dict[str, Any]]
) -> None:
    edit: dict[str, Any] = {"role": "assistant", "content": content, "finish_reason": "stop"}
    if tool_calls:
        edit["tool_calls"] = tool_calls
    plain = wire.encode_reply(edit, CHAT, JSON, packed(COMPLETION))
    streamed = wire.encode_reply(edit, CHAT, JSON, packed(COMPLETION), stream=True)
    assert wire.message_of(CHAT, *plain) == edit
    before, after = wire.reply(CHAT, 200, *plain), wire.reply(CHAT, 200, *streamed)
    assert before is not None
    assert after is not None
    assert after.parts == before.parts
    assert after.complete


def test_a_lone_surrogate_is_escaped() -> None:
    edit = {"content": "\ud800"}
    for stream in (False, True):
        _, chunks = wire.encode_reply(edit, CLAUDE, JSON, packed(MESSAGE), stream=stream)
        assert b"\\ud800" in b"".join(chunks)
