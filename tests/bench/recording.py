"""What recording and replaying cost: ratios to the bare run, paired within one session.

python tests/bench/recording.py [ROUNDS]
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
    return json.loads(lines[-1])["seconds"]


def main(rounds):
    print(f"{'W(n)':>8} {'bare s':>8} {'recorded':>9} {'replayed':>9} {'tape KB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for turns in (50, 200):
            agent = [sys.executable, str(HERE / "workload.py"), str(turns)]
            tape = os.path.join(folder, f"{turns}.msgpack")
            bare, recorded, replayed = [], [], []
            for _ in range(rounds):
                bare.append(seconds(agent))
                recorded.append(seconds([*OURS, "record", "--force", "-o", tape, "--", *agent]))
                replayed.append(seconds([*OURS, "replay", tape]))
            base = statistics.median(bare)
            pairs = [
                statistics.median(a / b for a, b in zip(times, bare, strict=True))
                for times in (recorded, replayed)
            ]
            size = os.path.getsize(tape) // 1024
            print(f"{turns:>8} {base:>8.3f} {pairs[0]:>8.3f}× {pairs[1]:>8.3f}× {size:>8}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
