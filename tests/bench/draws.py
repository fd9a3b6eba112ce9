"""What draws cost, in processor time of the agent: bare, recorded and replayed.

python tests/bench/draws.py [DRAWS]
"""

import json
import os
import subprocess
import sys
import tempfile

AGENT = """
import json, random, sys, time
began = getattr(time.process_time, "__wrapped__", time.process_time)
start = began()
import logging

PARTS = 20


def cost(draw, count):
    for _ in range(40):
        draw()
    took = []
    for _ in range(PARTS):
        before = began()
        for _ in range(count // PARTS):
            draw()
        took.append((began() - before) / (count // PARTS) * 1e6)
    return [sum(took) / PARTS, min(took)]


def main(count):
    code = compile("def draw():\\n return time.time()", logging.__file__, "exec")
    names = {"time": time}
    exec(code, names)
    print(json.dumps({
        "start": start * 1e3,
        "time.time() in a loop": [sum(loop) / PARTS, min(loop)],
        "time.time()": cost(lambda: time.time(), count),
        "random.random()": cost(lambda: random.random(), count),
        "a library's time.time()": cost(names["draw"], count // 4),
        "random.choice()": cost(lambda: random.choice("abc"), count // 40),
    }))


loop, each = [], int(sys.argv[1]) // PARTS
for _ in range(40):
    time.time()
for _ in range(PARTS):
    before = began()
    for _ in range(each):
        time.time()
    loop.append((began() - before) / each * 1e6)
main(int(sys.argv[1]))
"""
OURS = [sys.executable, "-m", "tracefork_tui"]


def told(command, environment):
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"start"')]
    if not lines:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(lines[0])


def main(count):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        agent, tape = os.path.join(folder, "agent.py"), os.path.join(folder, "run.msgpack")
        with open(agent, "w") as file:
            file.write(AGENT)
        words = [sys.executable, agent, str(count)]
        runs = {}
        for name, command in (
            ("bare", words),
            ("recorded", [*OURS, "record", "--force", "-o", tape, "--", *words]),
            ("replayed", [*OURS, "replay", tape]),
        ):
            runs[name] = told(command, environment)
        size = os.path.getsize(tape)
    print(f"{'µs a draw (best part)':28}" + "".join(f"{name:>18}" for name in runs))
    for row in runs["bare"]:
        if row != "start":
            cells = (runs[name][row] for name in runs)
            print(f"{row:28}" + "".join(f"{mean:>10.2f} ({best:.2f})" for mean, best in cells))
    starts = "".join(f"{run['start']:>15.1f} ms" for run in runs.values())
    print(f"{'start of the program':28}{starts}")
    draws = 2 * (count + 40) + count // 40 + 40
    print(f"{draws} draws on the tape: {size} bytes, {size / draws:.2f} a draw")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
