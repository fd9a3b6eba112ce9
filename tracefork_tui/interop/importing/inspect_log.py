"""Logs of Inspect: `.eval` archives and JSON logs. Each sample is a run."""

from __future__ import annotations

import io
import json
import re
import struct
from typing import Any
from zipfile import ZipFile, ZipInfo

from ...wire.body import decode_chunks
from ...wire.loose import obj, seq
from .inspect_events import run_of
from .material import Material
from .model import Part, Run, text

TITLE = "Inspect log"

_SAMPLE = re.compile(r"samples/([^/]+)\.json|samples/([^/]+)/sample\.json")
_ZSTD = 93


def matches(material: Material) -> bool:
    if material.raw.startswith(b"PK"):
        names = ZipFile(io.BytesIO(material.raw)).namelist()
        return any(name in ("header.json", "_journal/start.json") for name in names)
    document = material.document
    return "eval" in document and isinstance(document.get("samples"), list)


def parts(material: Material) -> list[Part]:
    if not material.raw.startswith(b"PK"):
        log = material.document
        samples = [obj(sample) for sample in seq(log.get("samples"))]
        names = [_name(sample) for sample in samples]
        return [
            Part(lambda sample=sample: run_of(log, sample), name)  # type: ignore[misc]
            for sample, name in zip(samples, names, strict=True)
        ]
    archive = _Archive(material.raw)
    return [
        Part(lambda entry=entry: archive.run(entry), name)  # type: ignore[misc]
        for name, entry in sorted(archive.samples().items(), key=lambda item: _natural(item[0]))
    ]


def _name(sample: dict[str, Any]) -> str:
    return f"{text(sample.get('id'))}_epoch_{text(sample.get('epoch'))}"


def _natural(name: str) -> list[Any]:
    """Sorts 2 before 10."""
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word)
            for word in re.split(r"([0-9]+)", name)]  # fmt: skip


class _Archive:
    """An `.eval` file, read entry by entry."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._zip = ZipFile(io.BytesIO(raw))
        self._names = set(self._zip.namelist())

    def samples(self) -> dict[str, str]:
        """The entries that are samples, by the sample's name."""
        found = ((_SAMPLE.fullmatch(name), name) for name in self._names)
        return {str(match[1] or match[2]): name for match, name in found if match}

    def run(self, entry: str) -> Run:
        header = "header.json" if "header.json" in self._names else "_journal/start.json"
        sample = obj(self._json(entry))
        if entry.endswith("/sample.json"):
            sample = {**sample, **self._sequences(entry.removesuffix("sample.json"))}
        return run_of(obj(self._json(header)), sample)

    def _sequences(self, folder: str) -> dict[str, Any]:
        """The parts of a large sample, which is kept in chunks."""
        kept = self._sequence(f"{folder}attachments/")
        return {
            "events": self._sequence(f"{folder}events/"),
            "events_data": {
                "messages": self._sequence(f"{folder}messages/"),
                "calls": self._sequence(f"{folder}calls/"),
            },
            "attachments": {str(number): value for number, value in enumerate(kept)},
        }

    def _sequence(self, folder: str) -> list[Any]:
        found = (name for name in self._names if name.startswith(folder))
        starts = {int(n[len(folder) : -5]): n for n in found if n[len(folder) : -5].isdecimal()}
        return [item for start in sorted(starts) for item in seq(self._json(starts[start]))]

    def _json(self, name: str) -> Any:
        info = self._zip.getinfo(name)
        return json.loads(self._zstd(info) if info.compress_type == _ZSTD else self._zip.read(info))

    def _zstd(self, info: ZipInfo) -> bytes:
        """An entry packed with zstd, which zipfile reads from Python 3.14 on only."""
        name_size, extra_size = struct.unpack_from("<HH", self._raw, info.header_offset + 26)
        start = info.header_offset + 30 + name_size + extra_size
        packed = self._raw[start : start + info.compress_size]
        decoded = decode_chunks([packed], {"content-encoding": "zstd"})
        if decoded.problem:
            raise ValueError(f"{info.filename}: {decoded.problem}")
        return decoded.chunks[0]
