"""Colours for one line at a time, by regular expression: only what is on screen is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Kind, Span

_JSON = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)(?P<colon>\s*:)?'
    r"|(?P<number>-?\d[\d.eE+-]*)"
    r"|(?P<word>\b(?:true|false|null)\b)"
    r"|(?P<punct>[{}\[\],]+)"
)
_PROSE = re.compile(r"(?P<code>`[^`]+`)|(?P<strong>\*\*[^*]+\*\*)")
_HEAD = re.compile(r"\s*#{1,6} ")
_FIELD = re.compile(r"[^:]*?(?=: |:$|  )")


def spans(text: str, kind: Kind) -> Iterator[Span]:
    """The coloured pieces of a line."""
    if kind == Kind.JSON:
        return _json(text)
    if kind == Kind.PROSE:
        return _prose(text)
    return _field(text) if kind == Kind.FIELD else iter(())


def _json(text: str) -> Iterator[Span]:
    for found in _JSON.finditer(text):
        if found.lastgroup == "colon":
            yield found.start("string"), found.end("string"), "key"
        else:
            yield found.start(), found.end(), found.lastgroup or "punct"


def _prose(text: str) -> Iterator[Span]:
    if _HEAD.match(text):
        yield 0, len(text), "strong"
        return
    for found in _PROSE.finditer(text):
        yield found.start(), found.end(), found.lastgroup or "code"


def _field(text: str) -> Iterator[Span]:
    found = _FIELD.match(text)
    if found:
        yield 0, found.end(), "key"
