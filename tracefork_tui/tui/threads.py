"""From a message back to the step that sent or received it first."""

from __future__ import annotations

from typing import NamedTuple

from .. import wire
from .look import Reader
from .views.chat import REPLY, Message


class Hop(NamedTuple):
    """Where the message was seen; `over` when it is not further back, `came` if it is a reply."""

    at: Message
    over: bool
    came: bool = False


def hop(reader: Reader, message: Message) -> Hop:
    """One step back along the conversation."""
    n, place = message
    asked = reader.conversation(n)
    if place == REPLY or asked is None or place >= len(asked.turns):
        return Hop(message, over=True, came=place == REPLY)
    turn, before = asked.turns[place], reader.before(n)
    if before is None or asked.previous_message_id is not None:
        return Hop(message, over=True)
    earlier, reply = reader.conversation(before), reader.reply(before)
    if earlier is None:
        return Hop(message, over=True)
    if place < len(earlier.turns):
        same = earlier.turns[place] == turn
        return Hop(Message(before, place), over=False) if same else Hop(message, over=True)
    if reply is not None and place == len(earlier.turns) and _says(reply, turn):
        return Hop(Message(before, REPLY), over=True, came=True)
    return Hop(message, over=True)


def _says(reply: wire.Reply, turn: wire.Turn) -> bool:
    """Whether a message only says again what a reply said."""
    return bool(reply.parts) and _gist(reply.parts) == _gist(turn.parts)


def _gist(parts: tuple[wire.Part, ...]) -> list[object]:
    """Texts and calls, without what providers and SDKs add to them."""
    told: list[object] = [part.text for part in parts if part.kind in ("text", "refusal")]
    return told + [(part.name, part.input) for part in parts if part.kind == "tool_use"]
