"""The offline model, asked by the real SDK over real HTTP."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tracefork_tui.demo.messages import Reply, Request, reply, text, tool
from tracefork_tui.demo.server import ERRORS, serve

MODEL = "claude-opus-4-8"


def tool_named(name: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": name, "input_schema": schema}


WEATHER = tool_named("get_weather", city={"type": "string"}, days={"type": "integer"})
TIME = tool_named("get_time", zone={"enum": ["UTC", "CET"]})


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with serve() as url:
        yield url


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=base_url, api_key="any", max_retries=0) as made:
        yield made


def ask(words: str, **more: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "max_tokens": 500,
        "messages": [{"role": "user", "content": words}],
        **more,
    }


def post(
    base_url: str, body: bytes | dict[str, Any], path: str = "/v1/messages", **headers: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """One bare request: status, headers and body as they came."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"x-api-key": "any"} | {k.replace("_", "-"): v for k, v in headers.items()}
    connection.request("POST", path, raw, sent)
    response = connection.getresponse()
    answer = response.status, response.getheaders(), response.read()
    connection.close()
    return answer


def test_a_message(client: Anthropic) -> None:
    message = client.messages.create(**ask("good morning"))
    assert message.content[0].to_dict() == {"type": "text", "text": "You said: good morning"}
    assert (message.role, message.model, message.stop_reason) == ("assistant", MODEL, "end_turn")
    assert message.id.startswith("msg_01")
    assert message._request_id is not None
    assert message._request_id.startswith("req_01")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message.usage.cache_read_input_tokens == 0


async def test_async_json_and_stream_agree(base_url: str) -> None:
    async with AsyncAnthropic(base_url=base_url, api_key="any", max_retries=0) as client:
        whole = await client.messages.create(**ask("one two three four five six"))
        async with client.messages.stream(**ask("one two three four five six")) as stream:
            words = [piece async for piece in stream.text_stream]
            final = await stream.get_final_message()
    assert len(words) > 1
    assert "".join(words) == whole.content[0].text  # type: ignore[union-attr]
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == whole.usage.output_tokens


def test_raw_stream_has_the_order_of_the_api(client: Anthropic) -> None:
    request = ask("please use get_weather", tools=[WEATHER], thinking={"type": "adaptive"})
    kinds = [event.type for event in client.messages.create(**request, stream=True)]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 3
    assert kinds.count("content_block_delta") > 6


def test_stream_bytes(base_url: str) -> None:
    request = ask("use get_weather", tools=[WEATHER], stream=True, thinking={"type": "adaptive"})
    status, headers, raw = post(base_url, request)
    assert status == 200
    assert dict(headers)["content-type"] == "text/event-stream"
    events = [part.split("\n") for part in raw.decode().removesuffix("\n\n").split("\n\n")]
    assert all(len(lines) == 2 for lines in events)
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert [lines[0] for lines in events] == [f"event: {item['type']}" for item in data]
    assert [item["type"] for item in data[:3]] == ["message_start", "content_block_start", "ping"]
    deltas = {item["delta"]["type"] for item in data if item["type"] == "content_block_delta"}
    assert deltas == {"thinking_delta", "signature_delta", "text_delta", "input_json_delta"}
    partial = [i["delta"]["partial_json"] for i in data if "partial_json" in i.get("delta", {})]
    assert partial[0] == ""
    assert json.loads("".join(partial)) == {"city": "example", "days": 1}


def test_tool_use_and_its_result(client: Anthropic) -> None:
    request = ask("use get_weather", tools=[WEATHER])
    first = client.messages.create(**request)
    call = first.content[-1]
    assert call.type == "tool_use"
    assert first.stop_reason == "tool_use"
    assert call.id.startswith("toolu_01")
    assert call.input == {"city": "example", "days": 1}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "rain"}
    request["messages"] += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(**request)
    assert second.content[0].text == "The result: rain"  # type: ignore[union-attr]


@pytest.mark.parametrize("streamed", [False, True])
def test_parallel_tool_use(client: Anthropic, streamed: bool) -> None:
    request = ask("use get_time and get_weather", tools=[WEATHER, TIME])
    if streamed:
        with client.messages.stream(**request) as stream:
            message: anthropic.types.Message = stream.get_final_message()
    else:
        message = client.messages.create(**request)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.name for call in calls] == ["get_time", "get_weather"]
    assert calls[0].input == {"zone": "UTC"}
    assert calls[1].input == {"city": "example", "days": 1}
    assert calls[0].id != calls[1].id


def test_thinking_comes_when_asked_for(client: Anthropic) -> None:
    thinking: Any = {"type": "adaptive"}
    message = client.messages.create(**ask("hello there", thinking=thinking))
    with client.messages.stream(**ask("hello there", thinking=thinking)) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    block, again = message.content[0], streamed.content[0]
    assert block.type == again.type == "thinking"
    assert block.thinking == again.thinking != ""
    assert block.signature
    assert again.signature
    bare = client.messages.create(**ask("hello there"))
    assert [block.type for block in bare.content] == ["text"]


def test_beta_and_count_tokens(client: Anthropic) -> None:
    message = client.beta.messages.create(**ask("hi"))
    counted = client.messages.count_tokens(model=MODEL, messages=ask("hi")["messages"])
    assert counted.input_tokens == message.usage.input_tokens


def test_cached_tokens_grow_with_the_conversation(client: Anthropic) -> None:
    turns = [{"role": r, "content": "words " * 50} for r in ("user", "assistant", "user")]
    usage = client.messages.create(
        **ask("", messages=turns, cache_control={"type": "ephemeral"})
    ).usage
    plain = client.messages.create(**ask("", messages=turns)).usage
    parts = usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    assert all(parts)
    assert sum(part or 0 for part in parts) == plain.input_tokens


def test_the_token_limit_cuts_the_reply(client: Anthropic) -> None:
    message = client.messages.create(**ask("word " * 200) | {"max_tokens": 10})
    assert message.stop_reason == "max_tokens"
    assert len(message.content[0].text) == 40  # type: ignore[union-attr]


def test_a_message_thread_is_remembered(base_url: str) -> None:
    """The SDK's tool runner sends only what is new; a lost thread is sent again whole."""

    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather.

        Args:
            city: where
        """
        return f"rain in {city}"

    with Anthropic(base_url=base_url, api_key="any") as client:
        runner = client.beta.messages.tool_runner(**ask("use get_weather", tools=[get_weather]))
        final = runner.until_done()
    assert final.content[0].text == "The result: rain in example"  # type: ignore[union-attr]
    lost = ask("hi", thread={"type": "continue", "previous_message_id": "msg_none"})
    status, _, body = post(base_url, lost)
    assert status == 404
    assert json.loads(body)["error"]["details"] == {"error_code": "thread_not_found"}


@pytest.mark.parametrize("status", sorted(ERRORS))
def test_every_error_on_demand(client: Anthropic, status: int) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(**ask("hi") | {"model": f"demo-error-{status}"})
    assert caught.value.status_code == status
    assert caught.value.request_id
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == ERRORS[status]
    assert ("retry-after" in caught.value.response.headers) == (status == 429)


def test_an_error_that_a_retry_cures(base_url: str) -> None:
    with Anthropic(base_url=base_url, api_key="any", max_retries=1) as client:
        message = client.messages.create(**ask("hi") | {"model": "demo-error-529-once"})
    assert message.stop_reason == "end_turn"


def test_a_stream_that_breaks_off(client: Anthropic) -> None:
    got = []
    with (
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
        client.messages.stream(**ask("one two three four") | {"model": "demo-error-stream"}) as s,
    ):
        got.extend(s.text_stream)
    assert got == ["You said: one "]


@pytest.mark.parametrize(
    ("status", "words", "body"),
    [
        (400, "not valid JSON", b"{"),
        (400, "JSON object", b"[]"),
        (400, "max_tokens: Field required", {"model": MODEL, "messages": []}),
        (400, "at least one message", ask("") | {"messages": []}),
        (400, "greater than or equal", ask("hi", max_tokens=0)),
        (400, "messages.0.role", ask("") | {"messages": [{"role": "robot", "content": "x"}]}),
        (400, "messages.0.content", ask("") | {"messages": [{"role": "user"}]}),
        (404, "model: gpt-9", ask("hi") | {"model": "gpt-9"}),
        (404, "model: demo-error-200", ask("hi") | {"model": "demo-error-200"}),
    ],
)
def test_bad_requests(base_url: str, status: int, words: str, body: Any) -> None:
    got, _, raw = post(base_url, body)
    assert got == status
    assert words in json.loads(raw)["error"]["message"]


def test_tool_calls_and_results_must_pair(client: Anthropic) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {}}
    asked = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [call]}]
    result = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "noon"}
    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
        client.messages.create(
            **ask("", messages=[*asked, {"role": "user", "content": "well?"}], tools=[TIME])
        )
    with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id`"):
        client.messages.create(
            **ask("", messages=[*asked, {"role": "user", "content": [result]}], tools=[TIME])
        )


def test_a_key_and_a_known_route_are_needed(base_url: str) -> None:
    assert post(base_url, ask("hi"), x_api_key="")[0] == 401
    assert post(base_url, ask("hi"), "/v1/complete")[0] == 404
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    connection.request("GET", "/v1/messages", headers={"x-api-key": "any"})
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize("streamed", [False, True])
def test_equal_requests_get_equal_bytes(base_url: str, streamed: bool) -> None:
    request = ask("use get_weather", tools=[WEATHER], stream=streamed)
    first = post(base_url, request)
    assert post(base_url, request) == first
    with serve() as elsewhere:
        assert post(elsewhere, request) == first
    assert {name.lower() for name, _ in first[1]} <= {
        "content-type",
        "content-length",
        "transfer-encoding",
        "request-id",
        "anthropic-organization-id",
    }
    assert post(base_url, ask("another"))[1] != first[1]


def test_a_connection_is_kept(base_url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    sockets = set()
    for streamed in (False, True, False):
        body = json.dumps(ask("hi", stream=streamed))
        connection.request("POST", "/v1/messages", body, {"x-api-key": "any"})
        connection.getresponse().read()
        sockets.add(connection.sock)
    assert len(sockets) == 1
    connection.close()


def test_a_script_of_ones_own() -> None:
    def mind(request: Request) -> Reply:
        if request.calls:
            return reply(text(f"{request.calls[0].name} gave {request.calls[0].data}"))
        return reply(text("Looking."), tool("get_time", zone="CET"))

    with serve(script=mind) as url, Anthropic(base_url=url, api_key="any") as client:
        first = client.messages.create(**ask("what time is it?"))
        call = first.content[1]
        assert call.type == "tool_use"
        result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"now": "12:00"}'}
        turns = [*ask("what time is it?")["messages"]]
        turns += [{"role": "assistant", "content": first.content}]
        turns += [{"role": "user", "content": [result]}]
        second = client.messages.create(**ask("", messages=turns))
    assert second.content[0].text == "get_time gave {'now': '12:00'}"  # type: ignore[union-attr]


def test_a_failing_script_is_a_server_error() -> None:
    def mind(request: Request) -> Reply:
        raise ZeroDivisionError("oops")

    with serve(script=mind) as url:
        status, _, body = post(url, ask("hi"))
    assert status == 500
    assert "oops" in json.loads(body)["error"]["message"]


def test_delay_spreads_a_stream() -> None:
    with serve(delay=0.01) as url:
        start = time.monotonic()
        post(url, ask("hi", stream=True))
        assert time.monotonic() - start >= 0.05


def test_stopping_ends_open_connections() -> None:
    with serve() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request("POST", "/v1/messages", b"{}", {"x-api-key": "any"})
        connection.getresponse().read()
        sock = connection.sock
    assert sock.recv(1) == b""
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_as_a_command(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tracefork_tui.demo.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert post(url, ask("hi"))[0] == 200
        process.send_signal(number)
        assert process.wait(10) == 0
