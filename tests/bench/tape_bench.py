"""The tape beside other ways to keep the same run; all ratios are of one run on one machine.

    python -m tests.bench.tape_bench [turns ...]

For W(50), W(200) and W(1000): bytes on disk, microseconds to write an exchange, milliseconds and
peak MiB to open, milliseconds to reach a random step's body; then a tape of 100 000 steps. zstd
and VCR.py are left out where they are not installed.
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
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from typing import Any

from tests.tape_runs import HEADER, SECRET, URL, compact, exchange, unique_bytes, workload
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


def zstd_size(bodies: Bodies) -> int | None:
    try:
        import zstandard
    except ImportError:
        return None
    compressor = zstandard.ZstdCompressor(level=3).compressobj()
    size = 0
    for body, reply in bodies:
        size += len(compressor.compress(body)) + len(compressor.compress(reply))
    return size + len(compressor.flush())


def line(name: str, size: int, against: int, *numbers: tuple[str, float | None]) -> None:
    shown = "  ".join(f"{label} {value:.3g}" for label, value in numbers if value is not None)
    print(f"  {name:<22}{size / 1024:>12.0f} KiB {size / against:>9.3f}×  {shown}")


def workload_table(turns: int, folder: str) -> None:
    bodies = list(workload(turns))
    raw, unique = sum(len(a) + len(b) for a, b in bodies), unique_bytes(bodies)
    bare = timed(lambda: [(compact(json.loads(a)), sha256(a)) for a, _ in bodies])
    bare -= timed(lambda: [json.loads(a) for a, _ in bodies])
    print(
        f"W({turns})  sizes against the unique bytes; bare: json.dumps and sha256 of each request,"
    )
    print(f"  {bare / turns * 1e6:.0f} us")
    path = os.path.join(folder, f"w{turns}.msgpack")
    write = min(timed(lambda: on_tape(path, bodies)) for _ in range(3))
    closing = timed(lambda: seal(path, {"exit_code": 0}, 1, SECRET).close())
    first, mean, longest, fingerprint, mib = opened(path)
    line(
        "tape",
        os.path.getsize(path),
        unique,
        ("write us", write / turns * 1e6),
        ("of bare", write / bare),
        ("close ms", closing * 1e3),
        ("open ms", first * 1e3),
        ("MiB", mib),
        ("look ms", mean * 1e3),
        ("longest", longest * 1e3),
        ("fingerprint ms", fingerprint * 1e3),
    )
    line("raw bytes", raw, unique)
    line("unique bytes", unique, unique)
    packed = zstd_size(bodies)
    if packed is not None:
        line("zstd of the raw bytes", packed, unique)
    base = os.path.join(folder, f"w{turns}.sqlite")
    write = timed(lambda: in_sqlite(base, bodies))
    look = look_in_sqlite(base, turns) * 1e3
    numbers = ("write us", write / turns * 1e6), ("of bare", write / bare), ("look ms", look)
    line("SQLite, whole bodies", os.path.getsize(base), unique, *numbers)
    if turns <= 50:
        cassette = os.path.join(folder, f"w{turns}.yaml")
        took = as_cassette(cassette, bodies)
        if took is not None:
            numbers = ("write us", took / turns * 1e6), ("of bare", took / bare), ("", None)
            line("VCR.py cassette", os.path.getsize(cassette), unique, *numbers)


def long_table(folder: str, steps: int = 100_000) -> None:
    path = os.path.join(folder, "long.msgpack")
    writer, number = Writer.create(path, HEADER), count(1)
    turns = iter(workload(400))

    def write() -> None:
        for n in number:
            if n > steps:
                return
            if n % 250:
                writer.draw(n, n, "", ["agent.py:9 in main"], 0, "time.time", "float", n / 7)
            else:
                body, reply = next(turns)
                exchange(writer, n, n, body, [reply])

    took = timed(write)
    writer.close()
    scanned = timed(lambda: Tape(path).close())
    closing = timed(lambda: seal(path, {"exit_code": 0}, 1, SECRET).close())
    first, mean, longest, fingerprint, mib = opened(path)
    print(
        f"{steps} steps, {os.path.getsize(path) / 1024:.0f} KiB: write {took / steps * 1e6:.1f} us"
    )
    print(f"  a step, open by scanning {scanned:.2f} s, close {closing:.2f} s; closed: open")
    print(f"  {first * 1e3:.1f} ms and {mib:.1f} MiB, look {mean * 1e3:.2f} ms (longest")
    print(f"  {longest * 1e3:.1f}), fingerprint {fingerprint * 1e3:.0f} ms")


def main() -> None:
    turns = [int(word) for word in sys.argv[1:]] or [50, 200, 1000]
    with tempfile.TemporaryDirectory() as folder:
        for n in turns:
            workload_table(n, folder)
        long_table(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak of this process: {peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
