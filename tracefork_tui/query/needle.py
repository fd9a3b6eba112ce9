"""A text or a number as a pattern over bytes, however JSON may have written it.

Each character stands for all its escapes, at any depth: tool arguments are JSON within JSON. A
number stands for itself as a JSON value and as text (4800, 4800.0, "4,800.00"), not as a part of
a longer one.
"""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of a text that are looked for; the rest is taken to follow."""

NUMBER = re.compile(r"([-+]?)(\d[\d,_]*)(?:\.(\d+))?", re.ASCII)
SHORT_ESCAPES = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f"}
SELDOM_ESCAPED = "<>&'="

_BEFORE = rb"(?:(?<![0-9A-Za-z_])(?<![0-9]\.)|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))"
_AFTER = rb"(?![0-9A-Za-z_])(?!\.[0-9])"


def needle(text: str) -> re.Pattern[bytes]:
    """The pattern that finds `text` in a body. Matches nothing for an empty text."""
    number = NUMBER.fullmatch(text.strip())
    if number and len(text) < 40:
        return re.compile(_number(*number.groups(default="")))
    if not text:
        return re.compile(rb"(?!)")
    return re.compile(b"".join(map(_character, re.sub(r"\\+", r"\\", text[:LONGEST]))))


def _number(sign: str, whole: str, fraction: str) -> bytes:
    digits = re.sub(r"[,_]", "", whole).lstrip("0") or "0"
    groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)]
    fraction = fraction.rstrip("0")
    rest = rf"\.{fraction}0*" if fraction else r"(?:\.0+)?"
    minus = "-" if sign == "-" else ""
    return _BEFORE + f"{minus}{'[,_]?'.join(reversed(groups))}{rest}".encode() + _AFTER


def _character(one: str) -> bytes:
    code = ord(one)
    if one == "\\":
        return rb"\\+"
    if one in '"/':
        return rb"\\*" + one.encode()
    if one in SHORT_ESCAPES:
        return rb"(?:\\+%s|\\+u%s|%s)" % (SHORT_ESCAPES[one].encode(), _hex(code), _raw(one))
    if one in SELDOM_ESCAPED or not 0x20 <= code < 0x7F:
        return rb"(?:%s|%s)" % (_raw(one), _unicode(one))
    return _raw(one)


def _raw(one: str) -> bytes:
    return re.escape(one.encode("utf-8", "surrogatepass"))


def _unicode(one: str) -> bytes:
    """As `\\uXXXX`, or as two of them."""
    units = one.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return b"".join(rb"\\+u" + _hex(code) for code in codes)


def _hex(code: int) -> bytes:
    digits = f"{code:04x}"
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in digits).encode()
