"""The neutral message model: what a request asked and what a reply said, whoever spoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "server_tool_result",
    "image",
    "document",
    "refusal",
    "json",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a turn. `data` is its JSON as it was sent and takes no part in equality.

    text, thinking, refusal: `text`. tool_use, server_tool_use: `name`, `id`, `input` (the JSON
    value), `raw_input` (the JSON text where one was sent), `broken` when that text does not parse.
    tool_result, server_tool_result: `id` of the call, `is_error`, `parts`. image, document:
    `media_type`, `source` (a URL, a file id or base64), `name` (title). json: what a tool gave
    back as a value; `text` is its JSON, `name` its type if it has one. unknown: the same for what
    we cannot read, with `problem` where something is wrong with it.
    """

    kind: Kind
    text: str = ""
    name: str = ""
    id: str = ""
    input: Any = field(default=None, hash=False)
    raw_input: str = field(default="", compare=False)
    broken: bool = False
    is_error: bool = False
    parts: tuple[Part, ...] = ()
    citations: tuple[Any, ...] = field(default=(), hash=False)
    signature: str = ""
    media_type: str = ""
    source: str = field(default="", repr=False)
    problem: str = ""
    cached: bool = field(default=False, compare=False)
    data: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation: role (user, assistant, tool, system …) and parts."""

    role: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a request offers; `schema` is the JSON schema of its input, None if built in."""

    name: str
    description: str = ""
    schema: Any = field(default=None, hash=False)
    data: Any = field(default=None, hash=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request asks. `api` is one of messages, chat, completions, responses,
    generate, converse, cohere.

    `params` holds every other member of the request (max_tokens, temperature …).
    `previous_message_id` names the server-side reply that `turns` continue, if they do.
    """

    provider: str
    model: str
    system: tuple[Part, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    stream: bool = False
    previous_message_id: str | None = None
    api: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the provider reports them, None where it does not.

    `inclusive` tells whether `input_tokens` already holds the cached ones (OpenAI, Gemini: yes;
    Anthropic: no). `context_tokens` is the same sum for all: every token the model read.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    inclusive: bool = False

    @property
    def context_tokens(self) -> int | None:
        """All input tokens, cached ones included."""
        if self.input_tokens is None or self.inclusive:
            return self.input_tokens
        return self.input_tokens + (self.cache_read_tokens or 0) + (self.cache_write_tokens or 0)


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What went wrong: the provider's error type, its message, the HTTP status."""

    type: str
    message: str
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `complete` is False when the body ended before its end mark.

    `problem` says in one line what is wrong with the bytes, "" if nothing is.
    """

    provider: str
    id: str = ""
    model: str = ""
    role: str = "assistant"
    parts: tuple[Part, ...] = ()
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Usage = Usage()
    complete: bool = True
    error: ErrorInfo | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a request changed since the one before it in the same conversation.

    `removed` is empty when the request only extends the turns.
    """

    added: tuple[Turn, ...] = ()
    removed: tuple[Turn, ...] = ()
    changed_system: bool = False
    changed_tools: bool = False
