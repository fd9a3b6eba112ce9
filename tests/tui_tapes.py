"""Tapes for the tests of the screen: an agent's run as it would be recorded, and hostile ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tracefork_tui import wire
from tracefork_tui.tape import records
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.writer import Writer

URL = "https://api.anthropic.com/v1/messages"
MODEL = "claude-opus-4-8"
SITE = ["agent.py:88 in ask", "agent.py:131 in work_on", "agent.py:170 in main"]
HOSTILE = (
    "[/nope] [@click=app.quit]press[/] \x1b]52;c;cHduZWQ=\x07 \x1b[2J \x9b2J \x00 \r"
    " \u202eevil\u2066 \u200b 漢字かな 👩‍👩‍👧‍👦 \ud800 [red]$x"
)
MARKS = ("live", "recorded", "stale", "edited", "fault")

Message = dict[str, Any]


class Maker:
    """Writes a run step by step, on a clock that only it moves."""

    def __init__(self, path: Path, header: dict[str, Any] | None = None) -> None:
        self.path = str(path)
        self.n = 0
        self.now = 0
        command = {"command": ["{python}", "agents/refund.py"], "cwd": "."}
        self.writer = Writer.create(self.path, command | (header or {}))
        self.messages: list[Message] = []
        self.provenance = 0

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * 1e6)

    def draw(self, name: str, kind: str, value: Any, site: str = "agent.py:40 in main") -> int:
        self.n += 1
        self.wait(0.002)
        self.writer.draw(self.n, self.now, "MainThread", [site], self.provenance, name, kind, value)
        return self.n

    def send(self, body: bytes, url: str = URL, method: str = "POST") -> int:
        self.n += 1
        self.wait(0.004)
        headers = [
            ("host", "api.anthropic.com"),
            ("content-type", "application/json"),
            ("x-api-key", "[redacted]"),
            ("anthropic-version", "2023-06-01"),
        ]
        self.writer.send(
            self.n, self.now, "MainThread", SITE, self.provenance, method, url, headers, body
        )
        return self.n

    def answer(
        self, n: int, status: int, headers: list[tuple[str, str]], chunks: list[bytes]
    ) -> None:
        self.wait(0.4)
        reason = {200: "OK", 529: ""}.get(status, "")
        self.writer.head(n, self.now, status, reason, "HTTP/1.1", headers)
        for chunk in chunks:
            self.wait(0.03)
            self.writer.chunk(n, self.now, chunk)
        self.wait(0.01)
        digest = hashlib.sha256(b"".join(chunks)).digest()
        self.writer.end(n, self.now, "eof", None, digest)

    def fail(self, n: int, name: str, message: str) -> None:
        self.wait(1.5)
        self.writer.end(
            n, self.now, "error", ["", name, message, None], hashlib.sha256(b"").digest()
        )

    def ask(self, reply: list[Message], stream: bool = False, status: int = 200) -> int:
        """Send the conversation so far; `reply` is the content that comes back."""
        request = {
            "model": MODEL,
            "max_tokens": 2048,
            "system": SYSTEM,
            "tools": TOOLS,
            "messages": self.messages,
            **({"stream": True} if stream else {}),
        }
        n = self.send(json.dumps(request, separators=(",", ":")).encode())
        if status != 200:
            error = {"type": "overloaded_error", "message": "Overloaded"}
            body = json.dumps({"type": "error", "error": error, "request_id": "req_011CQ"})
            headers = [("content-type", "application/json"), ("retry-after", "1")]
            self.answer(n, status, headers, [body.encode()])
            return n
        tokens = len(json.dumps(self.messages)) // 4 + 410
        calls = any(part["type"] == "tool_use" for part in reply)
        message = {
            "id": f"msg_01{n:04d}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": reply,
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": tokens - 380,
                "cache_read_input_tokens": 380,
                "output_tokens": len(json.dumps(reply)) // 4,
            },
        }
        like = [("date", "Thu, 20 Nov 2025 12:04:11 GMT"), ("request-id", "req_011CQ")]
        headers, chunks = wire.encode_reply(message, URL, like, [], stream=stream)
        self.answer(n, 200, headers, chunks)
        self.messages = [*self.messages, {"role": "assistant", "content": reply}]
        return n

    def say(self, content: str | list[Message]) -> None:
        self.messages = [*self.messages, {"role": "user", "content": content}]

    def close(self, exit_code: int = 0, exception: str = "", sealed: bool = True) -> str:
        outcome = {"exit_code": exit_code, "signal": None, "exception": exception, "output": ""}
        self.writer.close()
        if sealed:
            seal(self.path, outcome, self.now + 1000, b"secret").close()
        return self.path


SYSTEM = (
    "You are the support agent of Harbour & Hearth, a small shop for kitchenware.\n"
    "Work on one ticket at a time. Look the order up and read the policy before you decide; "
    "promise nothing that the policy does not give."
)
TOOLS = [
    {
        "name": "lookup_order",
        "description": "Find an order by its number.",
        "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}},
    },
    {
        "name": "refund",
        "description": "Give money back for an order, in dollars.",
        "input_schema": {"type": "object", "properties": {"amount": {"type": "number"}}},
    },
]
ORDER = {
    "order_id": "A-1009",
    "status": "delivered",
    "delivered": "2025-11-08",
    "items": [{"sku": "MUG-MOSS", "title": "Stoneware mug, moss", "qty": 2, "paid_cents": 2400}],
    "notes": None,
    "gift": False,
}


def call(id_: str, name: str, **arguments: Any) -> Message:
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}


def result(id_: str, content: str, is_error: bool = False) -> list[Message]:
    block = {"type": "tool_result", "tool_use_id": id_, "content": content}
    return [block | ({"is_error": True} if is_error else {})]


def text(words: str) -> Message:
    return {"type": "text", "text": words}


def thinking(words: str) -> Message:
    return {"type": "thinking", "thinking": words, "signature": "EqQBCkYI" + "A" * 40}


def refund_run(
    path: Path, header: dict[str, Any] | None = None, marks: bool = False, sealed: bool = True
) -> str:
    """A support agent settles a ticket: draws, tool calls, a stream, an overloaded API."""
    run = Maker(path, header)
    run.provenance = int(marks)
    run.draw("time.time", "float", 1763640251.25)
    run.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    run.draw("os.environ", "str", "production")
    run.say(
        "Ticket T-2041, opened 2025-11-20 12:04\nFrom: Tom Okafor <tom.okafor@example.com>\n"
        "Order: A-1009\nSubject: Mug arrived in two pieces\n\nHello, the moss mug came broken "
        "clean in two. The box looked fine from outside. I'd rather have my money back than a "
        "new one. Thanks, Tom"
    )
    run.ask(
        [text("I will check the order first."), call("toolu_01", "lookup_order", order_id="A-1009")]
    )
    run.draw("lookup_order", "json", ORDER, "agent.py:61 in lookup_order")
    run.say(result("toolu_01", json.dumps(ORDER)))
    run.ask([], status=529)
    run.draw("time.time", "float", 1763640253.5)
    run.ask(
        [
            thinking(
                "The mug was delivered on the 8th, so it is within 30 days. Goods worth less "
                "than $60 need not be sent back.\nThe price is in cents: 2400 is $24.00 a piece."
            ),
            text(
                "The order qualifies for a **full refund** under rule 1. Only one of the two mugs "
                "broke, so I refund `24.00` and not the whole order."
            ),
            call("toolu_02", "refund", order_id="A-1009", amount=480, reason="arrived broken"),
        ],
        stream=True,
    )
    run.provenance = 3 if marks else 0
    run.draw("random.random", "number", 0.7310585786300049)
    run.provenance = 2 if marks else 0
    run.say(result("toolu_02", "amount 480.00 is above what was paid (48.00)", is_error=True))
    run.ask([call("toolu_03", "refund", order_id="A-1009", amount=24, reason="arrived broken")])
    n = run.send(b"", "https://hooks.example.com/refunds?id=77", "GET")
    run.fail(n, "ConnectError", "[Errno 111] Connection refused")
    run.provenance = 4 if marks else 0
    run.say(result("toolu_03", json.dumps({"ok": True, "refund_id": "R-5512"})))
    run.ask(
        [text("Done: I refunded $24.00 for the broken mug.\n\n- refund R-5512\n- no return")],
        stream=True,
    )
    run.draw("datetime.datetime.now", "datetime", "2025-11-20T12:04:19.000250")
    run.writer.note(run.now, "module", {"name": "httpx", "version": "0.28.1"})
    run.writer.note(
        run.now, "subprocess", {"what": "git rev-parse HEAD", "site": ["agent.py:22 in main"]}
    )
    return run.close(sealed=sealed)


def hostile_run(path: Path) -> str:
    """Text that a terminal or a markup parser would obey, in every place that a tape has."""
    bad = HOSTILE.replace("\ud800", "")
    run = Maker(path, {"command": ["{python}", f"{bad}.py"]})
    run.draw(bad, bad, bad, bad)
    worse = HOSTILE
    run.say(worse)
    run.ask([text(worse), thinking(worse), call(worse, worse, **{worse: worse})])
    run.say(result(worse, worse, is_error=True))
    run.ask([text(worse), call(worse, worse, **{worse: worse})], stream=True)
    n = run.send(bad.encode(), f"https://example.com/{bad}", bad)
    run.answer(n, 500, [(bad, bad)], [bad.encode()])
    n = run.send(bad.encode(), f"https://example.com/{bad}")
    run.fail(n, bad, bad)
    run.writer.note(run.now, bad, {"what": bad})
    return run.close(1, exception=bad)


def long_run(path: Path, steps: int) -> str:
    """Many draws, with an exchange here and there."""
    run = Maker(path)
    run.say("Go on.")
    for n in range(1, steps + 1):
        if n % 50 == 0:
            run.messages = run.messages[:1]
            run.ask([text(f"Turn {n}.")], status=529 if n % 1000 == 0 else 200)
        else:
            run.draw("random.random", "number", n / steps)
    return run.close()


def opened(path: str) -> Tape:
    return Tape(path)


assert records.PROVENANCES[:5] == MARKS
