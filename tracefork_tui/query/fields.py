"""The names that an expression may use, what they stand for, and of what form they are."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..tape.records import PROVENANCES

Form = Literal["number", "text", "flag", "list", "json", "null"]


class Field(NamedTuple):
    """`choices`: all the texts that the field may have, where they are known."""

    name: str
    form: Form
    help: str
    choices: tuple[str, ...] = ()


SOURCES = ("clock", "id", "random", "environment", "command", "file", "input", "tool")

FIELDS = {
    field.name: field
    for field in (
        Field("n", "number", "the step's number"),
        Field("kind", "text", "exchange or draw", ("exchange", "draw", "damaged")),
        Field("at", "number", "seconds from the start of the run"),
        Field("provenance", "text", "where the answer came from", PROVENANCES),
        Field("task", "text", "the thread or task that asked"),
        Field("site", "text", "the line of your code that asked, as file:line in function"),
        Field("stack", "list", "that line and those that called it"),
        Field("label", "text", "what the step did, in one line"),
        Field("failed", "flag", "an error, a status from 400 on, or an error in the stream"),
        Field("error", "text", "the connection's error"),
        Field("status", "number", "the HTTP status"),
        Field("ended", "text", "how it ended", ("eof", "closed", "cancelled", "error", "")),
        Field("duration", "number", "seconds from the request to the end of the answer"),
        Field("wait", "number", "seconds from the request to the first byte of the answer"),
        Field("method", "text", "the HTTP method"),
        Field("url", "text", "the whole URL"),
        Field("host", "text", "the URL's host"),
        Field("model", "text", "the model that answered, or was asked"),
        Field("provider", "text", "who serves the model"),
        Field("stop_reason", "text", "why the model stopped"),
        Field("text", "text", "what the model said"),
        Field("thinking", "text", "what the model thought"),
        Field("tool", "text", "a tool that the reply calls (any of them)"),
        Field("tools", "list", "the names of the tools that the reply calls"),
        Field("arguments", "json", "what a tool is called with (any call), as arguments.amount"),
        Field("input_tokens", "number", "tokens read, as the provider counts them"),
        Field("output_tokens", "number", "tokens written"),
        Field("cache_read_tokens", "number", "tokens read from the prompt cache"),
        Field("cache_write_tokens", "number", "tokens written to the prompt cache"),
        Field("context_tokens", "number", "all tokens read, cached ones included"),
        Field("cost", "number", "the price in US dollars"),
        Field("stream", "flag", "the answer came as a stream of events"),
        Field("request", "json", "the request: method, url, headers, size, or a part of its JSON"),
        Field("response", "json", "the answer: status, headers, size, or a part of its JSON"),
        Field("name", "text", "a draw's name, or the source that it belongs to"),
        Field("source", "text", "what a draw was read from", SOURCES),
        Field("given", "json", "what a call that was drawn was given, as given.args"),
        Field("value", "json", "a draw's value"),
        Field("value_type", "text", "what a draw's value stands for"),
    )
}

ALIASES = {"at_s": "at", "duration_s": "duration", "call_site": "stack", "type": "value_type"}

MANY = frozenset(("tool", "arguments"))
"""Fields that have several values at once: a comparison holds if it does for any of them."""

OPEN = frozenset(("json", "list"))
"""Forms that a path may go into."""

MESSAGE_PARTS = {
    "request": {
        "method": "the HTTP method",
        "url": "the whole URL",
        "headers": "the headers by name",
        "body": "the whole body: its JSON, else its text",
        "size": "bytes of the body",
    },
    "response": {
        "status": "the HTTP status",
        "reason": "the HTTP reason",
        "headers": "the headers by name",
        "body": "the whole body: its JSON, that of a stream put together, else its text",
        "size": "bytes of the body as it was received",
    },
}

FUNCTIONS = {
    "len": "characters of a text, items of a list or an object",
    "lower": "a text in lower case",
    "number": "a text as a number",
    "string": "anything as text, as JSON where it is no text",
}

CONSTANTS = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
