"""The Messages API as data: a parsed request, a reply, and the reply as JSON or as SSE events.

Everything here is a pure function of the request: equal bytes in, equal bytes out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A tool call in the conversation so far, with its result when there is one."""

    name: str
    input: dict[str, Any]
    result: str | None = None
    failed: bool = False

    @property
    def ok(self) -> bool:
        return self.result is not None and not self.failed

    @property
    def data(self) -> dict[str, Any]:
        """The result as a JSON object; empty if it is something else."""
        try:
            value = json.loads(self.result or "")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Request:
    """What a script may look at: the request's body, and a digest that all ids come from."""

    body: dict[str, Any]
    digest: str = ""

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def tools(self) -> list[dict[str, Any]]:
        return list(self.body.get("tools") or [])

    @property
    def system(self) -> str:
        return text_of(self.body.get("system") or "")

    @property
    def thinks(self) -> bool:
        thinking = self.body.get("thinking")
        return isinstance(thinking, dict) and thinking.get("type") != "disabled"

    @property
    def first_text(self) -> str:
        return text_of(self.messages[0]["content"])

    @property
    def last_text(self) -> str:
        """The text of the last user turn; empty if it holds tool results only."""
        users = [m for m in self.messages if m["role"] == "user"]
        return text_of(users[-1]["content"]) if users else ""

    @property
    def said(self) -> str:
        """All that the assistant has said so far."""
        return "\n".join(text_of(m["content"]) for m in self.messages if m["role"] == "assistant")

    @cached_property
    def calls(self) -> list[Call]:
        blocks = [b for m in self.messages for b in blocks_of(m["content"])]
        results = {b.get("tool_use_id"): b for b in blocks if b.get("type") == "tool_result"}
        calls = []
        for block in blocks:
            if block.get("type") != "tool_use":
                continue
            given = block.get("input")
            arguments = given if isinstance(given, dict) else {}
            result = results.get(block.get("id"))
            if result is None:
                calls.append(Call(str(block.get("name")), arguments))
            else:
                text = text_of(result.get("content") or "")
                failed = bool(result.get("is_error"))
                calls.append(Call(str(block.get("name")), arguments, text, failed))
        return calls


@dataclass(frozen=True)
class Reply:
    """What a script decides: content blocks and why the model stopped."""

    content: tuple[Block, ...]
    stop_reason: str = "end_turn"


def reply(*blocks: Block) -> Reply:
    """A reply of these blocks; it stops for tools if there is a tool call among them."""
    called = any(block["type"] == "tool_use" for block in blocks)
    return Reply(blocks, "tool_use" if called else "end_turn")


def thinking(text: str) -> Block:
    """A thinking block; left out when the request did not ask for thinking."""
    return {"type": "thinking", "thinking": text}


def text(text: str) -> Block:
    return {"type": "text", "text": text}


def tool(name: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "name": name, "input": arguments}


def blocks_of(content: Any) -> list[Block]:
    """A message's content as blocks, whichever of its two forms it has."""
    if isinstance(content, str):
        return [text(content)]
    return [block for block in content or [] if isinstance(block, dict)]


def text_of(content: Any) -> str:
    """The text blocks of some content, one a line."""
    return "\n".join(
        str(b.get("text") or "") for b in blocks_of(content) if b.get("type") == "text"
    )


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def token(*parts: object, length: int = 22) -> str:
    """A stable, opaque id made of the parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:length]


def count(value: Any) -> int:
    """Roughly how many tokens a value takes: four bytes each."""
    return (len(dump(value)) + 3) // 4 if value else 0


def input_tokens(body: dict[str, Any]) -> int:
    return 8 + sum(count(body.get(part)) for part in ("system", "tools", "messages"))


def message(request: Request, answer: Reply) -> dict[str, Any]:
    """The reply as the API's message object."""
    limit = request.body.get("max_tokens")
    content, stop_reason = finish(request, answer, limit if isinstance(limit, int) else None)
    spent = max(1, sum(count(block) for block in content))
    return {
        "model": request.model,
        "id": f"msg_01{token(request.digest, 'message')}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage(request.body) | {"output_tokens": spent, "service_tier": "standard"},
    }


def usage(body: dict[str, Any]) -> dict[str, Any]:
    """Input tokens; with caching on, all before the latest turn counts as read from the cache."""
    total, read, created = input_tokens(body), 0, 0
    if b'"cache_control":' in dump(body):
        if len(body["messages"]) > 2:
            read = input_tokens(body | {"messages": body["messages"][:-2]})
        created = max(0, total - read - 4)
    return {
        "input_tokens": total - read - created,
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": created, "ephemeral_1h_input_tokens": 0},
    }


def finish(request: Request, answer: Reply, limit: int | None) -> tuple[list[Block], str]:
    """The blocks with their ids and signatures, cut where the token limit falls."""
    content: list[Block] = []
    left = limit
    for index, block in enumerate(answer.content):
        kind = block["type"]
        if kind == "thinking" and not request.thinks:
            continue
        if left is not None and count(block) > left:
            if kind == "text" and left > 0:
                content.append(text(block["text"][: 4 * left]))
            return content, "max_tokens"
        if left is not None:
            left -= count(block)
        if kind == "thinking":
            seed = hashlib.sha512(f"{request.digest}\0{index}".encode()).digest()
            block = block | {"signature": base64.b64encode(seed).decode()}
        elif kind == "tool_use":
            block = {"type": kind, "id": f"toolu_01{token(request.digest, index)}"} | block
        content.append(block)
    return content, answer.stop_reason


def events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same message as the events of a stream, in the API's order."""
    start = message | {"content": [], "stop_reason": None}
    yield {
        "type": "message_start",
        "message": start | {"usage": message["usage"] | {"output_tokens": 1}},
    }
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": opening(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counts = {k: n for k, n in message["usage"].items() if k.endswith("_tokens")}
    stop = {k: message[k] for k in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": stop, "usage": counts}
    yield {"type": "message_stop"}


def opening(block: Block) -> Block:
    """A block as its stream begins: everything but what the deltas bring."""
    empty: Block = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def deltas(block: Block) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "tool_use":
        whole = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
        for piece in ["", *(whole[i : i + 16] for i in range(0, len(whole), 16))]:
            yield {"type": "input_json_delta", "partial_json": piece}


def pieces(text: str) -> list[str]:
    """A text in runs of three words, whitespace kept."""
    return re.findall(r"\s*(?:\S+\s*){1,3}|\s+", text)
