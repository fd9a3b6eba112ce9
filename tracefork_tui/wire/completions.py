"""OpenAI's Completions API, before chat: a prompt and the text that continues it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import openai
from .body import as_json, dump
from .loose import obj, seq, string
from .model import Conversation, Part, Reply, Turn
from .sse import Event

_ASKED = {"model", "prompt", "stream"}


def conversation(request: Mapping[str, Any], provider: str = "openai") -> Conversation:
    """Read a request body; each of several prompts, or one of token numbers, is a part."""
    prompt = request.get("prompt")
    tokens = isinstance(prompt, list) and all(isinstance(one, int) for one in prompt)
    prompts = [prompt] if tokens or not isinstance(prompt, list) else prompt
    texts = [one if isinstance(one, str) else dump(one) for one in prompts if one is not None]
    return Conversation(
        provider=provider,
        model=string(request.get("model")),
        turns=(Turn("user", tuple(Part("text", text=text, data=text) for text in texts)),),
        params={key: value for key, value in request.items() if key not in _ASKED},
        stream=request.get("stream") is True,
        api="completions",
    )


def reply(completion: Mapping[str, Any], provider: str = "openai") -> Reply:
    """Read a completion: its first choice; further ones are kept raw."""
    return openai.reply(_as_chat(completion, "message"), provider)


def read_stream(events: list[Event], provider: str = "openai") -> Reply:
    """Put the chunks of a stream together."""
    return openai.read_stream([_chunk(event) for event in events], provider)


def _chunk(event: Event) -> Event:
    data = as_json(event.data)
    return replace(event, data=dump(_as_chat(data, "delta"))) if isinstance(data, dict) else event


def _as_chat(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    choices = [
        one | {key: {"content": one["text"]}} if isinstance(one.get("text"), str) else one
        for one in map(obj, seq(body.get("choices")))
    ]
    return {**body, "choices": choices} if "choices" in body else dict(body)
