"""The conversation as turns, with this step's reply at its end; and what is new in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ... import wire
from ...tape.steps import Exchange
from ...wire.body import dump
from ..document import Document, Fold, Kind
from ..look import Reader
from ..rows import closed_whole, where
from ..text import short
from ..units import count
from . import bodies, tree
from .parts import CALLS, TITLED, add_part, failure, gap, heading, names_of

KEPT = 60
"""So many messages before the new ones are made into lines; more than that where few are left."""

REPLY = -1
LINKS = 200
"""How far a thread that the provider keeps is followed back."""

PARAM = 60
"""The most characters of a parameter that are shown."""

ROLES = {
    "user": Kind.USER,
    "assistant": Kind.ASSISTANT,
    "tool": Kind.RESULT,
    "model": Kind.ASSISTANT,
}


class Message(NamedTuple):
    """What a section is about: a message of step `n`'s request, or REPLY."""

    n: int
    place: int


def build(reader: Reader, n: int) -> Document:
    """The whole conversation; `fresh` where what this step added begins."""
    page = Document()
    asked = reader.conversation(n)
    if asked is None:
        _no_conversation(page, reader, n)
        return page
    before, delta, echo = _since(reader, n, asked)
    new = delta.added[echo:]
    page.about = None
    _head(page, asked)
    _system(page, asked)
    _tools(page, asked, closed=True)
    names = _thread(page, reader, n) if asked.previous_message_id is not None else {}
    old = len(asked.turns) - len(new)
    far = old - KEPT if old > 2 * KEPT else 0
    if far:
        _earlier(page, n, asked.turns[:far], dict(names))
        names |= names_of(asked.turns[:far])
    _turns(page, n, asked.turns, range(far, old), names)
    if before is not None:
        gap(page)
        page.mark_fresh()
        grown = _grown(reader, before, n)
        page.line(f"── {_what_changed(before, delta, len(new))}{grown} ──", Kind.NEW)
    _turns(page, n, asked.turns, range(old, len(asked.turns)), names)
    _reply(page, reader, n)
    page.end_section()
    return page


def build_delta(reader: Reader, n: int) -> Document:
    """What this step added to the conversation, and its reply."""
    page = Document()
    asked = reader.conversation(n)
    if asked is None:
        _no_conversation(page, reader, n)
        return page
    before, delta, echo = _since(reader, n, asked)
    new = delta.added[echo:]
    old = len(asked.turns) - len(new)
    if before is None:
        page.line("── the first exchange of its conversation: everything is new ──", Kind.NEW)
        _system(page, asked)
        _tools(page, asked)
    else:
        grown = _grown(reader, before, n)
        page.line(f"── {_what_changed(before, delta, len(new))}{grown} ──", Kind.NEW)
        _removed(page, delta)
        if delta.changed_system:
            _system(page, asked)
        if delta.changed_tools:
            _tools(page, asked)
    _turns(page, n, asked.turns, range(old, len(asked.turns)), names_of(asked.turns[:old]))
    _reply(page, reader, n)
    page.end_section()
    return page


def _since(reader: Reader, n: int, asked: wire.Conversation) -> tuple[int | None, wire.Delta, int]:
    """The exchange before, what changed since, and how many of the added turns only say again
    what that exchange replied."""
    before = reader.before(n)
    if before is None:
        return None, wire.added(None, asked), 0
    delta, reply = wire.added(reader.conversation(before), asked), reader.reply(before)
    said = bool(delta.added and reply and reply.parts and delta.added[0].parts == reply.parts)
    return before, delta, int(said)


def _what_changed(before: int, delta: wire.Delta, new: int) -> str:
    said = [f"its reply and {new} message{'s' * (new != 1)} more"] * (new < len(delta.added))
    said = said or [f"{new} message{'s' * (new != 1)} more"] * bool(new)
    if delta.removed:
        said.append(f"{len(delta.removed)} taken out")
    said += ["another system prompt"] * delta.changed_system
    said += ["other tools"] * delta.changed_tools
    if not said:
        return f"the same request as step {before}"
    return f"since step {before}: {', '.join(said)}"


def _grown(reader: Reader, before: int, n: int) -> str:
    """How many more tokens the model read, where both replies tell."""
    pair = (reader.reply(before), reader.reply(n))
    tokens = [reply.usage.context_tokens for reply in pair if reply is not None]
    if len(tokens) < 2 or tokens[0] is None or tokens[1] is None:
        return ""
    return f" · {tokens[1] - tokens[0]:+,} tokens"


def _removed(page: Document, delta: wire.Delta) -> None:
    for turn in delta.removed:
        gap(page)
        page.line(f"− {turn.role}, taken out", Kind.GONE)
        for part in turn.parts:
            words = part.text or part.name or part.kind
            page.line(f"  {short(words, 200)}", Kind.DIM)


def _system(page: Document, asked: wire.Conversation) -> None:
    if asked.system:
        heading(page, "system", Kind.SYSTEM)
        for part in asked.system:
            add_part(page, part, Kind.DIM)


def _head(page: Document, asked: wire.Conversation) -> None:
    """The model, and how it was asked."""
    words = [asked.model or "(no model)", asked.api, "streamed" if asked.stream else ""]
    told = [f"{name} {short(dump(value), PARAM)}" for name, value in asked.params.items()]
    page.line(" · ".join(filter(None, [*words, *told])), Kind.DIM)


def _tools(page: Document, asked: wire.Conversation, closed: bool = False) -> None:
    """The tools on offer: what each is for, and what it takes."""
    if not asked.tools:
        return
    names = ", ".join(tool.name for tool in asked.tools)
    heading(page, f"tools · {len(asked.tools)}: {short(names, PARAM)}", Kind.SYSTEM)
    head = len(page.lines) - 1
    for tool in asked.tools:
        page.line(f"  {tool.name}", Kind.HEADING)
        if tool.description:
            page.add(tool.description, Kind.DIM, 4)
        if tool.schema:
            tree.add_value(page, tool.schema, pad="    ")
    page.end_section()
    if closed:
        page.toggle(head)


def _thread(page: Document, reader: Reader, n: int) -> dict[str, str]:
    """What the provider kept of a conversation of which only what is new was sent; gives the names
    of the tools that were called in it."""
    chain: list[int] = []
    asked, at = reader.conversation(n), n
    while asked is not None and asked.previous_message_id is not None and len(chain) < LINKS:
        before = reader.before(at)
        if before is None:
            gone = f"… what {short(asked.previous_message_id, PARAM)} followed is not on this tape"
            page.line(gone, Kind.DIM)
            break
        chain.append(before)
        asked, at = reader.conversation(before), before
    names: dict[str, str] = {}
    for step in reversed(chain):
        asked, reply = reader.conversation(step), reader.reply(step)
        if asked is None:
            continue
        _turns(page, step, asked.turns, range(len(asked.turns)), names)
        if reply is not None:
            page.about = Message(step, REPLY)
            _turn(page, wire.Turn(reply.role, reply.parts), names)
    return names


def _earlier(page: Document, n: int, turns: Sequence[wire.Turn], names: dict[str, str]) -> None:
    """Messages from long ago, made into lines when they are asked for."""

    def make(fold: Fold) -> Document:
        inside = Document()
        _turns(inside, n, turns, range(len(turns)), names)
        inside.end_section()
        for inner in inside.folds.values():
            inner.parent = inner.parent or fold
        return inside

    def holds(needle: str) -> bool:
        case = any(map(str.isupper, needle))
        return any(_holds(part, needle, case) for turn in turns for part in turn.parts)

    page.end_section()
    gap(page)
    page.line(f"… {len(turns):,} earlier messages", Kind.DIM)
    told = f"the first {len(turns):,} messages"
    page.folds[len(page.lines) - 1] = Fold(other=told, make=make, holds=holds)


def _holds(part: wire.Part, needle: str, case: bool) -> bool:
    """Whether a text may be in the lines of a part."""
    said = [part.text, part.name, part.raw_input, part.kind]
    said += [dump(part.input)] if part.input is not None else []
    if any(needle in (text if case else text.lower()) for text in said):
        return True
    return any(_holds(inner, needle, case) for inner in part.parts)


def _turns(
    page: Document, n: int, turns: Sequence[wire.Turn], places: range, names: dict[str, str]
) -> None:
    for place in places:
        page.about = Message(n, place)
        _turn(page, turns[place], names)
    page.about = Message(n, REPLY)


def _turn(page: Document, turn: wire.Turn, names: dict[str, str]) -> None:
    """`names`: the tools that were called before, by the call's id; what is called here is added,
    as some agents use an id again."""
    kind = ROLES.get(turn.role, Kind.SYSTEM)
    named = False
    for part in turn.parts:
        spoken = part.kind not in TITLED
        if spoken and not named:
            heading(page, turn.role or "(no role)", kind)
        elif spoken:
            gap(page)
        named = spoken
        if part.kind in CALLS:
            names[part.id] = part.name
        add_part(page, part, called=names.get(part.id, ""))


def _reply(page: Document, reader: Reader, n: int) -> None:
    step, reply = reader.step(n), reader.reply(n)
    if not isinstance(step, Exchange):
        return
    if reply is not None and (reply.parts or not reply.error):
        head = ["reply", reply.stop_reason or ""]
        if reply.usage.output_tokens is not None:
            head.append(f"{count(reply.usage.output_tokens)} tokens")
        head += [frame.partition(" in ")[0] for frame in step.call_site[:1]]
        heading(page, " · ".join(filter(None, head)), Kind.ASSISTANT)
        for before, part in zip([None, *reply.parts], reply.parts, strict=False):
            if before is not None and part.kind not in TITLED:
                if before.kind in TITLED:
                    heading(page, "text", Kind.ASSISTANT)
                else:
                    gap(page)
            add_part(page, part)
        if not reply.parts:
            page.line("  (no content)", Kind.DIM)
    if reply is not None and reply.error:
        status = str(reply.error.status or "") if (reply.error.status or 0) >= 400 else ""
        heading(page, " ".join(filter(None, ["✗", status, reply.error.type])), Kind.ERROR)
        page.add(reply.error.message, Kind.TEXT, 2)
        if reply.error.request_id:
            page.line(f"  request id {reply.error.request_id}", Kind.DIM)
    elif reply is not None and reply.problem:
        page.line(f"  ✗ {reply.problem}", Kind.ERROR)
    if not closed_whole(step, reply):
        failure(page, step)


def _no_conversation(page: Document, reader: Reader, n: int) -> None:
    """What was sent and received, where it cannot be read as messages."""
    step = reader.step(n)
    if not isinstance(step, Exchange):
        return
    page.line("Not a request to a model that can be read as messages.", Kind.DIM)
    heading(page, where(step), Kind.USER)
    bodies.add_body(page, [step.request.body], step.request.headers)
    response = step.response
    if response is not None:
        heading(page, f"{response.status} {response.reason}".rstrip(), Kind.ASSISTANT)
        bodies.add_body(page, [chunk.data for chunk in response.chunks], response.headers)
    failure(page, step)
    page.end_section()
