"""What recording and replaying cost: ratios to the bare run, paired within one session, in wall
time and in processor time (which a busy machine disturbs less).

python tests/bench/recording.py [ROUNDS [TURNS ...]]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "tracefork_tui"]


def seconds(command):
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"turns"')]
    if not lines:
        raise SystemExit(done.stdout + done.stderr)
    told = json.loads(lines[-1])
    return told["seconds"], told["cpu"]


def ratio(times, bare, which):
    return statistics.median(a[which] / b[which] for a, b in zip(times, bare, strict=True))


def main(rounds, sizes):
    print(f"{'':>8} {'bare':>8} {'recorded':>18} {'replayed':>18} {'tape':>8}")
    print(f"{'W(n)':>8} {'wall s':>8} {'wall':>9}{'cpu':>9} {'wall':>9}{'cpu':>9} {'KB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for turns in sizes:
            agent = [sys.executable, str(HERE / "workload.py"), str(turns)]
            tape = os.path.join(folder, f"{turns}.msgpack")
            bare, recorded, replayed = [], [], []
            for _ in range(rounds):
                bare.append(seconds(agent))
                recorded.append(seconds([*OURS, "record", "--force", "-o", tape, "--", *agent]))
                replayed.append(seconds([*OURS, "replay", tape]))
            base = statistics.median(wall for wall, _ in bare)
            cells = [
                ratio(times, bare, which) for times in (recorded, replayed) for which in (0, 1)
            ]
            row = "".join(f"{cell:>8.3f}×" for cell in cells)
            size = os.path.getsize(tape) // 1024
            print(f"{turns:>8} {base:>8.3f} {row} {size:>8}", flush=True)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(numbers[0] if numbers else 7, numbers[1:] or (50, 200, 1000))
