"""FORMAT.md is enough: a reader made of msgpack, zlib, hashlib and the page's rules."""

from __future__ import annotations

import hmac
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zlib import crc32

import msgpack
import pytest

from tests.tape_damage import small_tape
from tests.tape_runs import SECRET, write_workload
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange

GOLDEN = Path(__file__).parent / "golden"
FINGERPRINTS = {"v1.msgpack": "b234fec8b20386ad30254a578e5a00ffa30a74ce8248c1f2b6d04dacfe183739"}
NOWHERE = 2**32 - 1
MATTER = ("content-encoding", "content-type", "location", "retry-after", "retry-after-ms")
HOW = ("eof", "closed", "cancelled", "error")


def frames_of(data: bytes) -> list[tuple[int, Any]]:
    """(offset, record) of every frame, checksums verified."""
    unpacker = msgpack.Unpacker(unicode_errors="surrogatepass", max_buffer_size=0)
    unpacker.feed(data)
    found, offset, crc, salt = [], 0, 0, 0
    while offset < len(data):
        payload, stored = unpacker.unpack(), unpacker.unpack()
        end = unpacker.tell()
        crc = crc32(data[offset : end - 5], crc ^ salt)
        assert crc == stored
        salt = salt or crc
        found.append((offset, msgpack.unpackb(payload, unicode_errors="surrogatepass")))
        offset = end
    return found


def draws_of(record: list[Any]) -> list[list[Any]]:
    """The DRAWs that a DRAWS record stands for."""
    _, n, count, sources, which, times, columns = record
    which = which or bytes(count)
    waiting = [column_of(data, which.count(place)) for place, data in enumerate(columns)]
    return [
        [7, n + k, t, *sources[place], waiting[place].pop(0)]
        for k, (t, place) in enumerate(zip(numbers_of(times, count), which, strict=True))
    ]


def column_of(data: bytes, count: int) -> list[Any]:
    if data[:1] == b"m":
        unpacker = msgpack.Unpacker()
        unpacker.feed(data[1:])
        return list(unpacker)
    found = numbers_of(data[1:], count)
    if data[:1] == b"f":
        found = list(struct.unpack(f"<{count}d", struct.pack(f"<{count}q", *found)))
    return found


def numbers_of(data: bytes, count: int) -> list[int]:
    width, first, rest = data[0], struct.unpack_from("<q", data, 1), data[9:]
    code = {1: "b", 2: "h", 4: "i", 8: "q"}[width]
    found = [*first, *struct.unpack(f"<{count - 1}{code}", rest)]
    return found if width == 8 else [sum(found[: k + 1]) for k in range(count)]


class Mini:
    """A tape by the rules of the page."""

    def __init__(self, data: bytes) -> None:
        self.frames = frames_of(data)
        self.records = [record for _, record in self.frames]
        kind, name, version, self.header = self.records[0]
        assert (kind, name, version) == (0, "tracefork-tape", 1)
        self.atoms = {record[1]: record[2] for record in self.records if record[0] == 1}
        self.steps: dict[int, list[Any]] = {}
        for record in self.records:
            for part in draws_of(record) if record[0] == 2 else [record]:
                if 3 <= part[0] <= 7:
                    self.steps.setdefault(part[1], []).append(part)

    def headers(self, items: list[Any]) -> list[tuple[str, str]]:
        pairs = ((self.atoms[i[0]], i[1]) if isinstance(i, list) else self.atoms[i] for i in items)
        return [(name, value) for name, value in pairs]

    def request(self, n: int) -> bytes:
        found = b""
        for piece in self.steps[n][0][9]:
            if isinstance(piece, list):
                step, side, start, length = piece
                piece = (self.response if side else self.request)(step)[start : start + length]
            found += piece
        return found

    def response(self, n: int) -> bytes:
        return b"".join(record[3] for record in self.steps[n] if record[0] == 5)

    def canonical(self, url: str) -> str:
        parts = urlsplit(url)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        origin = f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}"
        origin = self.header.get("origins", {}).get(origin, origin)
        query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        return origin + (parts.path or "/") + (f"?{query}" if query else "")

    def meaning(self, n: int) -> bytes:
        found = self.steps[n]
        first = found[0]
        if first[0] == 7:
            packed = ["draw", self.atoms[first[6]], self.atoms[first[7]], first[8]]
            return sha256(msgpack.packb(packed, unicode_errors="surrogatepass")).digest()
        head = next((record for record in found if record[0] == 4), None)
        end = next((record for record in found if record[0] == 6), None)
        response = None
        if head:
            pairs = [[name.lower(), value] for name, value in self.headers(head[6])]
            matter = sorted(pair for pair in pairs if pair[0] in MATTER)
            response = [head[3], matter, end[5] if end else sha256().digest()]
        method, url = self.atoms[first[6]], self.canonical(self.atoms[first[7]])
        error = end[4][1:3] if end and end[4] else None
        how = HOW[end[3]] if end else ""
        packed = ["exchange", method, url, first[11], response, how, error]
        return sha256(msgpack.packb(packed, unicode_errors="surrogatepass")).digest()

    def fingerprint(self) -> bytes:
        value = sha256(b"tracefork-tape").digest()
        for n in range(1, max(self.steps) + 1):
            value = sha256(value + self.meaning(n)).digest()
        return value

    def chain(self, n: int) -> bytes:
        value = sha256(b"tracefork-tape").digest()
        for k in range(1, n + 1):
            value = sha256(value + self.meaning(k)).digest()
        return value

    def order(self) -> bytes:
        ranges: list[list[int]] = []
        for record in self.records:
            if record[0] in (2, 6, 7):
                last = record[1] + record[2] - 1 if record[0] == 2 else record[1]
                if ranges and ranges[-1][1] + 1 == record[1]:
                    ranges[-1][1] = last
                else:
                    ranges.append([record[1], last])
        value = sha256(b"tracefork-tape").digest()
        for first, last in ranges:
            value = sha256(value + struct.pack(">QQ", first, last)).digest()
        return value


def read_by_the_page(path: Path) -> None:
    """Everything that the page describes, held against the library's reader."""
    data = path.read_bytes()
    mini = Mini(data)
    with Tape(str(path)) as tape:
        assert tape.damage == []
        assert tape.header == mini.header
        assert tape.fingerprint == mini.fingerprint().hex()
        assert tape.order == mini.order().hex()
        assert len(tape.steps) == len(mini.steps)
        for step in tape.steps:
            first = mini.steps[step.n][0]
            assert step.at == first[2] / 1e6
            assert step.task == mini.atoms[first[3]]
            assert list(step.call_site) == mini.atoms[first[4]]
            if isinstance(step, Exchange):
                assert step.request.url == mini.atoms[first[7]]
                assert step.request.headers == mini.headers(first[8])
                body = mini.request(step.n)
                assert step.request.body == body
                assert (len(body), sha256(body).digest()) == (first[10], first[11])
                assert (step.response.body if step.response else b"") == mini.response(step.n)
            else:
                assert (step.name, step.value) == (mini.atoms[first[6]], first[8])
            assert step.fingerprint == mini.chain(step.n).hex()
    (at_index, index), (at_footer, footer) = mini.frames[-2:]
    assert len(data) - at_footer == 165
    assert (index[0], footer[0]) == (11, 12)
    assert [int.from_bytes(number, "little") for number in footer[1:3]] == [
        at_index,
        len(mini.steps),
    ]
    content = sha256(data[:at_footer]).digest()
    assert footer[3:6] == [mini.fingerprint(), mini.order(), content]
    signed = msgpack.packb(mini.header) + mini.fingerprint() + content
    assert footer[6] == hmac.digest(SECRET, signed, "sha256")
    index_by_the_page(mini, index, at_index)


def index_by_the_page(mini: Mini, index: list[Any], at: int) -> None:
    def numbers(packed: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(packed) // 4}I", packed)

    _, lengths, owners, kinds, atoms, first, last, meanings, counts, proofs = index
    records = mini.records[:-2]
    ends = [offset for offset, _ in mini.frames[1:-1]]
    assert list(numbers(lengths)) == [b - a for a, b in zip([0, *ends], ends, strict=False)]
    assert sum(numbers(lengths)) == at
    assert list(kinds) == [record[0] for record in records]
    assert list(numbers(owners)) == [r[1] if 2 <= r[0] <= 7 else 0 for r in records]
    assert [records[place][1] for place in numbers(atoms)] == sorted(mini.atoms)
    runs = [record for record in records if record[0] == 2]
    assert list(numbers(counts)) == [record[2] for record in runs]
    for number, (_, start, count, *_) in enumerate(runs):
        meant = sha256(b"".join(map(mini.meaning, range(start, start + count)))).digest()
        assert proofs[64 * number : 64 * number + 64] == meant + mini.chain(start + count - 1)
    in_runs = {n for run in runs for n in range(run[1], run[1] + run[2])}
    single = [n for n in mini.steps if n not in in_runs]
    places = zip(sorted(single), numbers(first), numbers(last), strict=True)
    for k, (n, start, stop) in enumerate(places):
        found = [place for place, record in enumerate(records) if record in mini.steps[n]]
        assert (start, stop) == (found[0], found[-1])
        assert meanings[32 * k : 32 * k + 32] == mini.meaning(n)


def test_a_small_tape(tmp_path: Path) -> None:
    small_tape(tmp_path / "t.msgpack")
    read_by_the_page(tmp_path / "t.msgpack")


def test_a_conversation(tmp_path: Path) -> None:
    write_workload(str(tmp_path / "t.msgpack"), 20)
    read_by_the_page(tmp_path / "t.msgpack")


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_golden_files(name: str) -> None:
    read_by_the_page(GOLDEN / name)
    with Tape(str(GOLDEN / name)) as tape:
        assert tape.fingerprint == FINGERPRINTS[name]
        assert len(tape.steps) == 8


def test_every_golden_file_is_tested() -> None:
    assert {path.name for path in GOLDEN.glob("*.msgpack")} == set(FINGERPRINTS)
