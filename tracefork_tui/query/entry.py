"""How a value entered a run: what the place means that held it first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from ..wire.loose import obj, string
from .facts import Facts
from .values import Key, part

if TYPE_CHECKING:
    from ..tape.reader import Tape

Kind = Literal[
    "prompt",
    "tool result",
    "tool definition",
    "reply",
    "draw",
    "header",
    "url",
    "error",
    "request",
    "response",
]

CALL_IDS = ("tool_use_id", "tool_call_id", "call_id")
PROMPTS = {"system": "the system prompt", "instructions": "the system prompt"}
PROMPTS |= {"developer": "the system prompt", "user": "a user message"}
REPLIES = ("assistant", "model")
RESULTS = ("function_call_output", "functionResponse", "computer_call_output")


def entered(tape: Tape, n: int, side: str, keys: tuple[Key, ...]) -> tuple[Kind, str]:
    """The kind of the place, and what it is in words (raw from the tape)."""
    facts = Facts(tape, n)
    if side == "draw":
        return "draw", f"the draw {facts.name}"
    first = keys[0] if keys else ""
    if first == "headers":
        return "header", f"the header {keys[1]} of the {side}"
    if first == "url":
        return "url", "the URL of the request"
    if side == "request":
        return _asked(facts.request, keys)
    return _answered(facts, keys)


def _asked(body: Any, keys: tuple[Key, ...]) -> tuple[Kind, str]:
    if keys and keys[0] in PROMPTS:
        return "prompt", PROMPTS[str(keys[0])]
    if keys and keys[0] in ("tools", "functions"):
        return "tool definition", "the definition of a tool"
    within = list(_around(body, keys))
    for one in reversed(within):
        kind = string(one.get("type"))
        if kind.endswith(("tool_result", "_output")) or any(key in one for key in RESULTS):
            return _result(body, one)
    role = next((string(one["role"]) for one in reversed(within) if "role" in one), "")
    if role in ("tool", "function"):
        return _result(body, within[-1] if len(within) == 1 else _with_id(within))
    if role in REPLIES:
        return "reply", "a reply of the model that the request brings along"
    if role in PROMPTS or (keys and keys[0] in ("input", "prompt")):
        return "prompt", PROMPTS.get(role, "the prompt")
    return "request", "the request"


def _answered(facts: Facts, keys: tuple[Key, ...]) -> tuple[Kind, str]:
    if keys[:1] == ("error",) or (facts.status or 0) >= 400:
        return "error", "an error"
    if facts.reply is None:
        return "response", "a response"
    within = list(_around(facts.response, keys))
    called = (_name(one) for one in reversed(within) if "input" in one or "function" in one)
    name = next((name for name in called if name), "")
    return "reply", f"the model's call of {name}" if name else "the model's reply"


def _result(body: Any, block: dict[str, Any]) -> tuple[Kind, str]:
    wanted = next((block[key] for key in CALL_IDS if isinstance(block.get(key), str)), None)
    name = string(block.get("name"))
    if wanted is not None and not name:
        calls = (one for one in _objects(body) if wanted in (one.get("id"), one.get("call_id")))
        name = next((found for found in map(_name, calls) if found), "")
    return "tool result", f"the result of {name}" if name else "a tool's result"


def _with_id(within: list[dict[str, Any]]) -> dict[str, Any]:
    having = (one for one in reversed(within) if any(key in one for key in CALL_IDS))
    return next(having, within[-1])


def _name(call: dict[str, Any]) -> str:
    return string(call.get("name")) or string(obj(call.get("function")).get("name"))


def _around(value: Any, keys: tuple[Key, ...]) -> Iterator[dict[str, Any]]:
    """The objects that a path leads through, from the outside in."""
    for key in keys:
        value = part(value, key) if not isinstance(value, str) else None
        if isinstance(value, dict):
            yield value


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
