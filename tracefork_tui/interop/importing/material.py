"""A file to import: its bytes, unpacked, and what they hold as documents."""

from __future__ import annotations

import json
import os
import zlib
from functools import cached_property
from typing import Any

from .model import LIMIT, NotImported
from .yaml_data import documents

SUFFIXES = (
    ".gz", ".yaml", ".yml", ".json", ".har", ".eval", ".sqlite", ".db", ".tape", ".blob", ".sse",
    ".chunks", ".txt",
)  # fmt: skip
"""What a recording's name may end in; a tape is named without it."""


class Material:
    """Raises NotImported where the file cannot be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)
        try:
            with open(path, "rb") as file:
                raw = file.read()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise NotImported(f"{path}: {reason}") from None
        self.packed = raw.startswith(b"\x1f\x8b")
        self.raw = self._unpacked(raw) if self.packed else raw

    @property
    def stem(self) -> str:
        """The name without the endings of recordings."""
        stem, ending = os.path.splitext(self.name)
        while stem and ending.lower() in SUFFIXES:
            stem, ending = os.path.splitext(stem)
        return stem + ending

    @cached_property
    def documents(self) -> list[Any]:
        """The JSON value, or the YAML documents, or none of a binary file. Raises ValueError."""
        if b"\0" in self.raw[:256]:
            return []
        start = self.raw[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not start.startswith((b"{", b"[")):
            return documents(self.raw)
        try:
            return [json.loads(self.raw.decode("utf-8-sig"))]
        except ValueError as error:
            raise ValueError(f"not valid JSON: {error}") from None

    @property
    def document(self) -> dict[str, Any]:
        """The first document where it is a mapping, else an empty one."""
        found = self.documents[0] if self.documents else None
        return found if isinstance(found, dict) else {}

    def _unpacked(self, raw: bytes) -> bytes:
        stream = zlib.decompressobj(31)
        try:
            plain = stream.decompress(raw, LIMIT)
        except zlib.error as error:
            raise NotImported(f"{self.path}: damaged gzip file: {error}") from None
        if stream.unconsumed_tail:
            raise NotImported(f"{self.path}: more than {LIMIT >> 20} MiB when unpacked")
        if not stream.eof:
            raise NotImported(f"{self.path}: the gzip file is cut short")
        return plain
