"""What an exchange, a chunk and the first token cost over real HTTP on localhost: the SDK's plain
and streamed answers, bare, recorded and replayed. Of each the best median of some runs.

python tests/bench/streaming.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OURS = [sys.executable, "-m", "tracefork_tui"]
CHUNKS = 400
THINKS = 0.05  # seconds before the first token

AGENT = f"""
import json, time

import anthropic

clock = getattr(time.perf_counter, "__wrapped__", time.perf_counter)
client = anthropic.Anthropic(api_key="none")
ask = dict(model="m", max_tokens=9, messages=[dict(role="user", content="go")])
told = {{"exchange": [], "first": [], "chunk": []}}
for turn in range(40):
    start = clock()
    client.messages.create(**ask)
    told["exchange"].append((clock() - start) * 1e6)
for turn in range(8):
    start = clock()
    deltas = (
        clock()
        for event in client.messages.create(stream=True, **ask)
        if event.type == "content_block_delta"
    )
    first, second, *_, last = deltas
    told["first"].append((first - start) * 1e3)
    told["chunk"].append((last - second) * 1e6 / {CHUNKS})
print(json.dumps(told))
"""

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
WHOLE = {**MESSAGE, "content": [{"type": "text", "text": "done"}], "stop_reason": "end_turn"}


def events() -> list[bytes]:
    delta = {"type": "text_delta", "text": "some words "}
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": MESSAGE},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        *({"type": "content_block_delta", "index": 0, "delta": delta} for _ in range(CHUNKS)),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    ]
    return [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in told]


def chunked(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


class Handler(BaseHTTPRequestHandler):
    """The first token comes alone, all others at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    parts = events()

    def do_POST(self) -> None:
        streamed = b'"stream":true' in self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(WHOLE).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        if streamed:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if streamed:
            time.sleep(THINKS)
            self.wfile.write(chunked(self.parts[:3]))
            time.sleep(THINKS)
            self.wfile.write(chunked(self.parts[3:]) + b"0\r\n\r\n")
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def seconds(command: list[str], url: str) -> dict[str, float]:
    environment = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"exchange"')]
    if not lines:
        raise SystemExit(done.stdout + done.stderr)
    return {row: statistics.median(cells) for row, cells in json.loads(lines[0]).items()}


def main(rounds: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "recorded": [], "replayed": []}
    with tempfile.TemporaryDirectory() as folder:
        agent, tape = os.path.join(folder, "agent.py"), os.path.join(folder, "run.msgpack")
        with open(agent, "w") as file:
            file.write(AGENT)
        words = [sys.executable, agent]
        for _ in range(rounds):
            runs["bare"].append(seconds(words, url))
            record = [*OURS, "record", "--force", "-o", tape, "--", *words]
            runs["recorded"].append(seconds(record, url))
            runs["replayed"].append(seconds([*OURS, "replay", tape], url))
    server.shutdown()
    print(f"{'':28}" + "".join(f"{name:>12}" for name in runs) + f"{'recording adds':>18}")
    rows = {
        "exchange": "an exchange, µs",
        "chunk": f"a chunk of {CHUNKS}, µs",
        "first": "the first token, ms",
    }
    for row, label in rows.items():
        cells = {name: min(run[row] for run in told) for name, told in runs.items()}
        added = cells["recorded"] - cells["bare"]
        print(f"{label:28}" + "".join(f"{cell:>12.1f}" for cell in cells.values()), end="")
        print(f"{added:>+18.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
