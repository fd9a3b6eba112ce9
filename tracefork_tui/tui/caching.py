"""Where the prompt that a provider had cached stopped being the same, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..tape.steps import Exchange
from .look import Reader
from .times import begun

if TYPE_CHECKING:
    from .. import wire
    from ..diff.values import FieldChange

LEAST = 1024
"""The fewest tokens that providers cache."""

SLACK = 0.05
"""The part of a cached prompt that may be missing without being called a break."""

LIVES = 300
"""Seconds that Anthropic keeps an entry for, unless it is read in between."""

LOOK_BACK = 12
LISTS = ("messages", "input", "contents")
SETTINGS = ("model", "tools", "tool_choice", "toolConfig", "thinking")
SYSTEMS = ("system", "systemInstruction", "system_instruction", "instructions")


class Break(NamedTuple):
    """`held` tokens were in the cache after step `before`, `read` of them were used here.

    `change`: the first place of the prompt that differs, None where nothing does. `cost`: USD
    more than with the cache, None where the price is not known. `gap`: seconds between the steps.
    `marked`: whether the request asks for caching where that has to be asked for.
    """

    before: int
    held: int
    read: int
    change: FieldChange | None
    cost: float | None
    gap: float | None
    marked: bool


def held_by(usage: wire.Usage) -> int:
    """Tokens of the prompt that were in the cache after an exchange."""
    return (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)


def is_break(held: int, read: int) -> bool:
    """Whether so few of the tokens that were cached were read that the prefix has to differ."""
    return held >= LEAST and held - read > held * SLACK


def break_at(reader: Reader, n: int) -> Break | None:
    """The break of the cached prefix at an exchange, None where there is none or none is known."""
    from ..wire.body import as_json, decode

    reply, step = reader.reply(n), reader.step(n)
    if reply is None or reply.error or not isinstance(step, Exchange):
        return None
    if reply.usage.cache_read_tokens is None:
        return None
    before = _before(reader, n)
    earlier = reader.reply(before) if before else None
    if before is None or earlier is None:
        return None
    held, read = held_by(earlier.usage), reply.usage.cache_read_tokens
    if not is_break(held, read):
        return None
    other = reader.step(before)
    assert isinstance(other, Exchange)
    asked = [as_json(decode(one.request.body, one.request.headers)) for one in (other, step)]
    change = next(_differences(*asked), None)
    now, then = begun(reader, step), begun(reader, other)
    return Break(
        before,
        held,
        read,
        change,
        _cost(reply, held - read),
        None if now is None or then is None else now - then,
        reply.provider != "anthropic" or b'"cache_control"' in step.request.body,
    )


def _before(reader: Reader, n: int) -> int | None:
    """The exchange whose prompt this one should begin with: the last one of its conversation that
    was answered, else the last one that differs in no other message than the first."""
    earlier, talk = n, reader.talk(n)
    for _ in range(LOOK_BACK):
        found = reader.before(earlier)
        if found is None:
            break
        earlier, reply = found, reader.reply(found)
        if reply is not None and not reply.error and reader.talk(found) == talk:
            return found
    asked = reader.conversation(n)
    for _ in range(LOOK_BACK):
        found = reader.neighbour(n, -1)
        if found is None or asked is None:
            return None
        n, other, reply = found, reader.conversation(found), reader.reply(found)
        if other is None or reply is None or reply.error or other.model != asked.model:
            continue
        later = other.turns[1:]
        if later and later == asked.turns[1 : len(other.turns)]:
            return found
    return None


def _differences(before: Any, after: Any) -> Iterator[FieldChange]:
    """What differs of the prompt, in the order in which it is cached; what only follows is new."""
    from ..diff.values import ABSENT, FieldChange, changes
    from .talks import unmarked

    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    for name in (*SETTINGS, *SYSTEMS):
        one, other = (unmarked(asked.get(name, ABSENT)) for asked in (before, after))
        yield from changes(name, one, other)
    for name in LISTS:
        one, other = before.get(name), after.get(name)
        if isinstance(one, list) and isinstance(other, list):
            for place, (x, y) in enumerate(zip(one, other, strict=False)):
                yield from changes(f"{name}[{place}]", unmarked(x), unmarked(y))
            if len(other) < len(one):
                yield FieldChange(f"{name}[{len(other)}]", one[len(other)], ABSENT)


def _cost(reply: wire.Reply, lost: int) -> float | None:
    """What reading `lost` tokens anew cost more than reading them from the cache."""
    from .. import wire

    usage = reply.usage
    written = min(lost, usage.cache_write_tokens or 0)
    fresh = lost - written
    if not usage.inclusive:
        fresh = min(fresh, usage.input_tokens or 0)
    better = replace(
        usage,
        cache_read_tokens=(usage.cache_read_tokens or 0) + written + fresh,
        cache_write_tokens=(usage.cache_write_tokens or 0) - written,
        input_tokens=(usage.input_tokens or 0) - (0 if usage.inclusive else fresh),
    )
    prices = [wire.cost(reply.model, one, reply.provider) for one in (usage, better)]
    if prices[0] is None or prices[1] is None:
        return None
    return float(prices[0] - prices[1])
