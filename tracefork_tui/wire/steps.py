"""A step of a tape, read: its conversation, reply, label and price."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..tape.steps import Draw, Exchange, Step
from .calls import Called, called, calling, line, values_of, within
from .model import Conversation, Reply
from .prices import cost
from .read import conversation, label, reply

LONGEST = 60


def conversation_of(step: Exchange) -> Conversation | None:
    """What the exchange asked; None where it is no model's request."""
    request = step.request
    return conversation(request.method, request.url, request.headers, request.body)


def reply_of(step: Exchange) -> Reply | None:
    """What the model said; None where nothing came back or it is no model's reply."""
    response = step.response
    if response is None:
        return None
    chunks = [chunk.data for chunk in response.chunks]
    return reply(step.request.url, response.status, response.headers, chunks)


def cost_of(step: Exchange) -> float | None:
    """The exchange's price in US dollars; None where model or token counts are unknown."""
    said = reply_of(step)
    if said is None:
        return None
    price = cost(said.model, said.usage, said.provider)
    return None if price is None else float(price)


def label_of(step: Step) -> str:
    """One short line that says what the step did; raw text from the tape."""
    if isinstance(step, Draw):
        return f"{call_words(step)} {brief(step.value)}"
    return _label(step, reply_of(step))


def told_of(step: Step, room: int) -> str:
    """The label in so many cells, calls with what there is room for of their arguments."""
    calls: tuple[Called, ...] = ()
    if isinstance(step, Draw):
        words, core = f"{step.name} {brief(step.value)}", ""
        if step.given is not None:
            core, calls = step.name, (Called(step.name, (values_of(step.given),)),)
    else:
        said = reply_of(step)
        calls = called(calling(said.parts)) if said else ()
        words, core = _label(step, said), line(calls)
    return "".join(text for text, _ in within(words, core, calls, room))


def _label(step: Exchange, said: Reply | None) -> str:
    if said is not None:
        text = label(None, said)
        return f"{text} · {step.error.name}" if step.error else text
    status = str(step.response.status) if step.response else ""
    end = str(step.error) if step.error else step.ended if step.response else "no reply"
    path = urlsplit(step.request.url).path or "/"
    words = (step.request.method, path, status, "" if end == "eof" else end)
    return " ".join(word for word in words if word)


def call_words(step: Draw, name: str = "") -> str:
    """A draw's name; of a call with what it was given, as `weather(Oslo, 3)`."""
    name = name or step.name
    if step.given is None:
        return name
    given = step.given
    values = list(given.values()) if isinstance(given, dict) else [given]
    words = (" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in values)
    return f"{name}({brief(', '.join(words))})"


def brief(value: object) -> str:
    """A draw's value in at most LONGEST characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
