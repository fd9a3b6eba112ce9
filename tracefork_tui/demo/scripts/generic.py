"""A reply for any conversation: uses the tools it is told to use, otherwise repeats what it heard.

"use get_weather" in the last user turn calls that tool; two names make two calls in one reply.
"""

from __future__ import annotations

import re
from typing import Any

from tracefork_tui.demo.messages import (
    Block,
    Reply,
    Request,
    blocks_of,
    reply,
    text,
    text_of,
    thinking,
    tool,
)


def answer(request: Request) -> Reply:
    results = [
        text_of(block.get("content") or "")
        for block in blocks_of(request.messages[-1]["content"])
        if block.get("type") == "tool_result"
    ]
    if results:
        thought = thinking(f"{len(results)} result(s) to report.")
        return reply(thought, text("The result: " + "; ".join(results)))
    heard = request.last_text.strip()
    wanted = asked_for(request, heard)
    if wanted:
        names = " and ".join(str(call["name"]) for call in wanted)
        return reply(thinking(f"I am asked to use {names}."), text(f"I will use {names}."), *wanted)
    thought = thinking(f"The user wrote {len(heard.split())} words. I will repeat them.")
    return reply(thought, text(f"You said: {heard}" if heard else "Hello."))


def asked_for(request: Request, heard: str) -> list[Block]:
    """Calls of the tools named after the word "use", in the order of their names in the text."""
    asked = re.search(r"\buse\b(.*)", heard, re.IGNORECASE | re.DOTALL)
    if asked is None:
        return []
    calls = []
    for offered in request.tools:
        at = re.search(rf"\b{re.escape(str(offered.get('name')))}\b", asked[1])
        if at:
            schema = offered.get("input_schema") or {}
            calls.append((at.start(), tool(str(offered["name"]), **arguments(schema))))
    return [call for _, call in sorted(calls, key=lambda pair: pair[0])]


def arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """Values that fit a tool's schema: the required properties only."""
    properties = schema.get("properties") or {}
    return {name: example(properties.get(name) or {}) for name in schema.get("required") or []}


def example(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") == "object":
        return arguments(schema)
    values = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "null": None}
    return values.get(str(schema.get("type")), "example")
