"""Receipts and reports as documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .document import Document, Kind

WIDTH = 14
_DIGEST = re.compile(r"\b([0-9a-f]{24})[0-9a-f]{40}\b")


def report(lines: Sequence[str], good: bool) -> Document:
    """The lines of a receipt, each by what it says: the verdict, and what speaks against it
    before the counts."""
    page, rest = Document(), list(lines[1:])
    for line in lines[:1]:
        page.line(f"{'✓' if good else '✗'} {line}", Kind.ASSISTANT if good else Kind.ERROR)
    if not good:
        rest.sort(key=_is_count)
    for line in rest:
        text = line.strip()
        if "NOT PROVEN" in text or text.startswith("failed:"):
            page.line(text, Kind.ERROR)
        elif line.startswith("    "):
            page.line(line[2:], Kind.TEXT)
        elif not _is_count(line):
            page.line(text, Kind.DIM)
        else:
            name, value = text[:WIDTH].strip(), _DIGEST.sub(r"\1…", text[WIDTH:].strip())
            page.line(f"{name:<{WIDTH + 1}} {value}", Kind.FIELD)
    return page


def _is_count(line: str) -> bool:
    text = line.strip()
    beside = line.startswith("    ") or text.startswith(("failed:", "not ", "changed "))
    return not beside and "NOT PROVEN" not in text
