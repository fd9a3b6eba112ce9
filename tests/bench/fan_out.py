"""How many of 50 recordings of a 20-way fan-out replay as the run that was recorded.

python -m tests.bench.fan_out [TIMES]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ..matrix import runs
from ..matrix.server import Server

SCRIPTS = ("fan_out.py", "streams.py", "jobs.py")


def main(times: int = 50) -> None:
    print(f"{'agent':12} {'output':>8} {'proven':>8} {'order':>8}   of {times} recordings")
    for script in SCRIPTS:
        same = proven = ordered = 0
        with tempfile.TemporaryDirectory() as folder, Server() as server:
            where = {"ANTHROPIC_BASE_URL": server.url}
            for turn in range(times):
                tape = Path(folder) / f"{turn}.msgpack"
                recorded = runs.record(runs.command(script), tape, Path(folder), **where)
                replayed, receipt = runs.replay(tape, Path(folder))
                same += replayed.said == recorded.said
                proven += receipt["proven"]
                ordered += not receipt["unproven"]
        print(f"{script[:-3]:12} {same:8} {proven:8} {ordered:8}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
