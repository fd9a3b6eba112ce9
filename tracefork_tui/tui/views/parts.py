"""The pieces of a message as lines: text, thinking, calls, results, files, citations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import wire
from ...tape.steps import Exchange
from ...wire.body import dump
from ...wire.loose import obj, string
from ..document import Document, Kind
from ..rows import ENDS
from ..text import short
from . import files, tree

BAR = "▌ "
RESULTS = ("tool_result", "server_tool_result")
CALLS = ("tool_use", "server_tool_use")
TITLED = (*RESULTS, *CALLS, "thinking", "redacted_thinking")
CITED = ("title", "document_title", "filename", "url", "source", "file_id", "type")
QUOTE = 200


def names_of(turns: Sequence[wire.Turn]) -> dict[str, str]:
    """The tools that were called, by the call's id; where ids come again, the last ones."""
    parts = (part for turn in turns for part in turn.parts)
    return {part.id: part.name for part in parts if part.kind in CALLS}


def heading(page: Document, text: str, kind: Kind) -> None:
    page.section(BAR + text, kind)


def gap(page: Document) -> None:
    if page.lines and page.lines[-1]:
        page.line("")


def failure(page: Document, step: Exchange) -> None:
    """What went wrong below HTTP, if anything did."""
    error = step.error
    if error is not None:
        heading(page, f"✗ {error.name}", Kind.ERROR)
        page.add(error.message or "(without a message)", Kind.TEXT, 2)
        cause = error.cause
        while cause is not None:
            page.line(f"  caused by {cause}", Kind.DIM)
            cause = cause.cause
    elif step.ended in ENDS and (step.ended or step.response is None):
        heading(page, f"▪ {ENDS[step.ended]}", Kind.SYSTEM)


def add_part(page: Document, part: wire.Part, prose: Kind = Kind.PROSE, called: str = "") -> None:
    """One piece; `called`: the tool that a result is from, where that is known."""
    if part.kind in ("text", "refusal"):
        if part.kind == "refusal":
            page.line("  refusal:", Kind.ERROR)
        page.add(part.text, prose, 2)
        for citation in part.citations:
            page.line(f"  cites {_cited(citation)}", Kind.DIM)
    elif part.kind == "thinking":
        heading(page, "thinking", Kind.SYSTEM)
        page.add(part.text or "(hidden by the provider)", Kind.THINKING, 2)
    elif part.kind == "redacted_thinking":
        heading(page, f"thinking · redacted, {len(part.signature):,} characters", Kind.SYSTEM)
    elif part.kind in CALLS:
        _call(page, part)
    elif part.kind in RESULTS:
        _result(page, part, called)
    elif part.kind in ("image", "document"):
        _file(page, part)
    else:
        page.line(f"  {part.name or 'unknown'} {part.problem}".rstrip(), Kind.DIM)
        add_text(page, part.text)
    if part.cached:
        page.line("  ┄┄ cache mark: the prompt is cached up to here ┄┄", Kind.DIM)


def add_text(page: Document, text: str) -> None:
    """A text that a tool gave back: as a tree if it is a JSON object or array."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = tree.parse(text)
        except (ValueError, RecursionError):
            pass
        else:
            tree.add_value(page, value, pad="  ")
            return
    page.add(text, Kind.VALUE, 2)


def _call(page: Document, part: wire.Part) -> None:
    by = "" if part.kind == "tool_use" else " (run by the provider)"
    heading(page, f"tool_use {part.name}{by}", Kind.CALL)
    if part.broken:
        page.line(f"  ✗ {part.problem}", Kind.ERROR)
        page.add(part.raw_input, Kind.TEXT, 2)
    else:
        tree.add_value(page, part.input, pad="  ", texts=True)


def _result(page: Document, part: wire.Part, called: str) -> None:
    failed = " ✗ is_error" if part.is_error else ""
    name = called or (part.id if part.name in ("", "tool_result") else part.name)
    heading(page, f"tool_result {name}{failed}", Kind.ERROR if part.is_error else Kind.RESULT)
    for inner in part.parts:
        if inner.kind == "text":
            add_text(page, inner.text)
        else:
            add_part(page, inner)
    if not part.parts:
        page.line("  (empty)", Kind.DIM)


def _file(page: Document, part: wire.Part) -> None:
    found = files.inline(part.source)
    place = files.about(found) if found is not None else part.source
    age = string(obj(part.data).get("page_age"))
    nothing = "" if part.text or part.parts else "(no content)"
    words = [part.kind, part.name, part.media_type, place or nothing, age]
    page.line("  " + " · ".join(filter(None, words)), Kind.DIM)
    if part.text:
        page.add(part.text, Kind.VALUE, 2)
    for inner in part.parts:
        add_part(page, inner)


def _cited(citation: Any) -> str:
    """What a citation points to: the quoted words, and where they are from."""
    marks = obj(citation)
    marks = obj(marks.get("url_citation")) or obj(marks.get("file_citation")) or marks
    quoted = string(marks.get("cited_text")) or string(marks.get("quote"))
    places = [string(marks.get(key)) for key in CITED]
    where = " · ".join([place for place in places if place][:2])
    if not where:
        return short(dump(citation), QUOTE)
    return f"“{short(quoted, QUOTE)}” {short(where, QUOTE)}" if quoted else short(where, QUOTE)
