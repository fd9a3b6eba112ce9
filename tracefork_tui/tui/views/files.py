"""Files inside of messages: their format and size, read from their first bytes."""

from __future__ import annotations

import binascii
import re
import struct

from ..units import size

LEAST = 100
"""The fewest characters that are taken for base64 and not for a name, whatever they spell."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_\-=\s]*")


def inline(source: str) -> bytes | None:
    """The bytes that are in a message as base64, None where it only names a place."""
    head, comma, rest = source.partition(";base64,")
    text = rest if comma and head.startswith("data:") else source
    if len(text) % 4 == 1 or not _BASE64.fullmatch(text):
        return None
    text = text.translate({ord("-"): "+", ord("_"): "/"})
    try:
        data = binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if comma or len(text) >= LEAST or _format(data)[0] else None


def about(data: bytes) -> str:
    """Format and size of a file, of a picture its pixels too."""
    name, pixels = _format(data)
    shape = f"{pixels[0]:,} × {pixels[1]:,} pixels" if pixels else ""
    return " · ".join(filter(None, [name, shape, size(len(data))]))


def _format(data: bytes) -> tuple[str, tuple[int, int] | None]:
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return "PNG", struct.unpack(">II", data[16:24])
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return "GIF", struct.unpack("<HH", data[6:10])
        if data[:2] == b"\xff\xd8":
            return "JPEG", _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return "WebP", _webp(data)
    except (struct.error, IndexError):
        return "", None
    return ("PDF", None) if data[:5] == b"%PDF-" else ("", None)


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] in range(0xC0, 0xD0) and data[at + 1] not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    if data[12:16] == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if data[12:16] == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
