"""Runs of several conversations for the tests of the screen: sub-agents side by side, a prompt
cache that breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tui_tapes import HOSTILE, MODEL, SYSTEM, TOOLS, URL, Maker, Message, call, result, text

from tracefork_tui import wire


class Talk:
    """One conversation of a run, with its own instructions and its own cache."""

    def __init__(self, run: Maker, first: str, system: str = SYSTEM) -> None:
        self.run = run
        self.system = system
        self.messages: list[Message] = [{"role": "user", "content": first}]

    def send(self) -> int:
        request = {
            "model": MODEL,
            "max_tokens": 2048,
            "messages": self.messages,
            "system": [
                {"type": "text", "text": self.system, "cache_control": {"type": "ephemeral"}}
            ],
            "tools": TOOLS,
        }
        return self.run.send(json.dumps(request, separators=(",", ":")).encode())

    def answer(self, n: int, reply: list[Message], read: int = 0, write: int = 0) -> None:
        message: dict[str, Any] = {
            "id": f"msg_01{n:04d}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": reply,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 40 + n,
                "cache_read_input_tokens": read,
                "cache_creation_input_tokens": write,
                "output_tokens": 20 + 3 * n,
            },
        }
        headers, chunks = wire.encode_reply(message, URL, [], [], stream=False)
        self.run.answer(n, 200, headers, chunks)
        self.messages = [*self.messages, {"role": "assistant", "content": reply}]

    def ask(self, reply: list[Message], read: int = 0, write: int = 0) -> int:
        n = self.send()
        self.answer(n, reply, read, write)
        return n

    def say(self, content: str | list[Message]) -> None:
        self.messages = [*self.messages, {"role": "user", "content": content}]


def sub_agents(path: Path, header: dict[str, Any] | None = None, word: str = "") -> str:
    """A lead asks two researchers at the same time; the steps of each are 2 4 6 and 3 5.

    1 lead · 2 first · 3 second · 4 first · 5 second · 6 first · 7 draw · 8 lead · 9 lead
    """
    run = Maker(path, header)
    lead = Talk(run, f"Compare the two mugs. {word}")
    first = Talk(run, f"Research the moss mug. {word}", "You research one thing. It is 12:04:11.")
    second = Talk(run, f"Research the clay mug. {word}", "You research one thing. It is 12:04:12.")
    lead.ask([text("I ask two researchers."), call("t1", "lookup_order", what="both")], write=3000)
    a, b = first.send(), second.send()
    first.answer(a, [text(f"Moss: searching. {word}")], write=2000)
    first.say("Go on.")
    a = first.send()
    second.answer(b, [text("Clay: searching.")], write=1500)
    second.say("Go on.")
    b = second.send()
    first.answer(a, [text("Moss: one source.")], read=2000, write=300)
    first.say("And more?")
    a = first.send()
    second.answer(b, [text("Clay: found.")], read=1500)
    first.answer(a, [text("Moss: found.")], read=2300)
    run.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    lead.say(result("t1", "moss and clay"))
    lead.ask([text("Both are fine.")], read=3000, write=200)
    lead.system = SYSTEM.replace("small shop", "tiny shop") + word
    lead.say("Thanks. Which one is cheaper?")
    lead.ask([text("The clay one.")], write=3300)
    return run.close()


def hostile_talks(path: Path) -> str:
    return sub_agents(path, word=HOSTILE)
