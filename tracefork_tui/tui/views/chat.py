"""The conversation as turns, with this step's reply at its end; and what is new in it."""

from __future__ import annotations

import json
from typing import Any

from ... import wire
from ...tape.steps import Exchange
from ..document import Document, Kind
from ..look import Reader
from ..rows import ENDS, where
from ..text import short
from ..units import count

BAR = "▌ "
ROLES = {
    "user": Kind.USER,
    "assistant": Kind.ASSISTANT,
    "tool": Kind.RESULT,
    "model": Kind.ASSISTANT,
}

RESULTS = ("tool_result", "server_tool_result")
TITLED = (*RESULTS, "tool_use", "server_tool_use", "thinking", "redacted_thinking")


def build(reader: Reader, n: int) -> Document:
    """The whole conversation; `fresh` where what this step added begins."""
    page = Document()
    asked = reader.conversation(n)
    if asked is None:
        _no_conversation(page, reader, n)
        return page
    before, delta, echo = _since(reader, n, asked)
    new, names = delta.added[echo:], _names(asked)
    _system(page, asked)
    for turn in asked.turns[: len(asked.turns) - len(new)]:
        _turn(page, turn, names)
    if before is not None:
        _gap(page)
        page.mark_fresh()
        page.line(f"── {_what_changed(before, delta, len(new))} ──", Kind.NEW)
    for turn in new:
        _turn(page, turn, names)
    _reply(page, reader, n)
    return page


def build_delta(reader: Reader, n: int) -> Document:
    """What this step added to the conversation, and its reply."""
    page = Document()
    asked = reader.conversation(n)
    if asked is None:
        _no_conversation(page, reader, n)
        return page
    before, delta, echo = _since(reader, n, asked)
    new, names = delta.added[echo:], _names(asked)
    if before is None:
        page.line("── the first exchange of its conversation: everything is new ──", Kind.NEW)
        _system(page, asked)
        _tools(page, asked)
    else:
        page.line(f"── {_what_changed(before, delta, len(new))} ──", Kind.NEW)
        _removed(page, delta)
        if delta.changed_system:
            _system(page, asked)
        if delta.changed_tools:
            _tools(page, asked)
    for turn in new:
        _turn(page, turn, names)
    _reply(page, reader, n)
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


def _removed(page: Document, delta: wire.Delta) -> None:
    for turn in delta.removed:
        _gap(page)
        page.line(f"− {turn.role}, taken out", Kind.GONE)
        for part in turn.parts:
            words = part.text or part.name or part.kind
            page.line(f"  {short(words, 200)}", Kind.DIM)


def _system(page: Document, asked: wire.Conversation) -> None:
    if asked.system:
        _heading(page, "system", Kind.SYSTEM)
        for part in asked.system:
            _part(page, part, Kind.DIM)


def _tools(page: Document, asked: wire.Conversation) -> None:
    if asked.tools:
        _heading(page, "tools", Kind.SYSTEM)
        for tool in asked.tools:
            page.line(f"  {tool.name}  {short(tool.description, 120)}", Kind.DIM)


def _names(asked: wire.Conversation) -> dict[str, str]:
    """The tools that were called, by the call's id."""
    calls = ("tool_use", "server_tool_use")
    parts = (part for turn in asked.turns for part in turn.parts)
    return {part.id: part.name for part in parts if part.kind in calls}


def _turn(page: Document, turn: wire.Turn, names: dict[str, str]) -> None:
    kind = ROLES.get(turn.role, Kind.SYSTEM)
    named = False
    for part in turn.parts:
        spoken = part.kind not in TITLED
        if spoken and not named:
            _heading(page, turn.role or "(no role)", kind)
            named = True
        elif spoken:
            _gap(page)
        if part.kind in RESULTS:
            _result(page, part, names.get(part.id, ""))
        else:
            _part(page, part)


def _reply(page: Document, reader: Reader, n: int) -> None:
    step, reply = reader.step(n), reader.reply(n)
    if not isinstance(step, Exchange):
        return
    if reply is not None and (reply.parts or not reply.error):
        head = ["reply", reply.stop_reason or ""]
        if reply.usage.output_tokens is not None:
            head.append(f"{count(reply.usage.output_tokens)} tokens")
        head += [frame.partition(" in ")[0] for frame in step.call_site[:1]]
        _heading(page, " · ".join(filter(None, head)), Kind.ASSISTANT)
        for number, part in enumerate(reply.parts):
            if number and part.kind not in TITLED:
                _gap(page)
            _part(page, part)
        if not reply.parts:
            page.line("  (no content)", Kind.DIM)
    if reply is not None and reply.error:
        status = str(reply.error.status or "") if (reply.error.status or 0) >= 400 else ""
        _heading(page, " ".join(filter(None, ["✗", status, reply.error.type])), Kind.ERROR)
        page.add(reply.error.message, Kind.TEXT, 2)
        if reply.error.request_id:
            page.line(f"  request id {reply.error.request_id}", Kind.DIM)
    elif reply is not None and reply.problem:
        page.line(f"  ✗ {reply.problem}", Kind.ERROR)
    failure(page, step)


def failure(page: Document, step: Exchange) -> None:
    """What went wrong below HTTP, if anything did."""
    error = step.error
    if error is not None:
        _heading(page, f"✗ {error.name}", Kind.ERROR)
        page.add(error.message or "(without a message)", Kind.TEXT, 2)
        cause = error.cause
        while cause is not None:
            page.line(f"  caused by {cause}", Kind.DIM)
            cause = cause.cause
    elif step.ended in ENDS and (step.ended or step.response is None):
        _heading(page, f"▪ {ENDS[step.ended]}", Kind.SYSTEM)


def _no_conversation(page: Document, reader: Reader, n: int) -> None:
    step = reader.step(n)
    if not isinstance(step, Exchange):
        return
    page.line("Not a request to a model that can be read as messages.", Kind.DIM)
    page.line("")
    page.line(where(step), Kind.HEADING)
    if step.response is not None:
        page.line(f"{step.response.status} {step.response.reason}")
    page.line("REQUEST, RESPONSE and HEADERS hold what was sent and received.", Kind.DIM)
    failure(page, step)


def _part(page: Document, part: wire.Part, prose: Kind = Kind.PROSE) -> None:
    if part.kind in ("text", "refusal"):
        if part.kind == "refusal":
            page.line("  refusal:", Kind.ERROR)
        page.add(part.text, prose, 2)
        for citation in part.citations:
            page.line(f"  cites {short(_json(citation, None), 200)}", Kind.DIM)
    elif part.kind == "thinking":
        _heading(page, "thinking", Kind.SYSTEM)
        page.add(part.text or "(hidden by the provider)", Kind.THINKING, 2)
    elif part.kind == "redacted_thinking":
        _heading(page, f"thinking · redacted, {len(part.signature):,} characters", Kind.SYSTEM)
    elif part.kind in ("tool_use", "server_tool_use"):
        _call(page, part)
    elif part.kind in RESULTS:
        _result(page, part)
    elif part.kind in ("image", "document"):
        _file(page, part)
    else:
        page.line(f"  {part.name or 'unknown'} {part.problem}".rstrip(), Kind.DIM)
        page.add(part.text, Kind.JSON, 2)


def _call(page: Document, part: wire.Part) -> None:
    by = "" if part.kind == "tool_use" else " (run by the provider)"
    _heading(page, f"tool_use {part.name}{by}", Kind.CALL)
    if part.broken:
        page.line(f"  ✗ {part.problem}", Kind.ERROR)
        page.add(part.raw_input, Kind.TEXT, 2)
    else:
        page.add(_json(part.input, 2), Kind.JSON, 2)


def _result(page: Document, part: wire.Part, called: str = "") -> None:
    failed = " ✗ is_error" if part.is_error else ""
    name = called or (part.id if part.name in ("", "tool_result") else part.name)
    _heading(page, f"tool_result {name}{failed}", Kind.ERROR if part.is_error else Kind.RESULT)
    for inner in part.parts:
        if inner.kind == "text":
            value = _parsed(inner.text)
            if value is None:
                page.add(inner.text, Kind.VALUE, 2)
            else:
                page.add(_json(value, 2), Kind.JSON, 2)
        else:
            _part(page, inner)
    if not part.parts:
        page.line("  (empty)", Kind.DIM)


def _file(page: Document, part: wire.Part) -> None:
    inline = "://" not in part.source and len(part.source) > 100
    place = f"{len(part.source):,} characters of base64" if inline else part.source
    words = [part.kind, part.name, part.media_type, place]
    page.line("  " + " · ".join(filter(None, words)), Kind.DIM)
    if part.text:
        page.add(part.text, Kind.VALUE, 2)
    for inner in part.parts:
        _part(page, inner)


def _heading(page: Document, text: str, kind: Kind) -> None:
    _gap(page)
    page.line(BAR + text, kind)


def _gap(page: Document) -> None:
    if page.lines and page.lines[-1]:
        page.line("")


def _parsed(text: str) -> Any:
    """The JSON object or array that a text is, None for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json(value: Any, indent: int | None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
