"""Which conversation of a run an exchange belongs to, told by how its request begins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .. import wire
from ..tape.reader import Tape
from ..tape.steps import Exchange, Request
from ..wire.body import decode, dump, header

LIMIT = 64 * 1024
"""The most bytes that are read of a body's first message and of its instructions."""

OPENING = 40
"""The part of the instructions that tells agents apart; further on there may be a date."""

_MESSAGES = re.compile(rb'"(?:messages|input|contents)"\s*:\s*(?=[\["])')
_SYSTEMS = (b'"system":', b'"instructions":', b'"systemInstruction":', b'"system_instruction":')
_JSON = json.JSONDecoder()


def key_of(tape: Tape, step: Exchange) -> int:
    """The same for the exchanges of a conversation, 0 where there is none: it begins with the same
    message, and with the same words to the model. Of the body no more than that is read."""
    if not wire.api_of(step.request.url):
        return 0
    body = _ends(tape, step.request) or decode(step.request.body, step.request.headers)
    found = _MESSAGES.search(body)
    if found is None:
        return 0
    first = list(_first(body[found.end() : found.end() + LIMIT].decode("utf-8", "replace")))
    if not first:
        return 0
    told = [_system(body, found.start()), *first[:-1]]
    opening = "".join(_words(one) for one in told)[:OPENING]
    return hash((opening, dump(unmarked(first[-1])))) or 1


def _ends(tape: Tape, request: Request) -> bytes:
    """How a long body begins and ends, with nothing between them: all that tells conversations
    apart. Empty for one that has to be read whole."""
    if request.size <= 2 * LIMIT or header(request.headers, "content-encoding"):
        return b""
    start = tape.request_start(request.n, 2 * LIMIT)
    found = _MESSAGES.search(start)
    if found is None or found.end() > LIMIT:
        return b""
    return start + tape.request_part(request.n, request.size - LIMIT - 1, LIMIT + 1)


def _first(text: str) -> Iterator[Any]:
    """Messages up to the first that is not an instruction."""
    if text[0] == '"':
        yield _value(text, 0)[0]
        return
    at = 1
    for _ in range(4):
        at += len(text[at:]) - len(text[at:].lstrip(" \n\r\t,"))
        if text[at : at + 1] in ("", "]"):
            return
        value, at = _value(text, at)
        yield value
        if not isinstance(value, dict) or value.get("role") not in ("system", "developer"):
            return


def _value(text: str, at: int) -> tuple[Any, int]:
    """The JSON value at a place and where it ends; the text itself where it is cut."""
    try:
        return _JSON.raw_decode(text, at)
    except (ValueError, RecursionError):
        return text[at:], len(text)


def _system(body: bytes, messages: int) -> Any:
    """The instructions that stand outside of the messages; those before them, else the last, if
    they are near the end."""
    for name in _SYSTEMS:
        at = body.find(name, 0, messages)
        at = body.rfind(name, max(messages, len(body) - LIMIT)) if at < 0 else at
        if at > 0 and body[at - 1 : at] in (b",", b"{", b" ", b"\n"):
            start = at + len(name)
            text = body[start : start + LIMIT].decode("utf-8", "replace").lstrip()
            return _value(text, 0)[0]
    return ""


def _words(value: Any) -> str:
    """The text in a message or in instructions."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_words, value))
    if isinstance(value, dict):
        return "".join(_words(value[key]) for key in ("text", "content", "parts") if key in value)
    return ""


def unmarked(value: Any, depth: int = 0) -> Any:
    """JSON without its cache marks, and a text for a list that holds only that."""
    if depth > 40:
        return value
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key != "cache_control"}
        return {key: unmarked(one, depth + 1) for key, one in kept.items()}
    if isinstance(value, list):
        items = [unmarked(one, depth + 1) for one in value]
        if len(items) == 1 and isinstance(items[0], dict) and items[0].keys() == {"type", "text"}:
            return items[0]["text"]
        return items
    return value
