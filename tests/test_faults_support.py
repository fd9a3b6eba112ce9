"""A recorded step for the tests of the faults, and real SDK clients that meet an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai

from tracefork_tui.demo import messages as demo
from tracefork_tui.tape.answer import Answer
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.writer import Writer

MESSAGES = "https://api.anthropic.com/v1/messages"
CHAT = "https://api.openai.com/v1/chat/completions"
JSON = [("content-type", "application/json")]
SSE = [("content-type", "text/event-stream; charset=utf-8")]

TEXT = {"type": "text", "text": "I will check the order before I refund it."}
CALL = {
    "type": "tool_use",
    "id": "toolu_01",
    "name": "refund",
    "input": {"order_id": "A-1009", "amount": 48, "items": [{"sku": "x", "price": 12}]},
}
SECOND = {"type": "tool_use", "id": "toolu_02", "name": "mail", "input": {"to": "a@b.c"}}


def message(*content: dict[str, Any], stop: str | None = None) -> dict[str, Any]:
    called = any(block["type"] == "tool_use" for block in content)
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": list(content),
        "stop_reason": stop or ("tool_use" if called else "end_turn"),
        "stop_sequence": None,
        "stop_details": None,
        "usage": {"input_tokens": 12, "output_tokens": 34},
    }


def completion(*content: dict[str, Any]) -> dict[str, Any]:
    """The same as `message`, as OpenAI says it."""
    text = "".join(block.get("text", "") for block in content) or None
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": json.dumps(block["input"])},
        }
        for block in content
        if block["type"] == "tool_use"
    ]
    said = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        said["tool_calls"] = calls
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5",
        "choices": [
            {"index": 0, "message": said, "finish_reason": "tool_calls" if calls else "stop"}
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46},
    }


def events(body: dict[str, Any]) -> list[bytes]:
    """A message or a completion as the chunks of its stream."""
    if "choices" in body:
        return [*_completion_chunks(body), b"data: [DONE]\n\n"]
    made = demo.events(body)
    return [b"event: " + e["type"].encode() + b"\ndata: " + demo.dump(e) + b"\n\n" for e in made]


def _completion_chunks(body: dict[str, Any]) -> Iterator[bytes]:
    said = body["choices"][0]["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in demo.pieces(said["content"] or "")]
    for index, call in enumerate(said.get("tool_calls", [])):
        text = call["function"]["arguments"]
        opening = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        deltas += [{"tool_calls": [opening]}]
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": text[i : i + 16]}}]}
            for i in range(0, len(text), 16)
        ]
    shared = {key: body[key] for key in ("id", "created", "model")}
    shared["object"] = "chat.completion.chunk"
    finish = body["choices"][0]["finish_reason"]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield b"data: " + demo.dump(shared | {"choices": [choice]}) + b"\n\n"
    last = {"index": 0, "delta": {}, "finish_reason": finish}
    yield b"data: " + demo.dump(shared | {"choices": [last]}) + b"\n\n"


@dataclass
class Recording:
    """Writes steps to a tape and opens it."""

    path: Path
    writer: Writer = field(init=False)
    n: int = 0

    def __post_init__(self) -> None:
        self.writer = Writer.create(str(self.path), {})

    def exchange(
        self, answer: Answer | None, url: str = MESSAGES, body: dict[str, Any] | None = None
    ) -> int:
        self.n += 1
        sent = json.dumps(body or {"model": "m", "messages": []}).encode()
        self.writer.send(self.n, 0, "main", ["agent.py:1"], 0, "POST", url, JSON, sent)
        if answer is None:
            return self.n
        if answer.status is not None:
            self.writer.head(self.n, 0, answer.status, answer.reason, "HTTP/1.1", answer.headers)
        for chunk in answer.chunks:
            self.writer.chunk(self.n, 0, chunk)
        error = answer.error.packed() if answer.error else None
        digest = sha256(b"".join(answer.chunks)).digest()
        self.writer.end(self.n, 0, "error" if error else "eof", error, digest)
        return self.n

    def draw(self, name: str, kind: str, value: Any) -> int:
        self.n += 1
        self.writer.draw(self.n, 0, "main", ["agent.py:1"], 0, name, kind, value)
        return self.n

    def step(self, n: int | None = None) -> Any:
        return Tape(self.path).step(n or self.n)


def whole(body: dict[str, Any], streamed: bool) -> Answer:
    """A successful recorded reply."""
    if streamed:
        return Answer(200, SSE, events(body))
    return Answer(200, JSON, [json.dumps(body).encode()])


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """An answer's chunks, and then its error."""

    def __init__(self, answer: Answer, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.chunks
        if self._answer.error:
            raise raised(self._answer, self._request)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def raised(answer: Answer, request: httpx2.Request) -> Exception:
    error = answer.error
    assert error is not None
    assert error.module == ""
    made: Exception = getattr(httpx2, error.name)(error.message, request=request)
    return made


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Serves answers one after the other, and the last of them for ever."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.attempts = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._answers[min(self.attempts, len(self._answers) - 1)]
        self.attempts += 1
        if answer.status is None:
            raise raised(answer, request)
        return httpx2.Response(answer.status, headers=answer.headers, stream=Body(answer, request))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


@dataclass
class Seen:
    """What an agent saw: a value or an exception, the events before, the attempts it took."""

    value: Any = None
    error: str = ""
    module: str = ""
    events: list[Any] = field(default_factory=list)
    attempts: int = 0
    failure: Exception | None = None


ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def run(answers: Sequence[Answer], agent: Callable[[Transport, Seen], Any]) -> Seen:
    """Let an agent meet the answers."""
    transport, seen = Transport(answers), Seen()
    try:
        seen.value = agent(transport, seen)
    except Exception as error:
        note(seen, error)
    seen.attempts = transport.attempts
    return seen


def note(seen: Seen, error: Exception) -> None:
    seen.error, seen.module = type(error).__name__, type(error).__module__.partition(".")[0]
    seen.failure = error


def claude(transport: Transport) -> anthropic.Anthropic:
    http = httpx2.Client(transport=transport)
    client = anthropic.Anthropic(api_key="k", http_client=http)
    client._sleep_for_retry = lambda **_: None  # type: ignore[method-assign]
    return client


def async_claude(transport: Transport) -> anthropic.AsyncAnthropic:
    async def at_once(**_: Any) -> None:
        return None

    http = httpx2.AsyncClient(transport=transport)
    client = anthropic.AsyncAnthropic(api_key="k", http_client=http)
    client._sleep_for_retry = at_once  # type: ignore[method-assign]
    return client


def gpt(transport: Transport) -> openai.OpenAI:
    client = openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport))
    client._sleep_for_retry = lambda **_: None  # type: ignore[method-assign]
    return client


def creates(transport: Transport, seen: Seen) -> Any:
    return claude(transport).messages.create(max_tokens=99, **ASK)


def streams(transport: Transport, seen: Seen) -> Any:
    with claude(transport).messages.stream(max_tokens=99, **ASK) as stream:
        for event in stream:
            seen.events.append(event)
        return stream.get_final_message()


def iterates(transport: Transport, seen: Seen) -> Any:
    for event in claude(transport).messages.create(max_tokens=99, stream=True, **ASK):
        seen.events.append(event)


def completes(transport: Transport, seen: Seen) -> Any:
    return gpt(transport).chat.completions.create(**ASK).choices[0]


def streams_chat(transport: Transport, seen: Seen) -> Any:
    for chunk in gpt(transport).chat.completions.create(stream=True, **ASK):
        seen.events.append(chunk)
