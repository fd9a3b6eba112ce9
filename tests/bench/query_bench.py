"""Filter, search, watch and origin, each beside what it is compared with, in one session.

    python tests/bench/query_bench.py [STEPS] [TURNS]

STEPS: a tape of draws with an exchange every 50th step. TURNS: a conversation of so many turns,
each adding 1 KB of the model's text and 2 KB of a tool's result, resent whole every time.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tui_tapes import Maker, call, long_run, result, text

from tracefork_tui import query
from tracefork_tui.interop import steps_json
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Exchange

KB = 1024


def conversation(path: Path, turns: int) -> str:
    rng = random.Random(7)

    def words(size: int) -> str:
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz      ", k=size))

    run = Maker(path)
    run.say("begin")
    for n in range(turns):
        run.ask([text(words(KB)), call(f"toolu_{n:06}", "look", n=n)])
        needle = " ORDER-77" if n == turns // 2 else ""
        run.say(result(f"toolu_{n:06}", words(2 * KB) + needle))
    return run.close()


def measured(path: str, work: Callable[[Tape], Any], times: int = 3) -> tuple[float, Any]:
    """The best time in seconds, each with a tape freshly opened; and the result."""
    best, found = float("inf"), None
    for _ in range(times):
        with Tape(path) as tape:
            begin = time.perf_counter()
            found = work(tape)
            best = min(best, time.perf_counter() - begin)
    return best, found


def line(name: str, seconds: float, base: float, found: object) -> None:
    print(f"{name:<58} {seconds * 1000:>9.1f} ms {seconds / base:>7.2f}×  {found}")


def compiled() -> None:
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    for name in ("tracefork_tui.query", "lark", "re2"):
        out = subprocess.run([sys.executable, "-c", code.format(name)], capture_output=True)
        print(f"import {name:<51} {float(out.stdout) * 1000:>9.1f} ms")
    begin = time.perf_counter()
    query.compile("n")
    print(f"{'the first compile (makes the parser)':<58} {_ms(begin):>9.1f} ms")
    begin = time.perf_counter()
    query.compile('tool == "bash" and cost > 0.02')
    print(f"{'another compile':<58} {_ms(begin):>9.1f} ms")


def _ms(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


def filters(path: str, steps: int) -> None:
    def every(tape: Tape) -> int:
        return sum(1 for n in range(1, steps + 1) if tape.step(n).kind)

    def rows(tape: Tape) -> int:
        return sum(1 for row in map(steps_json.row, tape.steps) if row.get("tools") == ["bash"])

    base, _ = measured(path, every)
    line(f"baseline: read each of {steps:,} steps", base, base, "")
    line("baseline: make each row of `show --json`", *_against(path, rows, base))
    for expression in (
        "n % 1000 == 0",
        'kind == "draw"',
        'kind == "draw" and name == "clock"',
        'kind == "draw" and value > 0.999',
        'kind == "exchange" and url contains "messages"',
        'provenance == "stale"',
        "status >= 400",
        'tool == "bash" and cost > 0.02',
        'text contains "turn 5"',
        "text =~ /turn 99\\d+/i",
        'request.messages[-1].content contains "Go on"',
    ):
        compiled = query.compile(expression)

        def work(tape: Tape, compiled: query.Query = compiled) -> int:
            return sum(1 for _ in query.filter(tape, compiled))

        line(f"filter: {expression}", *_against(path, work, base))
    rare = query.compile(f"n == {steps}")
    line(
        "find: the last step, from the first", *_against(path, lambda t: query.find(t, rare), base)
    )
    watched = query.compile("output_tokens")
    changed, _ = measured(path, lambda tape: len(list(query.changes(tape, watched))))
    line("watch: output_tokens, all changes", changed, base, "")
    slices = measured(
        path, lambda tape: longest(query.filter_slices(tape, query.compile("failed")))
    )
    print(f"{'the longest slice of `failed`':<58} {slices[1] * 1000:>9.1f} ms")


def longest(slices: Iterator[Any]) -> float:
    worst, begin = 0.0, time.perf_counter()
    for _ in slices:
        worst = max(worst, time.perf_counter() - begin)
        begin = time.perf_counter()
    return worst


def _against(path: str, work: Callable[[Tape], Any], base: float) -> tuple[float, float, Any]:
    seconds, found = measured(path, work, 1 if base > 2 else 3)
    return seconds, base, found


def origins(folder: Path, turns: int) -> None:
    whole = 0.0
    for count in (turns // 4, turns):
        path = conversation(folder / f"{count}.msgpack", count)

        def naive(tape: Tape) -> int:
            steps = (step for step in tape.steps if isinstance(step, Exchange))
            return sum("ORDER-77" in json.dumps(json.loads(step.request.body)) for step in steps)

        base, found = measured(path, naive, 1)
        line(f"baseline: parse every request of W({count})", base, base, found)
        for wanted in ("ORDER-77", "not there", "toolu_000010"):
            seconds, at = measured(path, lambda t, w=wanted: len(query.origin(t, w).occurrences))
            line(f"origin: {wanted} in W({count})", seconds, base, at)
            if wanted == "not there":
                growth, whole = seconds / whole if whole else 0.0, seconds
                if growth:
                    print(f"{'   four times the turns take':<58} {growth:>12.1f}×")
        last = query.compile("request.messages[-1].role")
        seconds, at = measured(path, lambda t, q=last: len(list(query.changes(t, q))), 1)
        line(f"watch: request.messages[-1].role in W({count})", seconds, base, at)


def main(steps: int, turns: int) -> None:
    compiled()
    with tempfile.TemporaryDirectory() as folder:
        filters(long_run(Path(folder) / "long.msgpack", steps), steps)
        origins(Path(folder), turns)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 1000,
    )
