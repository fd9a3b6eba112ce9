"""Faults of the model: the recorded reply, well-formed and edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any

from tracefork_tui.tape.answer import Answer

from . import dialects
from .dialects import Block, Message
from .model import Fault, FaultError, Param, Params, Sight, Sights, shown
from .recorded import Need, Recorded, a_reply

Edit = Callable[[Message, Params], None]


def _edited(edit: Edit, recorded: Recorded, params: Params) -> Answer:
    message = dialects.read(recorded) or {}
    edit(message, params)
    headers, chunks = dialects.encode(recorded, message)
    return recorded.answer._replace(headers=headers, chunks=chunks)


def _max_tokens(message: Message, params: Params) -> None:
    blocks: list[Block] = message["content"]
    ends = list(accumulate(map(_size, blocks)))
    half = ends[-1] // 2
    at = next(i for i, end in enumerate(ends) if end > half)
    left = half - (ends[at] - _size(blocks[at]))
    cut = _cut(blocks[at], left)
    message["content"] = [*blocks[:at], *([cut] if cut else [])]
    _stop(message, "max_tokens")


def _size(block: Block) -> int:
    """How much of a block a token limit could cut; thinking is signed and stays whole."""
    if block["type"] == "text":
        return len(block["text"])
    return len(json.dumps(block["input"])) if block["type"] == "tool_use" else 0


def _cut(block: Block, left: int) -> Block | None:
    if block["type"] == "text":
        return block | {"text": block["text"][:left]} if left else None
    return _broken(block)


def _broken(block: Block) -> Block:
    """A call whose input broke off within its first key."""
    key = next(iter(block["input"]), "") if isinstance(block["input"], dict) else ""
    return block | {"input": {}, "arguments": "{" + json.dumps(key)[:-1]}


def _refusal(message: Message, params: Params) -> None:
    message["content"] = []
    message["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    _stop(message, "refusal")


def _pause_turn(message: Message, params: Params) -> None:
    blocks = [block for block in message["content"] if block["type"] != "tool_use"]
    message["content"] = blocks or [{"type": "text", "text": "Let me continue."}]
    _stop(message, "pause_turn")


def _bad_tool_input(message: Message, params: Params) -> None:
    call = _calls(message)[0]
    _replace(message, call, _broken(call))


def _wrong_tool(message: Message, params: Params) -> None:
    _calls(message)[0]["name"] = params["name"]


def _dropped_tool(message: Message, params: Params) -> None:
    _replace(message, _calls(message)[0])
    if not _calls(message):
        _stop(message, "end_turn")


def _duplicated_tool(message: Message, params: Params) -> None:
    call = _calls(message)[0]
    taken = {block["id"] for block in _calls(message)}
    fresh = next(
        name for n in range(2, len(taken) + 3) if (name := f"{call['id']}_{n}") not in taken
    )
    _replace(message, call, call, call | {"id": fresh})


def _poisoned_argument(message: Message, params: Params) -> None:
    path: str = params["path"]
    name, _, inner = path.partition(".")
    calls = _calls(message)
    places = [(call["input"], path, call) for call in calls]
    places += [(call["input"], inner, call) for call in calls if inner and call["name"] == name]
    for value, where, call in places:
        holder = _walk(value, where.split(".")[:-1])
        key = _key(holder, where.split(".")[-1])
        if key is not None:
            holder[key] = params["value"]
            call.pop("arguments", None)
            return
    known = "; ".join(map(_inputs, calls))
    raise FaultError(f"no tool call has the argument {shown(path)} ({known})")


def _inputs(call: Block) -> str:
    names = ", ".join(map(shown, call["input"])) if isinstance(call["input"], dict) else ""
    return f"{shown(call['name'])} has {names or 'none'}"


def _walk(value: Any, path: list[str]) -> Any:
    for name in path:
        key = _key(value, name)
        value = None if key is None else value[key]
    return value


def _key(holder: Any, name: str) -> Any:
    """The key or index by which `holder` has a member of that name, None if it has not."""
    if isinstance(holder, dict):
        return name if name in holder else None
    if isinstance(holder, list):
        return next((i for i in range(len(holder)) if str(i) == name), None)
    return None


def _empty_content(message: Message, params: Params) -> None:
    message["content"] = []
    _stop(message, "end_turn")


def _calls(message: Message) -> list[Block]:
    return [block for block in message["content"] if block["type"] == "tool_use"]


def _replace(message: Message, old: Block, *new: Block) -> None:
    blocks: list[Block] = message["content"]
    at = next(i for i, block in enumerate(blocks) if block is old)
    blocks[at : at + 1] = new


def _stop(message: Message, reason: str) -> None:
    message["stop_reason"] = reason
    if message.get("stop_sequence"):
        message["stop_sequence"] = None


def a_message(recorded: Recorded) -> str | None:
    if dialects.read(recorded) is not None:
        return None
    if recorded.api in ("messages", "chat"):
        return "the recorded reply holds no message that can be edited"
    return "only Anthropic messages and OpenAI chat completions can be edited"


def a_call(recorded: Recorded) -> str | None:
    message = dialects.read(recorded)
    return None if message and _calls(message) else "the recorded reply calls no tool"


def anything_said(recorded: Recorded) -> str | None:
    message = dialects.read(recorded) or {"content": []}
    said = any(map(_size, message["content"]))
    return None if said else "the recorded reply has neither text nor a tool call"


def anthropic(recorded: Recorded) -> str | None:
    return None if recorded.api == "messages" else "only Anthropic's API pauses a turn"


def _fault(
    name: str,
    summary: str,
    edit: Edit,
    sights: Sights,
    needs: tuple[Need, ...] = (),
    params: tuple[Param, ...] = (),
) -> Fault:
    make: Callable[[Recorded, Params], Answer] = partial(_edited, edit)
    return Fault(name, "exchange", summary, sights, make, params, (a_reply, a_message, *needs))


FAULTS = (
    _fault(
        "max_tokens",
        "the reply is cut at half by the token limit",
        _max_tokens,
        Sights(
            Sight("a message cut in half, stop_reason max_tokens; a cut tool call has input == {}"),
            openai=Sight("a completion cut in half, finish_reason length; a cut call is broken"),
        ),
        (anything_said,),
    ),
    _fault(
        "refusal",
        "the model refuses",
        _refusal,
        Sights(
            Sight("a message with content [], stop_reason refusal"),
            openai=Sight("a completion with a refusal and content None, finish_reason stop"),
        ),
    ),
    _fault(
        "pause_turn",
        "the model pauses in a long turn",
        _pause_turn,
        Sights(Sight("a message without tool calls, stop_reason pause_turn")),
        (anthropic,),
    ),
    _fault(
        "bad_tool_input",
        "the input of the first tool call breaks off",
        _bad_tool_input,
        Sights(
            Sight("no exception: input == {} (a JSON reply cannot carry the broken text)"),
            stream=Sight("no exception: input == {}; the events carry the broken JSON"),
            openai=Sight("no exception: the call's arguments are broken JSON"),
        ),
        (a_call,),
    ),
    _fault(
        "wrong_tool",
        "the first tool call names another tool",
        _wrong_tool,
        Sights(Sight("a message that calls the other tool with the recorded input")),
        (a_call,),
        (Param("name", "text", "no_such_tool", help="the tool that is called"),),
    ),
    _fault(
        "dropped_tool",
        "the first tool call is missing",
        _dropped_tool,
        Sights(
            Sight("a message without the call; stop_reason end_turn if it was the only one"),
            openai=Sight("a completion without the call; finish_reason stop if it was the only"),
        ),
        (a_call,),
    ),
    _fault(
        "duplicated_tool",
        "the first tool call comes twice",
        _duplicated_tool,
        Sights(Sight("a message with the call twice, under two ids")),
        (a_call,),
    ),
    _fault(
        "poisoned_argument",
        "an argument of a tool call has another value",
        _poisoned_argument,
        Sights(Sight("a message whose tool call carries the value")),
        (a_call,),
        (
            Param("path", "text", required=True, help="amount, items.0.price, tool.amount"),
            Param("value", "json", required=True, help="JSON, or else a text"),
        ),
    ),
    _fault(
        "empty_content",
        "the model says nothing",
        _empty_content,
        Sights(
            Sight("a message with content [], stop_reason end_turn"),
            openai=Sight("a completion with content '', finish_reason stop"),
        ),
    ),
)
