"""The tape beside other ways to keep the same run; all ratios are of one run on one machine.

    python -m tests.bench.tape_bench [turns ...]

For W(50), W(200) and W(1000): bytes on disk, against the unique bytes (what an ideal store keeps)
and against the floor (those bytes under zstd at its level 19, in one piece); microseconds to write
an exchange, milliseconds and peak MiB to open, milliseconds to reach a random step's body and to
have the fingerprint; then a tape of 100 000 steps. zstd and VCR.py are left out where they are not
installed.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.tape_runs import (
    HEADER,
    SECRET,
    URL,
    compact,
    exchange,
    new_parts,
    unique_bytes,
    workload,
)
from tracefork_tui.tape.columns import FLOATS
from tracefork_tui.tape.packing import pack, unpack
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.writer import Writer

Bodies = list[tuple[bytes, bytes]]
LOOKS = 20

OPEN = """
import json, random, sys, time, tracemalloc
from tracefork_tui.tape.reader import Tape
if sys.argv[2:]:
    tracemalloc.start()
started = time.perf_counter()
tape = Tape(sys.argv[1])
steps = len(tape.steps)
opened = time.perf_counter() - started
peak = tracemalloc.get_traced_memory()[1]
rng = random.Random(1)
looks = []
for _ in range(20):
    n = rng.randrange(1, steps + 1)
    started = time.perf_counter()
    step = tape.step(n)
    if step.kind == "exchange":
        step.request.body
    looks.append(time.perf_counter() - started)
started = time.perf_counter()
tape.fingerprint
print(json.dumps([opened, sum(looks) / 20, max(looks), time.perf_counter() - started, peak]))
"""


def opened(path: str) -> tuple[float, float, float, float, float]:
    """In a process of its own: seconds to open, mean and longest seconds to a random step and its
    body, seconds to the fingerprint; the best of five; and the peak MiB of opening.
    """
    command = [sys.executable, "-c", OPEN, path]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(5)]
    best, mean, longest, fingerprint, _ = (min(column) for column in zip(*runs, strict=True))
    peak = json.loads(subprocess.check_output([*command, "memory"]))[-1]
    return best, mean, longest, fingerprint, peak / 2**20


def timed(work: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bare_seconds(pair: tuple[bytes, bytes]) -> float:
    """What an agent pays for a request before it is sent."""
    asked = json.loads(pair[0])
    started = time.perf_counter()
    compact(asked)
    sha256(pair[0])
    return time.perf_counter() - started


def on_tape(path: str, bodies: Bodies) -> None:
    writer = Writer.create(path, HEADER, force=True)
    for n, (body, reply) in enumerate(bodies, 1):
        exchange(writer, n, n * 1_000_000, body, [reply])
    writer.close()


def in_sqlite(path: str, bodies: Bodies) -> None:
    with sqlite3.connect(path) as base:
        base.execute("create table exchanges (n integer primary key, request blob, reply blob)")
        for n, (body, reply) in enumerate(bodies, 1):
            base.execute("insert into exchanges values (?, ?, ?)", (n, body, reply))
            base.commit()


def look_in_sqlite(path: str, turns: int) -> float:
    base, rng = sqlite3.connect(path), random.Random(1)
    query = "select request, reply from exchanges where n = ?"
    asked = [rng.randrange(1, turns + 1) for _ in range(LOOKS)]
    return timed(lambda: [base.execute(query, (n,)).fetchone() for n in asked]) / LOOKS


def as_cassette(path: str, bodies: Bodies) -> float | None:
    try:
        from vcr.request import Request
        from vcr.serialize import serialize
        from vcr.serializers import yamlserializer
    except ImportError:
        return None
    requests = [Request("POST", URL, body.decode(), {}) for body, _ in bodies]
    status = {"code": 200, "message": "OK"}
    responses = [{"status": status, "headers": {}, "body": {"string": r}} for _, r in bodies]

    def work() -> None:
        text = serialize({"requests": requests, "responses": responses}, yamlserializer)
        with open(path, "w") as file:
            file.write(text)

    return timed(work)


def zstd(parts: Iterable[bytes], level: int) -> int:
    """Bytes of the parts in one zstd stream; 0 where zstd is not installed."""
    try:
        import zstandard
    except ImportError:
        return 0
    stream = zstandard.ZstdCompressor(level=level).compressobj()
    return sum(len(stream.compress(part)) for part in parts) + len(stream.flush())


@dataclass
class Table:
    """Lines against the unique bytes and the floor."""

    unique: int
    floor: int

    def line(self, name: str, size: int, **numbers: float) -> None:
        of_floor = f"{size / self.floor:>9.2f}×" if self.floor else ""
        shown = "  ".join(f"{label} {value:.3g}" for label, value in numbers.items())
        print(f"  {name:<22}{size / 1024:>10.0f} KiB{size / self.unique:>9.3f}×{of_floor}  {shown}")

    def tape(self, name: str, path: str, **numbers: float) -> None:
        first, mean, longest, fingerprint, mib = opened(path)
        numbers |= {"open_ms": first * 1e3, "MiB": mib, "look_ms": mean * 1e3}
        numbers |= {"longest": longest * 1e3, "fingerprint_ms": fingerprint * 1e3}
        self.line(name, os.path.getsize(path), **numbers)


def workload_table(turns: int, folder: str) -> None:
    bodies = list(workload(turns))
    raw, unique = sum(len(a) + len(b) for a, b in bodies), unique_bytes(bodies)
    table = Table(unique, zstd(new_parts(bodies), 19))
    bare = sum(map(bare_seconds, bodies))
    us = 1e6 / turns
    print(f"W({turns})  against the unique bytes, and against the floor; bare: json.dumps and")
    print(f"  sha256 of a request, {bare * us:.0f} us")
    path = os.path.join(folder, f"w{turns}.msgpack")
    write = min(timed(lambda: on_tape(path, bodies)) for _ in range(3))
    closing = timed(lambda: seal(path, {"exit_code": 0}, 1, SECRET).close())
    table.tape("tape", path, write_us=write * us, of_bare=write / bare, close_ms=closing * 1e3)
    table_of_packed(table, path)
    table.line("raw bytes", raw)
    table.line("unique bytes", unique)
    table.line("floor", table.floor)
    table.line("zstd of the raw bytes", zstd((part for pair in bodies for part in pair), 3))
    base = os.path.join(folder, f"w{turns}.sqlite")
    write = timed(lambda: in_sqlite(base, bodies))
    look = look_in_sqlite(base, turns) * 1e3
    size = os.path.getsize(base)
    table.line(
        "SQLite, whole bodies", size, write_us=write * us, of_bare=write / bare, look_ms=look
    )
    if turns <= 200:
        cassette = os.path.join(folder, f"w{turns}.yaml")
        took = as_cassette(cassette, bodies)
        if took is not None:
            size = os.path.getsize(cassette)
            table.line("VCR.py cassette", size, write_us=took * us, of_bare=took / bare)


def table_of_packed(table: Table, path: str) -> None:
    out = path.replace(".msgpack", ".packed.msgpack")
    packing = timed(lambda: pack(path, out, force=True))
    back = timed(lambda: unpack(out, path, force=True))
    table.tape("tape, packed", out, pack_ms=packing * 1e3, unpack_ms=back * 1e3)


def in_records(writer: Writer, n: int, count: int) -> None:
    """Draws from step `n` on, a record each."""
    for k in range(n, n + count):
        writer.draw(k, k, "", ["agent.py:9 in main"], 0, "time.time", "float", k / 7)


def in_runs(writer: Writer, n: int, count: int) -> None:
    """The same as an agent records them in quick succession."""
    tail = writer.tail(n, 0)
    assert tail is not None
    clock = tail.source(FLOATS, ["", ["agent.py:9 in main"], 0, "time.time", "float"])
    for k in range(n, n + count):
        tail.keep(clock, FLOATS, k * 1000, k / 7)


def long_table(folder: str, name: str, draw: Callable[[Writer, int, int], None]) -> None:
    """100 000 steps, each 250th of them an exchange of one long conversation."""
    steps, every = 100_000, 250
    path = os.path.join(folder, "long.msgpack")
    writer, turns = Writer.create(path, HEADER, force=True), list(workload(steps // every))

    def write() -> None:
        for turn, (body, reply) in enumerate(turns):
            first = turn * every + 1
            draw(writer, first, every - 1)
            exchange(writer, first + every - 1, first + every, body, [reply])

    took = timed(write)
    writer.close()
    scanned = timed(lambda: Tape(path).close())
    closing = timed(lambda: seal(path, {"exit_code": 0}, 1, SECRET).close())
    raw = sum(len(a) + len(b) for a, b in turns)
    print(f"{steps} steps, {raw / 2**20:.0f} MiB of bodies, {name}; open by scanning")
    print(f"  {scanned * 1e3:.0f} ms; against the unique bytes and 8 bytes a draw")
    table = Table(unique_bytes(turns) + 8 * steps, 0)
    table.tape("tape", path, write_us=took / steps * 1e6, close_ms=closing * 1e3)
    table_of_packed(table, path)


def main() -> None:
    turns = [int(word) for word in sys.argv[1:]] or [50, 200, 1000]
    with tempfile.TemporaryDirectory() as folder:
        for n in turns:
            workload_table(n, folder)
        long_table(folder, "a record each", in_records)
        long_table(folder, "draws in runs", in_runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak of this process: {peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
