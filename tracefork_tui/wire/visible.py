"""Text of a tape made harmless for a terminal."""

from __future__ import annotations

_BIDI = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

_PICTURES = (
    {c: chr(0x2400 + c) for c in range(0x20)}
    | {0x7F: "\u2421"}
    | {c: f"\\x{c:02x}" for c in range(0x80, 0xA0)}
    | {ord(c): f"\\u{ord(c):04x}" for c in _BIDI}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
)


def visible(text: str) -> str:
    """The text on one line: control, direction and surrogate characters as visible signs."""
    return text.translate(_PICTURES)


def printed(text: str, most: int) -> str:
    """The first words of a text on one line, no longer than `most` characters."""
    head = "".join(c if c.isprintable() else " " for c in text[: most * 4])
    line = " ".join(head.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
