"""Answers from a user's script, for the requests that an offline tail has no equal for.

The script is a Python file with `answer(request)`; `request` is a dict of method, url and body
(decoded JSON, or bytes). It gives a message (a dict), the body's bytes or text, or None to let
the tape go on answering.
"""

from __future__ import annotations

import json
import os
import runpy
from typing import Any, Callable

from ..tape.answer import Answer
from ..tape.errors import Halt, TapeError
from .policy import Asked
from .replaying import asks_stream

JSON = [("content-type", "application/json")]
SSE = [("content-type", "text/event-stream; charset=utf-8")]


def load(name: str) -> Callable[[Asked], Answer | None]:
    """The policy's script from `FILE:FUNCTION`. Raises TapeError if there is none.

    A script that fails, or gives what is no answer, halts the run.
    """
    path, _, function = name.rpartition(":")
    shown = os.path.basename(path)
    try:
        answer = runpy.run_path(path, run_name="tracefork_script").get(function)
    except Exception as error:
        raise TapeError(f"{shown}: the script cannot be loaded: {_line(error)}") from None
    if not callable(answer):
        raise TapeError(f"{shown}: there is no function {function} in it")

    def asked(request: Asked) -> Answer | None:
        given = {"method": request.method, "url": request.url, "body": _body(request.body)}
        try:
            said = answer(given)
            return None if said is None else _answer(said, asks_stream(request.body))
        except Exception as error:
            raise Halt(f"stopped: the script {shown} failed: {_line(error)}") from None

    return asked


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _body(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data


def _answer(said: Any, streamed: bool) -> Answer:
    if isinstance(said, str):
        said = said.encode()
    if not isinstance(said, (bytes, dict)):
        raise TypeError(f"a {type(said).__name__} is no answer: give a message, bytes or None")
    if isinstance(said, bytes):
        return Answer(200, SSE if streamed else JSON, [said], reason="OK")
    message = {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": "scripted",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
        **said,
    }
    content = message["content"]
    if isinstance(content, str):
        message["content"] = content = [{"type": "text", "text": content}]
    calls = any(block.get("type") == "tool_use" for block in content)
    message.setdefault("stop_reason", "tool_use" if calls else "end_turn")
    if streamed:
        return Answer(200, SSE, list(_events(message)), reason="OK")
    return Answer(200, JSON, [json.dumps(message).encode()], reason="OK")


def _events(message: dict[str, Any]) -> Any:
    start = {**message, "content": [], "stop_reason": None}
    yield _event("message_start", message=start)
    for index, block in enumerate(message["content"]):
        opened, deltas = _opened(block)
        yield _event("content_block_start", index=index, content_block=opened)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    yield _event("message_delta", delta=delta, usage=message["usage"])
    yield _event("message_stop")


def _opened(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        return {**block, "text": ""}, [{"type": "text_delta", "text": block["text"]}]
    if block["type"] == "tool_use":
        text = json.dumps(block["input"])
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": text}]
    return block, []


def _event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
