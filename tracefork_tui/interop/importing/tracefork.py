"""Tapes and stores of tracefork: SQLite files and the blobs of its API.

They hold bodies and draws only: no URL, status, header or time, and draws apart from exchanges.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

from ...wire.body import decode_chunks
from ...wire.loose import obj, seq
from .guess import ANTHROPIC, content_type, speaks_anthropic
from .material import Material
from .model import Part, Run, Traffic, Value, text

TITLE = "tracefork tape"
LACKS = (
    "command", "call sites", "exit code", "chunk boundaries", "order of draws and exchanges",
    "method, URL and status (those of the Messages API are assumed)",
    "headers (content-type is inferred from the body)",
)  # fmt: skip

_SQLITE = b"SQLite format 3\x00"
_MAGIC = b"TFTAPE\x00"


def matches(material: Material) -> bool:
    if material.raw.startswith(_MAGIC):
        return True
    if material.raw.startswith(_SQLITE):
        with closing(_database(material)) as database:
            return bool({"events", "tapes"} & _tables(database))
    document = material.document
    return isinstance(document.get("exchanges"), list) and "draws" in document


def parts(material: Material) -> list[Part]:
    if not material.raw.startswith(_SQLITE):
        return [Part(lambda: _from_blob(material.raw))]
    with closing(_database(material)) as database:
        if "tapes" not in _tables(database):
            return [Part(lambda: _from_database(material))]
        names = [str(row[0]) for row in database.execute("SELECT run_id FROM tapes ORDER BY rowid")]
    return [Part(lambda name=name: _stored(material, name), name) for name in names]  # type: ignore[misc]


def _database(material: Material) -> sqlite3.Connection:
    if material.packed:
        raise ValueError("a compressed SQLite file; unpack it first")
    wal = f"{material.path}-wal"
    still = "" if os.path.exists(wal) and os.path.getsize(wal) else "&immutable=1"
    address = f"file:{quote(os.path.abspath(material.path))}?mode=ro{still}"
    return sqlite3.connect(address, uri=True)


def _tables(database: sqlite3.Connection) -> set[str]:
    return {str(row[0]) for row in database.execute("SELECT name FROM sqlite_master")}


def _from_database(material: Material) -> Run:
    with closing(_database(material)) as database:
        blobs = dict(database.execute("SELECT hash, data FROM blobs"))
        rows = database.execute("SELECT kind, a, b FROM events ORDER BY seq").fetchall()
        about = dict(database.execute("SELECT key, value FROM meta"))
    draws = [(a, b) for kind, a, b in rows if kind == "draw"]
    exchanges = [(_plain(blobs[a]), _plain(blobs[b])) for kind, a, b in rows if kind == "exchange"]
    tools = [(_plain(blobs[a]), _plain(blobs[b])) for k, a, b in rows if k == "tool_exchange"]
    return _run(draws, exchanges, tools, about)


def _stored(material: Material, name: str) -> Run:
    with closing(_database(material)) as database:
        rows = database.execute("SELECT tape_bytes FROM tapes WHERE run_id = ?", (name,))
        return _from_blob(bytes(rows.fetchone()[0]))


def _from_blob(raw: bytes) -> Run:
    """Version 1 is JSON; later ones a JSON header and the bodies, each compressed."""
    if not raw.startswith(_MAGIC):
        found = obj(json.loads(raw))
        both = [tuple(map(base64.b64decode, pair)) for pair in seq(found.get("exchanges"))]
        return _run(seq(found.get("draws")), both, [], found)
    at = len(_MAGIC) + 2
    header_size = int.from_bytes(raw[at : at + 4], "big")
    at += 4
    found = obj(json.loads(raw[at : at + header_size]))
    at += header_size
    blobs = {}
    for name in seq(found.get("blob_hashes")):
        size = int.from_bytes(raw[at : at + 4], "big")
        blobs[name] = _plain(raw[at + 4 : at + 4 + size])
        at += 4 + size
    exchanges = [(blobs[a], blobs[b]) for a, b in seq(found.get("exchanges"))]
    tools = [(blobs[a], blobs[b]) for a, b in seq(found.get("tool_exchanges"))]
    return _run(seq(found.get("draws")), exchanges, tools, found)


def _run(draws: list[Any], exchanges: list[Any], tools: list[Any], about: dict[str, Any]) -> Run:
    run = Run([Value(text(kind), "str", value) for kind, value in draws], LACKS)
    run.events += [_exchange(asked, came) for asked, came in exchanges]
    run.events += [_tool(asked, came) for asked, came in tools]
    if not draws:
        run.lacks = ("draws", *LACKS)
    run.name = text(about.get("agent_name"))
    if about.get("content_redacted") not in (None, False, "0", 0):
        run.notes.append("the source had message contents replaced when it was recorded")
    return run


def _exchange(asked: bytes, came: bytes) -> Traffic:
    url = ANTHROPIC if speaks_anthropic(asked, came) else ""
    return Traffic(
        method="POST" if url else "",
        url=url,
        headers=content_type(asked),
        body=asked,
        status=200,
        response_headers=content_type(came),
        chunks=[came],
    )


def _tool(asked: bytes, came: bytes) -> Value:
    """A frame of JSON-RPC that went to a tool, and what it gave."""
    called = obj(_json(asked))
    name = text(obj(called.get("params")).get("name") or called.get("method") or "tool")
    return Value(name, "value", _json(came))


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _plain(blob: bytes) -> bytes:
    decoded = decode_chunks([bytes(blob)], {"content-encoding": "zstd"})
    if decoded.problem:
        raise ValueError(f"a body cannot be unpacked: {decoded.problem}")
    return decoded.chunks[0]
