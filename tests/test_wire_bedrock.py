"""Bedrock: AWS's event stream, with a model's own events in it or those of Converse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui_tapes import Maker

from tracefork_tui import wire
from tracefork_tui.query.bodies import response_value
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.views import build, views_of
from tracefork_tui.wire.eventstream import MEDIA_TYPE, Parser, frame, parse, wrapped

HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
CLAUDE = f"{HOST}/model/us.anthropic.claude-sonnet-4-5-v1%3A0/invoke-with-response-stream"
CONVERSE = f"{HOST}/model/us.amazon.nova-lite-v1%3A0/converse"
FRAMED = [("content-type", MEDIA_TYPE)]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [
        {"type": "text", "text": "I look it up."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"word": "Zwölf"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 34},
}


def events(*told: tuple[str, dict[str, Any]]) -> list[bytes]:
    return [
        frame({":event-type": name, ":message-type": "event"}, json.dumps(data).encode())
        for name, data in told
    ]


@given(st.lists(st.dictionaries(st.text(), st.text(), max_size=3), max_size=5), st.integers(1, 60))
def test_frames_are_read_wherever_they_are_cut(values: list[dict[str, str]], size: int) -> None:
    values = [{"type": "x", "n": str(n)} | one for n, one in enumerate(values)]
    body = b"".join(map(wrapped, values))
    whole = parse([body])
    assert [json.loads(event.data) for event in whole] == json.loads(json.dumps(values))
    assert [event.name for event in whole] == [one["type"] or "chunk" for one in values]
    cut = parse([body[at : at + size] for at in range(0, len(body), size)])
    assert [(one.data, one.start, one.end) for one in cut] == [
        (one.data, one.start, one.end) for one in whole
    ]
    assert (whole[-1].end if whole else 0) == len(body)


def test_damage_and_cuts_are_told() -> None:
    one, other = wrapped({"type": "a"}), wrapped({"type": "b"})
    for at in range(len(other)):
        bad = bytearray(other)
        bad[at] ^= 4
        parser = Parser()
        assert [event.name for event in parser.feed(one + bad)] == ["a"]
        assert parser.tail == len(one)
    parser = Parser()
    assert len(parser.feed(one + other[:-1])) == 1
    assert parser.tail == len(one)
    assert parser.feed(other[-1:])[0].name == "b"
    assert parser.tail is None


@pytest.mark.parametrize("headers", [FRAMED, []], ids=["declared", "by its bytes"])
def test_claude_on_bedrock(headers: list[tuple[str, str]]) -> None:
    made, chunks = wire.encode_reply(MESSAGE, CLAUDE, FRAMED, [], stream=True)
    assert dict(made) == {"content-type": MEDIA_TYPE}
    assert wire.message_of(CLAUDE, headers, chunks) == MESSAGE
    said = wire.reply(CLAUDE, 200, headers, chunks)
    assert said is not None
    assert (said.complete, said.problem, said.stop_reason) == (True, "", "tool_use")
    assert said.parts[1].input == {"word": "Zwölf"}
    assert wire.label(None, said) == "→ look"
    cut = wire.reply(CLAUDE, 200, headers, chunks[:-1])
    assert cut is not None
    assert cut.problem == "the stream ends without message_stop"
    asked = wire.conversation("POST", CLAUDE, (), b'{"messages":[]}')
    assert asked is not None
    assert (asked.model, asked.stream) == ("us.anthropic.claude-sonnet-4-5-v1:0", True)


def test_an_exception_within_a_stream() -> None:
    failure = {":exception-type": "throttlingException", ":message-type": "exception"}
    chunks = [frame(failure, b'{"message":"Too many tokens"}')]
    for url in (CLAUDE, f"{CONVERSE}-stream"):
        said = wire.reply(url, 200, FRAMED, chunks)
        assert said is not None
        assert said.error is not None
        assert (said.error.type, said.error.message) == ("throttlingException", "Too many tokens")
        assert not said.complete


def test_texts_before_there_were_messages() -> None:
    url = f"{HOST}/model/anthropic.claude-instant-v1/invoke-with-response-stream"
    chunks = [wrapped({"completion": " Hel"}), wrapped({"completion": "lo", "stop_reason": "stop"})]
    said = wire.reply(url, 200, FRAMED, chunks)
    assert said is not None
    assert (said.parts[0].text, said.complete, said.stop_reason) == (" Hello", True, "stop")
    asked = wire.conversation("POST", url, (), b'{"prompt":"Human: Hi"}')
    assert asked is not None
    assert asked.turns[0].parts[0].text == "Human: Hi"
    whole = wire.reply("https://api.anthropic.com/v1/complete", 200, (), [b'{"completion":"Hi"}'])
    assert whole is not None
    assert wire.label(None, whole) == "Hi"


REQUEST = {
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
    "messages": [
        {"role": "user", "content": [{"text": "And this?"}, {"image": {"format": "png"}}]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t1", "name": "look", "input": {"n": 1}}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t1",
                        "content": [{"json": {"a": 1}}, {"text": "x"}],
                        "status": "error",
                    }
                }
            ],
        },
    ],
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}},
            {"cachePoint": {"type": "default"}},
        ],
        "toolChoice": {"auto": {}},
    },
    "inferenceConfig": {"maxTokens": 100},
}
USAGE = {"inputTokens": 5, "outputTokens": 7, "cacheReadInputTokens": 3}


def test_converse_is_a_conversation() -> None:
    asked = wire.conversation("POST", CONVERSE, (), json.dumps(REQUEST).encode())
    assert asked is not None
    assert (asked.api, asked.provider, asked.model, asked.stream) == (
        ("converse", "aws", "us.amazon.nova-lite-v1:0", False)
    )
    assert [part.text for part in asked.system] == ["Be brief."]
    assert asked.system[0].cached
    kinds = [[part.kind for part in turn.parts] for turn in asked.turns]
    assert kinds == [["text", "image"], ["tool_use"], ["tool_result"]]
    result = asked.turns[2].parts[0]
    assert result.is_error
    assert [part.text for part in result.parts] == ['{"a":1}', "x"]
    assert [(tool.name, tool.schema) for tool in asked.tools] == [("look", {"type": "object"})]
    assert asked.params == {"inferenceConfig": {"maxTokens": 100}, "toolChoice": {"auto": {}}}


def test_a_converse_stream_says_what_the_whole_answer_says() -> None:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "Hm, so.", "signature": "s1"}}},
        {"text": "Hello"},
        {"toolUse": {"toolUseId": "t2", "name": "look", "input": {"n": [1, 2]}}},
    ]
    answer = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use",
        "usage": USAGE,
    }

    def delta(index: int, **told: Any) -> tuple[str, dict[str, Any]]:
        return "contentBlockDelta", {"contentBlockIndex": index, "delta": told}

    chunks = events(
        ("messageStart", {"role": "assistant"}),
        delta(0, reasoningContent={"text": "Hm, "}),
        delta(0, reasoningContent={"text": "so."}),
        delta(0, reasoningContent={"signature": "s1"}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        delta(1, text="Hel"),
        delta(1, text="lo"),
        (
            "contentBlockStart",
            {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t2", "name": "look"}}},
        ),
        delta(2, toolUse={"input": '{"n": [1'}),
        delta(2, toolUse={"input": ", 2]}"}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": USAGE}),
    )  # fmt: skip
    whole = wire.reply(CONVERSE, 200, (), [json.dumps(answer).encode()])
    streamed = wire.reply(f"{CONVERSE}-stream", 200, FRAMED, chunks)
    assert whole == streamed
    assert whole is not None
    assert [part.kind for part in whole.parts] == ["thinking", "text", "tool_use"]
    assert whole.usage.context_tokens == 8
    failed = wire.reply(CONVERSE, 403, (), [b'{"message":"No access"}'])
    assert failed is not None
    assert failed.error is not None
    assert failed.error.message == "No access"
    broken = wire.reply(f"{CONVERSE}-stream", 200, FRAMED, [*chunks[:9], *chunks[10:]])
    assert broken is not None
    assert broken.parts[2].broken


def test_it_is_shown_as_events_and_as_a_message(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    headers, chunks = wire.encode_reply(MESSAGE, CLAUDE, FRAMED, [], stream=True)
    run.answer(
        run.send(b'{"messages":[{"role":"user","content":"?"}]}', CLAUDE), 200, headers, chunks
    )
    run.answer(run.send(b"{}", f"{HOST}/model/other/invoke-x"), 200, headers, chunks)
    reader = Reader(Tape(run.close()))

    def page(n: int, name: str) -> str:
        view = next(view for view in views_of(reader.step(n)) if view.name == name)
        return build(view, reader, n).text

    assert "tool_use look" in page(1, "CHAT")
    assert 'input_json_delta "{\\"word\\"' in page(1, "STREAM")
    assert '"name": "look"' in page(1, "RESPONSE")
    assert "message_start" in page(2, "RESPONSE")
    step = reader.tape.step(1)
    assert isinstance(step, Exchange)
    assert response_value(step) == MESSAGE
