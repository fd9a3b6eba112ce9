"""A support agent works through a small shop's queue of tickets.

It looks orders up, reads the policy, refunds, escalates and writes to customers. At the end the
books are reconciled; the exit code is 1 if they do not balance or a customer was left waiting.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import anthropic
from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam, ToolResultBlockParam, ToolUseBlock

MODEL = os.environ.get("SUPPORT_MODEL", "claude-opus-4-8")
MAX_TURNS = 10

SUPPORT = """\
You are the support agent of Harbour & Hearth, a small shop for kitchenware.
Work on one ticket at a time. Look the order up and read the policy before you decide; promise \
nothing that the policy does not give. When the matter is settled, write to the customer, then \
close the ticket with one sentence for the log."""

TONE = """\
You review the tone of emails that a shop sent to its customers. Judge warmth and clarity, not the \
decision. Give each email a mark out of five and a reason, one line each."""

REPORT = """\
You write the shift report of a shop's support desk: a short paragraph for the person who takes \
over, with figures from the record you are given and nothing else."""

POLICY = {
    "refunds": """\
Refund policy, revision 7
1. Damaged, faulty or incomplete goods: full refund within 30 days of delivery. The customer keeps \
goods worth less than $60.
2. Change of mind: refund within 14 days of delivery, unused and in the original box.
3. Outside these windows, or above $500.00: a person decides. Escalate.
4. Refund what was paid for the order, never more.
5. Order records hold prices in cents; refunds are issued in dollars.""",
    "shipping": """\
Shipping policy, revision 3
1. A parcel is lost when it has not been scanned for 7 days. Until then, ask the customer to wait.
2. Lost parcels are sent again; if the item is gone, they are refunded.""",
}


@dataclass(frozen=True)
class Ticket:
    id: str
    customer: str
    email: str
    order: str
    subject: str
    text: str

    def brief(self) -> str:
        return (
            f"Ticket {self.id}, opened {datetime.now():%Y-%m-%d %H:%M}\n"
            f"From: {self.customer} <{self.email}>\nOrder: {self.order}\n"
            f"Subject: {self.subject}\n\n{self.text}"
        )


QUEUE = [
    Ticket(
        "T-2041",
        "Tom Okafor",
        "tom.okafor@example.com",
        "A-1007",
        "Mug arrived in two pieces",
        "Hello, the moss mug came broken clean in two. The box looked fine from outside. I'd "
        "rather have my money back than a new one. Thanks, Tom",
    ),
    Ticket(
        "T-2042",
        "Hanna Lind",
        "hanna.lind@example.com",
        "A-1008",
        "Where is my parcel?",
        "Hi! I ordered an apron for my sister's birthday on Saturday and the tracking page has "
        "said the same thing for days. Is it coming? Hanna",
    ),
    Ticket(
        "T-2043",
        "Ines Moreau",
        "ines.moreau@example.com",
        "A-1009",
        "Kettle with a bent spout",
        "Good morning, I unpacked the kettle only today (we moved house) and the spout is bent: it "
        "pours over my hand. I'd like a refund please. Ines Moreau",
    ),
    Ticket(
        "T-2044",
        "Robert Achterberg",
        "r.achterberg@example.com",
        "A-1010",
        "Returning two casseroles",
        "We have changed our minds about the casseroles; they were to be a wedding present and the "
        "couple already has a set. Unopened. Please refund both. R. Achterberg",
    ),
]


def orders(today: date) -> dict[str, dict[str, Any]]:
    """The order book, as the warehouse system returns it."""

    def order(id: str, item: str, quantity: int, cents: int, days_ago: int | None) -> Any:
        delivered = None if days_ago is None else (today - timedelta(days_ago)).isoformat()
        line = {"item": item, "quantity": quantity, "unit_price": cents}
        total = quantity * cents
        return {"order_id": id, "lines": [line], "total_paid": total, "delivered_on": delivered}

    book = [
        order("A-1007", "Stoneware mug, moss", 1, 3250, 4),
        order("A-1008", "Linen apron, rust", 1, 5495, None),
        order("A-1009", "Gooseneck kettle, 0.8 l", 1, 4800, 19),
        order("A-1010", "Enamelled casserole, 6 l", 2, 32475, 41),
    ]
    return {record["order_id"]: record for record in book}


@dataclass
class Desk:
    """The shop's systems, in memory, and all that was done through them."""

    today: date
    refunds: list[dict[str, Any]] = field(default_factory=list)
    emails: list[dict[str, Any]] = field(default_factory=list)
    escalations: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.orders = orders(self.today)
        self.tools = {tool["name"]: getattr(self, tool["name"]) for tool in TOOLS}

    def lookup_order(self, order_id: str) -> dict[str, Any]:
        if order_id not in self.orders:
            raise LookupError(f"no order {order_id}")
        return self.orders[order_id]

    def read_policy(self, topic: str) -> str:
        return POLICY[topic]

    def track_parcel(self, order_id: str) -> dict[str, Any]:
        if self.lookup_order(order_id)["delivered_on"]:
            return {"order_id": order_id, "status": "delivered"}
        return {
            "order_id": order_id,
            "status": "in transit",
            "last_scan": (self.today - timedelta(3)).isoformat(),
            "place": "Gothenburg depot",
            "expected_on": (self.today + timedelta(1)).isoformat(),
        }

    def customer_history(self, email: str) -> dict[str, Any]:
        return {"email": email, "customer_since": 2021, "orders": 6, "earlier_refunds": 0}

    def issue_refund(self, order_id: str, amount: float, reason: str) -> dict[str, Any]:
        self.lookup_order(order_id)
        cents = round(float(amount) * 100)
        if not 0 < cents <= 500_00:
            raise ValueError("a refund must be above $0.00 and at most $500.00; escalate instead")
        refund = {
            "reference": f"RF-{uuid.uuid4().hex[:8]}",
            "order_id": order_id,
            "refunded": money(cents),
            "issued_at": datetime.now().isoformat(timespec="seconds"),
        }
        self.refunds.append(refund | {"cents": cents, "reason": reason})
        return refund

    def escalate(self, order_id: str, summary: str) -> dict[str, Any]:
        colleague = random.choice(["Marit", "Jonas", "Priya"])
        case = {"case": f"ESC-{uuid.uuid4().hex[:6]}", "assigned_to": colleague}
        self.escalations.append(case | {"order_id": order_id, "summary": summary})
        return case

    def send_email(self, to: str, subject: str, body: str) -> dict[str, Any]:
        self.emails.append({"to": to, "subject": subject, "body": body})
        return {"message_id": f"<{uuid.uuid4()}@harbour-hearth.example>", "status": "queued"}

    def run(self, call: ToolUseBlock) -> ToolResultBlockParam:
        """The result of one tool call; what goes wrong is told to the model."""
        result: ToolResultBlockParam = {"type": "tool_result", "tool_use_id": call.id}
        try:
            value = self.tools[call.name](**call.input)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            return {**result, "content": f"{type(error).__name__}: {error}", "is_error": True}
        return {**result, "content": value if isinstance(value, str) else json.dumps(value)}


def tool(name: str, description: str, **parameters: str) -> ToolParam:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in parameters.items()},
        "required": list(parameters),
    }
    return {"name": name, "description": description, "input_schema": schema}


TOOLS = [
    tool("lookup_order", "One order from the warehouse system.", order_id="string"),
    tool("read_policy", 'The shop\'s policy on a topic: "refunds", "shipping".', topic="string"),
    tool("track_parcel", "Where an order's parcel is.", order_id="string"),
    tool("customer_history", "What we know of a customer.", email="string"),
    tool(
        "issue_refund",
        "Pay money back for an order. The amount is in dollars. This cannot be undone.",
        order_id="string",
        amount="number",
        reason="string",
    ),
    tool("escalate", "Hand a case to a person.", order_id="string", summary="string"),
    tool("send_email", "Write to a customer.", to="string", subject="string", body="string"),
]


def money(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def work(client: Anthropic, desk: Desk, ticket: Ticket) -> str:
    """Let the model settle one ticket; returns its closing note."""
    messages: list[MessageParam] = [{"role": "user", "content": ticket.brief()}]
    for _ in range(MAX_TURNS):
        reply = client.messages.create(
            model=MODEL,
            max_tokens=2000,
            system=SUPPORT,
            tools=TOOLS,
            thinking={"type": "adaptive"},
            cache_control={"type": "ephemeral"},
            messages=messages,
        )
        messages.append({"role": "assistant", "content": reply.content})
        calls = [block for block in reply.content if block.type == "tool_use"]
        if calls:
            messages.append({"role": "user", "content": [perform(desk, call) for call in calls]})
        elif reply.stop_reason != "pause_turn":
            note = " ".join(block.text for block in reply.content if block.type == "text")
            return note or f"closed without a note ({reply.stop_reason})"
    return f"given up after {MAX_TURNS} turns"


def perform(desk: Desk, call: ToolUseBlock) -> ToolResultBlockParam:
    result = desk.run(call)
    shown = ", ".join(str(value) for key, value in call.input.items() if key in SHOWN)
    print(f"    {call.name}({shown}){' failed' if result.get('is_error') else ''}")
    return result


SHOWN = ("order_id", "topic", "email", "amount", "to")


def review_tone(client: Anthropic, desk: Desk) -> str:
    """A second opinion on two emails picked at random."""
    sample = random.sample(desk.emails, min(2, len(desk.emails)))
    reply = client.messages.create(
        model=MODEL,
        max_tokens=500,
        system=TONE,
        messages=[{"role": "user", "content": json.dumps(sample, indent=1)}],
    )
    return "".join(block.text for block in reply.content if block.type == "text")


def write_report(client: Anthropic, desk: Desk, notes: dict[str, str]) -> None:
    """The shift report, printed as it is written."""
    record = {
        "written_at": f"{datetime.now():%Y-%m-%d %H:%M}",
        "tickets": notes,
        "refunds": [
            {key: refund[key] for key in ("reference", "order_id", "refunded")}
            for refund in desk.refunds
        ],
        "escalations": desk.escalations,
    }
    with client.messages.stream(
        model=MODEL,
        max_tokens=500,
        system=REPORT,
        messages=[{"role": "user", "content": json.dumps(record, indent=1)}],
    ) as stream:
        for text in stream.text_stream:
            print(text, end="", flush=True)
    print()


def reconcile(desk: Desk) -> list[str]:
    """Compare the books with the orders; returns what is wrong."""
    wrong = []
    for order_id in sorted({refund["order_id"] for refund in desk.refunds}):
        paid = desk.orders[order_id]["total_paid"]
        refunded = sum(r["cents"] for r in desk.refunds if r["order_id"] == order_id)
        mark = "ok" if refunded == paid else f"off by {money(abs(refunded - paid))}"
        print(f"  {order_id}  paid {money(paid):>8}  refunded {money(refunded):>8}  {mark}")
        if refunded != paid:
            wrong.append(
                f"books do not balance: refunded {money(refunded)} on a {money(paid)} order"
            )
    answered = {email["to"] for email in desk.emails}
    wrong += [
        f"{ticket.id}: {ticket.customer} is still waiting for an answer"
        for ticket in QUEUE
        if ticket.email not in answered
    ]
    return wrong


def main() -> int:
    client = Anthropic()
    desk = Desk(datetime.now().date())
    notes: dict[str, str] = {}
    print(f"Harbour & Hearth support desk, shift {uuid.uuid4().hex[:8]}: {len(QUEUE)} tickets")
    try:
        for ticket in QUEUE:
            print(f"\n{ticket.id}  {ticket.subject}")
            notes[ticket.id] = work(client, desk, ticket)
            print(f"    -> {notes[ticket.id]}")
        if desk.emails:
            print(f"\nTone of two emails\n{review_tone(client, desk)}")
        print("\nShift report")
        write_report(client, desk, notes)
    except anthropic.APIError as error:
        print(f"\nThe model failed, the shift ends here: {type(error).__name__}")

    print("\nReconciliation")
    wrong = reconcile(desk)
    for problem in wrong:
        print(f"  {problem}")
    print("FAILED" if wrong else "All books balance.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
