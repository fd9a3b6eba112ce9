"""AWS's event stream, as Bedrock sends it: frames of headers and a payload, each with checksums."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from .body import Headers, as_json, header
from .sse import Event

MEDIA_TYPE = "application/vnd.amazon.eventstream"
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type; the types 6 and 7 tell their length."""

_TEXT = 7
_PRELUDE = 12
_LEAST = _PRELUDE + 4
_LARGEST = 24 * 1024 * 1024


def is_frames(headers: Headers, body: bytes) -> bool:
    """Whether a decoded body is such a stream: it says so, or its first frame begins like one."""
    if header(headers, "content-type").lower().startswith(MEDIA_TYPE):
        return True
    return len(body) >= _LEAST and _begins(body, 0)


class Parser:
    """Incremental reader: feed chunks as they come, then close. As `sse.Parser`."""

    def __init__(self) -> None:
        self._waiting = b""
        self._at = 0
        self._chunk = -1
        self._broken = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        self._chunk += 1
        self._waiting += chunk
        events: list[Event] = []
        done = 0
        while not self._broken and len(self._waiting) - done >= _LEAST:
            size = struct.unpack_from(">I", self._waiting, done)[0]
            self._broken = not _begins(self._waiting, done) or not _LEAST <= size <= _LARGEST
            if self._broken or size > len(self._waiting) - done:
                break
            frame = self._waiting[done : done + size]
            self._broken = crc32(frame[:-4]) != int.from_bytes(frame[-4:])
            if not self._broken:
                name, data = _told(frame)
                start = self._at + done
                events.append(Event(name, data, start, start + size, self._chunk))
                done += size
        self._waiting = self._waiting[done:]
        self._at += done
        return events

    def close(self) -> list[Event]:
        """No event is held back."""
        return []

    @property
    def tail(self) -> int | None:
        """Offset of a frame that is cut off or damaged, None if there is none."""
        return self._at if self._waiting else None


def parse(chunks: Iterable[bytes]) -> list[Event]:
    """All whole frames up to the first that is damaged."""
    parser = Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def wrapped(event: Mapping[str, Any]) -> bytes:
    """A frame that carries an event of another stream, as Bedrock wraps a model's own."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    payload = json.dumps({"bytes": base64.b64encode(text).decode()}).encode()
    return frame({":event-type": "chunk", ":message-type": "event"}, payload)


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame on the wire."""
    head = b""
    for name, value in {**headers, ":content-type": "application/json"}.items():
        text = value.encode()
        head += struct.pack(">B", len(name)) + name.encode()
        head += struct.pack(">BH", _TEXT, len(text)) + text
    start = struct.pack(">II", _LEAST + len(head) + len(payload), len(head))
    whole = start + struct.pack(">I", crc32(start)) + head + payload
    return whole + struct.pack(">I", crc32(whole))


def _begins(data: bytes, at: int) -> bool:
    return crc32(data[at : at + 8]) == int.from_bytes(data[at + 8 : at + _PRELUDE])


def _told(frame: bytes) -> tuple[str, str]:
    """An event's name and data; of one that wraps another, those of what is wrapped."""
    size = struct.unpack_from(">I", frame, 4)[0]
    headers = _headers(frame[_PRELUDE : _PRELUDE + size])
    payload = frame[_PRELUDE + size : -4]
    data = payload.decode("utf-8", "replace")
    value = as_json(data)
    failure = headers.get(":exception-type") or headers.get(":error-code")
    if failure:
        message = value.get("message") if isinstance(value, dict) else None
        message = str(message or headers.get(":error-message") or data)
        error = {"type": "error", "error": {"type": failure, "message": message}}
        return "error", json.dumps(error, ensure_ascii=False)
    inner = value.get("bytes") if isinstance(value, dict) else None
    if isinstance(inner, str):
        try:
            data = base64.b64decode(inner, validate=True).decode("utf-8", "replace")
        except ValueError:
            return headers.get(":event-type", ""), data
        value = as_json(data)
        kind = value.get("type") if isinstance(value, dict) else None
        return str(kind or headers.get(":event-type", "")), data
    return headers.get(":event-type", ""), data


def _headers(data: bytes) -> dict[str, str]:
    """The texts among a frame's headers, as far as they can be read."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            name = data[at + 1 : at + 1 + data[at]].decode("utf-8", "replace")
            at += 1 + data[at]
            kind, at = data[at], at + 1
            size = _SIZES.get(kind)
            if size is None:
                size, at = struct.unpack_from(">H", data, at)[0], at + 2
            if kind == _TEXT:
                found[name] = data[at : at + size].decode("utf-8", "replace")
            at += size
    except (IndexError, struct.error):
        pass
    return found
