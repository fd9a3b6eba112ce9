"""What a step is, as far as comparing needs it: its reply, its label, its signature."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.steps import Draw, Exchange
from ..wire import Reply, reply_of, told_of
from ..wire import label_of as step_label
from ..wire.body import dump
from .align import APART

WORDS = 48
"""The most words of a reply that its signature holds."""


def text_of(reply: Reply) -> str:
    """The text that a reply says to the user."""
    texts = (part.text for part in reply.parts if part.kind in ("text", "refusal"))
    return "\n\n".join(text for text in texts if text)


def label_of(tape: Tape, n: int, room: int = 0) -> str:
    """One short line that names step `n`; in so many cells, calls with their arguments."""
    try:
        step = tape.step(n)
        return told_of(step, room) if room else step_label(step)
    except TapeError:
        return "damaged"


@dataclass(frozen=True, slots=True)
class Signature:
    """What makes two steps similar. `name` of an exchange is its method and path."""

    kind: str
    name: str
    site: tuple[str, ...] = ()
    request: bytes = b""
    size: int = 0
    model: str = ""
    end: str = ""
    tools: tuple[str, ...] = ()
    said: str = ""
    words: frozenset[str] = frozenset()

    @property
    def coarse(self) -> tuple[str, ...] | None:
        """A key that exchanges with the same reply share, whatever they were asked."""
        return (self.name, self.said) if self.said else None


def signature(tape: Tape, n: int) -> Signature:
    """The signature of step `n`; request bodies are not read for it."""
    try:
        step = tape.step(n)
    except TapeError:
        return Signature("damaged", "")
    return _of_draw(step) if isinstance(step, Draw) else _of_exchange(step)


def _of_draw(step: Draw) -> Signature:
    return Signature("draw", f"{step.name} {step.type}", step.call_site)


def _of_exchange(step: Exchange) -> Signature:
    request, reply = step.request, reply_of(step)
    calls = [part for part in reply.parts if part.kind == "tool_use"] if reply else []
    text = text_of(reply)[:4000] if reply else ""
    said = dump([[part.name, part.input] for part in calls]) if calls else text
    status = step.response.status if step.response else 0
    failure = step.error.name if step.error else ""
    words = re.findall(r"\w+", f"{said[:1000]} {text}" if calls else text)
    return Signature(
        kind="exchange",
        name=f"{request.method} {urlsplit(request.url).path}",
        site=step.call_site,
        request=request.body_hash,
        size=request.size,
        model=reply.model if reply else "",
        end=f"{status} {failure} {reply.stop_reason if reply else ''}",
        tools=tuple(part.name for part in calls),
        said=said,
        words=frozenset(words[:WORDS]),
    )


def distance(x: Signature, y: Signature) -> float:
    """What it costs to pair two steps: 0 for alike, APART for steps of different kinds."""
    if x.kind != y.kind:
        return APART
    elsewhere = x.site != y.site
    if x.kind != "exchange":
        return 0.5 + 0.3 * elsewhere if x.name == y.name else APART
    cost = 0.2 + 1.0 * (x.name != y.name) + 0.2 * elsewhere
    cost += 0.15 * (x.model != y.model) + 0.15 * (x.end != y.end)
    cost += 0.3 * (x.tools != y.tools) + 0.35 * (1 - _overlap(x.words, y.words))
    if x.request == y.request:
        return cost / 4
    return cost + 0.3 * (1 - (min(x.size, y.size) + 1) / (max(x.size, y.size) + 1))


def _overlap(x: frozenset[str], y: frozenset[str]) -> float:
    return len(x & y) / len(x | y) if x or y else 1.0
