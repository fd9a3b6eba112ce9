"""The debugger beside a bare Textual app, each in a pseudo-terminal of 120×40, in one session.

    python tests/bench/tui_bench.py [paint] [keys] [memory] [body] [ask] [diff]

paint: to the first paint, with compiled modules (warm) and without (cold). keys: from a key to
its paint, at 10, 1 000 and 100 000 steps. memory: what is resident over the bare app's once all
is quiet, W(1000) open. body: a 3 MB body is opened. ask: filter and search over 100 000
steps. diff: two tapes of 10 000 steps. Processor time is steadier than the wall's where other
work goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tui_tapes import Maker, long_run, text

from tests.bench.tape_bench import SECRET, on_tape
from tests.tape_runs import workload
from tracefork_tui import query
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal

BARE = """
from textual.app import App
from textual.widget import Widget

class Lines(Widget, can_focus=True):
    step = 1
    def render(self):
        return "\\n".join(f"step {self.step}/9 and some words {n}" for n in range(38))

class Bare(App):
    BINDINGS = [("j", "go(1)"), ("k", "go(-1)")]
    def compose(self):
        yield Lines()
    def action_go(self, way):
        lines = self.query_one(Lines)
        lines.step += way
        lines.refresh()

Bare().run()
"""
TICK = os.sysconf("SC_CLK_TCK")


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, words: list[str], state: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": sys.path[0]}
        env |= {"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *words], stdin=slave, stdout=slave, stderr=slave,
            env=os.environ | env, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def until(self, mark: bytes, limit: float = 120.0) -> float:
        """Seconds until `mark` came."""
        begin, seen = time.perf_counter(), b""
        while mark not in seen:
            left = limit - (time.perf_counter() - begin)
            if left < 0 or not select.select([self.master], [], [], left)[0]:
                raise TimeoutError(f"{mark!r} did not come: {seen[-400:]!r}")
            seen += os.read(self.master, 65536)
        return time.perf_counter() - begin

    def quiet(self, seconds: float) -> None:
        """Take what comes until nothing does for so long."""
        while select.select([self.master], [], [], seconds)[0]:
            os.read(self.master, 65536)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    @property
    def cpu(self) -> float:
        """Processor seconds so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICK

    @property
    def resident(self) -> float:
        """MiB that are this process's own."""
        found = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(map(int, re.findall(r"Private_\w+: +(\d+)", found))) / 1024

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


class Tapes:
    """The tapes that are measured, made when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def turns(self, n: int) -> str:
        path = self.folder / f"w{n}.msgpack"
        if not path.exists():
            on_tape(str(path), list(workload(n)))
            seal(str(path), {"exit_code": 0}, 1, SECRET).close()
        return str(path)

    def steps(self, n: int) -> str:
        path = self.folder / f"d{n}.msgpack"
        return str(path) if path.exists() else long_run(path, n)

    def other(self, n: int) -> str:
        """As `steps`, and another text in every tenth exchange."""
        path = self.folder / f"o{n}.msgpack"
        path.unlink(missing_ok=True)
        run = Maker(path)
        run.say("Go on.")
        for step in range(1, n + 1):
            if step % 50:
                run.draw("random.random", "number", step / n)
            else:
                run.messages = run.messages[:1]
                run.ask([text(f"Turn {step}{'!' * (step % 500 == 0)}.")])
        return run.close()

    def body(self) -> str:
        path = self.folder / "body.msgpack"
        path.unlink(missing_ok=True)
        run = Maker(path)
        run.draw("random.random", "number", 0.5)
        n = run.send(b"{}", "https://example.com/rows", "GET")
        rows = [{"id": n, "name": f"row {n}", "tags": ["a", "b"]} for n in range(55_000)]
        run.answer(n, 200, [("content-type", "application/json")], [json.dumps(rows).encode()])
        return run.close()


@contextmanager
def opened(words: list[str], state: str, mark: bytes = b"step ") -> Iterator[Terminal]:
    terminal = Terminal(words, state)
    try:
        terminal.until(mark)
        yield terminal
    finally:
        terminal.close()


def debugger(*words: str) -> list[str]:
    return ["-m", "tracefork_tui", *words]


def row(name: str, *figures: tuple[str, float, str]) -> None:
    told = "  ".join(f"{label} {value:>8.2f}{unit}" for label, value, unit in figures)
    print(f"  {name:<34}{told}", flush=True)


def paint(tapes: Tapes, state: str) -> None:
    print("first paint: median of the wall's time, and of processor time; against the bare app")
    runs = {"bare Textual app": ["-c", BARE]}
    runs |= {"W(10)": debugger(tapes.turns(10)), "W(1000)": debugger(tapes.turns(1000))}
    runs["100 000 steps"] = debugger(tapes.steps(100_000))
    for kind, times in (("warm", 7), ("cold", 3)):
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(times):
            for name, words in runs.items():
                with tempfile.TemporaryDirectory() as compiled:
                    first = ["-X", f"pycache_prefix={compiled}"] if kind == "cold" else []
                    with opened([*first, *words], state) as terminal:
                        seconds = time.perf_counter() - terminal.begun
                        found[name].append((seconds, terminal.cpu))
        base = [
            statistics.median(column) for column in zip(*found["bare Textual app"], strict=True)
        ]
        for name, figures in found.items():
            wall, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
            row(f"{kind}: {name}", ("wall", wall * 1e3, " ms"), ("", wall / base[0], "×"),
                ("cpu", cpu * 1e3, " ms"), ("", cpu / base[1], "×"))  # fmt: skip


def keys(tapes: Tapes, state: str, times: int = 200) -> None:
    print("a key to its paint: j, then k, again and again; and down the tape")
    names = {"bare Textual app": ["-c", BARE]}
    names |= {f"{n:,} steps": debugger(tapes.steps(n)) for n in (10, 1000, 100_000)}
    names["W(1000)"] = debugger(tapes.turns(1000))
    for name, words in names.items():
        with opened(words, state) as terminal:
            terminal.quiet(2.0)
            for way, kind in (("jk", "to and fro"), ("j", "down")):
                if kind == "down" and name in ("bare Textual app", "10 steps"):
                    continue
                step, taken, before = 1, [], terminal.cpu
                for number in range(times):
                    key = way[number % len(way)]
                    step += 1 if key == "j" else -1
                    terminal.type(key)
                    taken.append(terminal.until(f"step {step}/".encode()))
                    terminal.quiet(0.004)
                taken.sort()
                row(f"{name}, {kind}", ("p50", taken[times // 2] * 1e3, " ms"),
                    ("p99", taken[times * 99 // 100] * 1e3, " ms"),
                    ("cpu a key", (terminal.cpu - before) / times * 1e3, " ms"))  # fmt: skip
                terminal.type("g")
                terminal.quiet(1.0)


def memory(tapes: Tapes, state: str) -> None:
    print("resident once quiet, over the bare app")
    base = 0.0
    for name, words in (
        ("bare Textual app", ["-c", BARE]),
        ("W(10)", debugger(tapes.turns(10))),
        ("W(1000)", debugger(tapes.turns(1000))),
        ("W(1000), at its end", debugger(tapes.turns(1000))),
        ("100 000 steps", debugger(tapes.steps(100_000))),
    ):
        with opened(words, state) as terminal:
            if name.endswith("end"):
                terminal.type("G")
            terminal.quiet(3.0)
            base = base or terminal.resident
            row(name, ("", terminal.resident, " MiB"), ("over", terminal.resident - base, " MiB"))


def body(tapes: Tapes, state: str) -> None:
    print("a body of 3 MB; against json.loads and json.dumps of it")
    path = tapes.body()
    with Tape(path) as tape:
        data = tape.step(2).response.body
    base = timed(lambda: json.dumps(json.loads(data), indent=2))
    with opened(debugger(path), state) as terminal:
        terminal.quiet(2.0)
        took: list[tuple[str, float]] = []
        for name, type_, mark in (("open it whole", "j", b'"row 1"'),):
            terminal.type(type_)
            took.append((name, terminal.until(mark)))
            terminal.quiet(1.0)
    row(f"json, {len(data) / 1e6:.1f} MB", ("wall", base * 1e3, " ms"))
    for name, seconds in took:
        row(name, ("wall", seconds * 1e3, " ms"), ("", seconds / base, "×"))


def ask(tapes: Tapes, state: str) -> None:
    print("filter and search over 100 000 steps; against the same reading without a screen")
    path = tapes.steps(100_000)
    wanted = query.compile("status == 529")
    with Tape(path) as tape:
        base = timed(lambda: sum(1 for _ in query.filter(tape, wanted)))
        either = query.compile('value == "Turn" or text contains "turn 99950"')
        whole = timed(lambda: sum(1 for _ in query.filter(tape, either)))
    row("query.filter: status", ("wall", base * 1e3, " ms"))
    row("query.filter: what was drawn or said", ("wall", whole * 1e3, " ms"))
    with opened(debugger(path), state) as terminal:
        terminal.quiet(3.0)
        terminal.type("&status == 529\r")
        took = terminal.until(b"100 of 100,000")
        row("the filter: &status == 529", ("wall", took * 1e3, " ms"), ("", took / base, "×"))
        terminal.type("\x1b\x1b")
        terminal.quiet(1.0)
        terminal.type("g/Turn 99950\r")
        took = terminal.until(b"step 99950/")
        row("the search: /Turn 99950", ("wall", took * 1e3, " ms"), ("", took / whole, "×"))
    path = tapes.turns(1000)
    with Tape(path) as tape:
        said = json.loads(tape.step(1000).response.body)["content"][0]["text"]
        word = said[:40].strip()
        wanted = query.compile(f'text contains "{word}"')
        base = timed(lambda: sum(1 for _ in query.filter(tape, wanted)))
    row("query.filter of W(1000)", ("wall", base * 1e3, " ms"))
    with opened(debugger(path), state) as terminal:
        terminal.quiet(3.0)
        terminal.type(f"/{word}\r")
        took = terminal.until(b"step 1000/")
        row("the search for its last reply", ("wall", took * 1e3, " ms"), ("", took / base, "×"))


def diff(tapes: Tapes, state: str) -> None:
    import difflib

    print("diff of two tapes of 10 000 steps; against difflib on a line for each step")
    one, other = tapes.steps(10_000), tapes.other(10_000)
    with Tape(one) as a, Tape(other) as b:
        sides = [[str(tape.meaning(n)) for n in range(1, 10_001)] for tape in (a, b)]
    base = timed(lambda: list(difflib.SequenceMatcher(None, *sides, autojunk=False).get_opcodes()))
    row("difflib", ("wall", base * 1e3, " ms"))
    with opened(debugger(one, other), state) as terminal:
        terminal.quiet(2.0)
        terminal.type("D")
        took = terminal.until(b"difference")
        row("to its first rows", ("wall", took * 1e3, " ms"), ("", took / base, "×"))


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


ALL = {"paint": paint, "keys": keys, "memory": memory, "body": body, "ask": ask, "diff": diff}


def main() -> None:
    wanted = [word for word in sys.argv[1:] if word in ALL] or list(ALL)
    kept = os.environ.get("TRACEFORK_BENCH_FOLDER")
    folder = Path(kept or tempfile.mkdtemp(prefix="tracefork-bench-"))
    folder.mkdir(exist_ok=True)
    state = tempfile.mkdtemp(prefix="tracefork-bench-")
    try:
        for name in wanted:
            ALL[name](Tapes(folder), state)
    finally:
        shutil.rmtree(state)
        if not kept:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
