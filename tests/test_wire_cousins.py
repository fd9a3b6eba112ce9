"""Cohere's chat, and the completions that there were before chat."""

from __future__ import annotations

import json
from typing import Any

from tracefork_tui import wire
from tracefork_tui.wire import sse

COHERE = "https://api.cohere.com/v2/chat"
OLD = "https://api.cohere.com/v1/chat"
COMPLETIONS = "https://api.openai.com/v1/completions"
STREAM = [("content-type", "text/event-stream")]
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"n":1}'}}
USAGE = {"tokens": {"input_tokens": 20, "output_tokens": 7}, "cached_tokens": 4}


def asked(url: str, request: dict[str, Any]) -> wire.Conversation:
    found = wire.conversation("POST", url, (), json.dumps(request).encode())
    assert found is not None
    return found


def came(url: str, body: dict[str, Any], status: int = 200) -> wire.Reply:
    found = wire.reply(url, status, (), [json.dumps(body).encode()])
    assert found is not None
    return found


def streamed(url: str, *events: dict[str, Any]) -> wire.Reply:
    chunks = [sse.encode(one.get("type", ""), json.dumps(one)) for one in events]
    found = wire.reply(url, 200, STREAM, chunks)
    assert found is not None
    return found


def test_a_conversation_with_cohere() -> None:
    document = {"type": "document", "document": {"data": {"text": "By Matz."}}}
    found = asked(
        COHERE,
        {
            "model": "command-a",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Who?"}]},
                {"role": "assistant", "tool_plan": "I look.", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": [document]},
            ],
        },
    )
    assert (found.api, found.provider, found.model) == ("cohere", "cohere", "command-a")
    assert found.system[0].text == "Be brief."
    assert [[part.kind for part in turn.parts] for turn in found.turns] == [
        ["text"],
        ["thinking", "tool_use"],
        ["tool_result"],
    ]
    assert found.turns[2].parts[0].parts[0].text == '{"text":"By Matz."}'


def test_cohere_streams_what_it_says_whole() -> None:
    cite = {"start": 0, "end": 3, "text": "Hel", "sources": []}
    message = {
        "role": "assistant",
        "tool_plan": "I look.",
        "content": [{"type": "text", "text": "Hello"}],
        "tool_calls": [CALL],
        "citations": [cite],
    }
    end = {"finish_reason": "TOOL_CALL", "usage": USAGE}
    whole = came(COHERE, {"id": "r1", "message": message} | end)

    def delta(kind: str, index: int | None = None, **told: Any) -> dict[str, Any]:
        place = {} if index is None else {"index": index}
        return {"type": kind, "delta": {"message": told}, **place}

    half = {"function": {"arguments": "1}"}}
    begun = CALL | {"function": {"name": "look", "arguments": '{"n":'}}
    parts = streamed(
        COHERE,
        delta("message-start", content=[], tool_plan="") | {"id": "r1"},
        delta("tool-plan-delta", tool_plan="I "),
        delta("tool-plan-delta", tool_plan="look."),
        delta("content-start", 0, content={"type": "text", "text": ""}),
        delta("content-delta", 0, content={"text": "Hel"}),
        delta("content-delta", 0, content={"text": "lo"}),
        delta("citation-start", 0, citations=cite),
        delta("tool-call-start", 0, tool_calls=begun),
        delta("tool-call-delta", 0, tool_calls=half),
        {"type": "message-end", "delta": end},
    )  # fmt: skip
    assert parts == whole
    assert [part.kind for part in whole.parts] == ["thinking", "text", "tool_use"]
    assert whole.parts[1].citations == (cite,)
    assert whole.usage.context_tokens == 20
    assert whole.usage.cache_read_tokens == 4
    assert wire.label(None, whole) == "→ look"
    assert streamed(COHERE, {"type": "message-start", "id": "r1"}).problem
    failed = streamed(COHERE, {"type": "message-end", "delta": {"error": "overloaded"}})
    assert failed.error is not None
    assert failed.error.message == "overloaded"
    assert came(COHERE, {"message": "no model command-r"}, 404).error


def test_cohere_before_messages() -> None:
    history = [{"role": "SYSTEM", "message": "Think."}, {"role": "CHATBOT", "message": "Hm."}]
    found = asked(OLD, {"message": "And now?", "chat_history": history, "model": "command-r"})
    assert [part.text for part in found.system] == ["Think."]
    assert [(turn.role, turn.parts[0].text) for turn in found.turns] == [
        ("assistant", "Hm."),
        ("user", "And now?"),
    ]
    said = came(
        OLD,
        {"text": "Tokyo.", "finish_reason": "COMPLETE", "meta": {"tokens": {"input_tokens": 9.0}}},
    )
    assert wire.label(None, said) == "Tokyo."
    assert said.usage.input_tokens == 9
    tools = [{"name": "look", "parameters": {"n": 1}}]
    assert came(OLD, {"text": "", "tool_calls": tools}).parts[0].input == {"n": 1}


def test_completions() -> None:
    found = asked(COMPLETIONS, {"model": "m", "prompt": ["One", "Two"], "max_tokens": 5})
    assert (found.api, found.params) == ("completions", {"max_tokens": 5})
    assert [part.text for part in found.turns[0].parts] == ["One", "Two"]
    assert asked(COMPLETIONS, {"prompt": [12, 13]}).turns[0].parts[0].text == "[12,13]"
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    choice = {"index": 0, "text": "Nine", "finish_reason": "length"}
    whole = came(COMPLETIONS, {"id": "c", "model": "m", "choices": [choice], "usage": usage})
    assert (whole.parts[0].text, whole.usage.output_tokens) == ("Nine", 2)
    assert wire.label(None, whole) == "Nine · length"
    chunks = [
        {"id": "c", "model": "m", "choices": [{"index": 0, "text": text}]} for text in ("Ni", "ne")
    ]
    last = {"id": "c", "model": "m", "choices": [choice | {"text": ""}], "usage": usage}
    parts = streamed(COMPLETIONS, *chunks, last)
    assert (parts.parts[0].text, parts.stop_reason, parts.complete) == ("Nine", "length", True)
    assert wire.message_of(COMPLETIONS, (), [json.dumps({"choices": [choice]}).encode()]) is None
