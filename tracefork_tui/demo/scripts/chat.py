"""The companion of the chat demo: remembers a name, does sums, and otherwise listens."""

from __future__ import annotations

import operator
import re

from tracefork_tui.demo.messages import Reply, Request, reply, text, text_of

NAME = re.compile(r"\bmy name is (\w[\w'-]*)", re.IGNORECASE)
SUM = re.compile(r"(-?\d+(?:\.\d+)?)\s*([-+*/x])\s*(-?\d+(?:\.\d+)?)")
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "x": operator.mul,
    "/": operator.truediv,
}


def companion(request: Request) -> Reply:
    return reply(text(respond(request)))


def respond(request: Request) -> str:
    heard = request.last_text.strip()
    asked = heard.lower()
    turns = [text_of(m["content"]) for m in request.messages if m["role"] == "user"]
    names = [name for turn in turns for name in NAME.findall(turn)]
    if told := NAME.search(heard):
        return f"Nice to meet you, {told[1]}. What is on your mind?"
    if "my name" in asked:
        return f"You are {names[-1]}." if names else "You have not told me your name yet."
    if found := SUM.search(heard):
        return work_out(found[1], found[2], found[3])
    if "what did i" in asked or "so far" in asked:
        earlier = [f'"{turn.strip()}"' for turn in turns[:-1]]
        return "You said " + ", then ".join(earlier) + "." if earlier else "Nothing before this."
    if re.match(r"(hi|hello|hey|good (morning|evening))\b", asked):
        return f"Hello, {names[-1]}!" if names else "Hello! What shall I call you?"
    if heard.endswith("?"):
        return "I do not know. I live in this process and have read nothing. What do you think?"
    return f'I hear you: "{heard}". Tell me more about that.'


def work_out(left: str, sign: str, right: str) -> str:
    if sign == "/" and float(right) == 0:
        return "Nothing can be divided by zero."
    return f"{left} {sign} {right} is {OPERATORS[sign](float(left), float(right)):g}."
