"""What recording and replaying cost: ratios to the bare run, the three in turn within one session.

On a busy machine a run as a whole tells little, so that a turn counts with the fastest of all
rounds: `turns` is the ratio of the sums of those, and `us` the median of what a turn takes more.
`cpu` is the median of the ratios of the loops' processor time, with its quartiles.

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


def loop(command):
    """What the workload told of its loop."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"turns"')]
    if not lines:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(lines[-1])


def fastest(runs):
    """Of each turn, the fastest one's seconds."""
    return [min(turn) for turn in zip(*(run["each"] for run in runs), strict=True)]


def row(name, turns, runs, bare):
    each, least = fastest(runs), fastest(bare)
    more = statistics.median(a - b for a, b in zip(each, least, strict=True)) * 1e6
    ratios = [run["cpu"] / beside["cpu"] for run, beside in zip(runs, bare, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    turns_ratio = sum(each) / sum(least)
    print(
        f"{turns:>6} {name:<9} {sum(each):>8.3f} {turns_ratio:>8.3f}× {more:>7.0f} "
        f"{middle:>8.3f}× ({low:.3f} to {high:.3f})",
        flush=True,
    )


def main(rounds, sizes):
    print(f"{'W(n)':>6} {'':<9} {'s':>8} {'turns':>9} {'us':>7} {'cpu':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for turns in sizes:
            agent = [sys.executable, str(HERE / "workload.py"), str(turns)]
            tape = os.path.join(folder, f"{turns}.msgpack")
            commands = {
                "bare": agent,
                "recorded": [*OURS, "record", "--force", "-o", tape, "--", *agent],
                "replayed": [*OURS, "replay", tape],
            }
            runs = {name: [] for name in commands}
            for _ in range(rounds):
                for name, command in commands.items():
                    runs[name].append(loop(command))
            for name, found in runs.items():
                row(name, turns, found, runs["bare"])
            print(f"{turns:>6} tape of {os.path.getsize(tape) // 1024} KB")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(numbers[0] if numbers else 7, numbers[1:] or (50, 200, 1000))
