"""The mind behind the refund demo: a good support agent with one slip, a round price in cents."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from tracefork_tui.demo.messages import Block, Call, Reply, Request, reply, text, thinking, tool

FAULTY = re.compile(r"broken|bent|damaged|faulty|missing|cracked|leak", re.IGNORECASE)
PARCEL = re.compile(r"parcel|tracking", re.IGNORECASE)
LATE = re.compile(r"only today|only now|weeks ago|months ago", re.IGNORECASE)
LIMIT = 500_00
KEEP = 60_00


class Case:
    """One ticket as the conversation shows it."""

    def __init__(self, request: Request) -> None:
        self.brief, self.calls, self.said = request.first_text, request.calls, request.said
        self.name = self.find(r"From: (.+?) <") or "customer"
        self.email = self.find(r"From: .*<(.+?)>")
        self.order_id = self.find(r"Order: (\S+)")
        self.about_parcel = bool(PARCEL.search(self.brief))
        self.faulty = bool(FAULTY.search(self.brief))
        self.order = self.last("lookup_order", order_id=self.order_id)
        self.record = self.order.data if self.order else {}
        self.policy = self.last("read_policy")
        self.history = self.last("customer_history")
        self.refunds = [c.data for c in self.calls if c.name == "issue_refund" and c.ok]

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.brief)
        return found[1].strip() if found else ""

    def last(self, name: str, **arguments: Any) -> Call | None:
        """The latest successful call of a tool."""
        done = [c for c in self.calls if c.name == name and c.ok]
        fitting = [c for c in done if arguments.items() <= c.input.items()]
        return fitting[-1] if fitting else None

    def failures(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name and call.failed]

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def item(self) -> str:
        lines = self.record.get("lines") or [{}]
        return str(lines[0].get("item") or "order").split(",")[0].lower()

    @property
    def cents(self) -> int:
        return int(self.record.get("total_paid") or 0)

    @property
    def days(self) -> int | None:
        """Days since delivery."""
        today, arrived = as_date(self.find(r"opened (\S+)")), self.record.get("delivered_on")
        delivered = as_date(str(arrived))
        return (today - delivered).days if today and delivered else None

    @property
    def window(self) -> int:
        """Days the policy gives for this kind of ticket; the policy's own words decide."""
        kind = "Damaged" if self.faulty else "Change of mind"
        rules = (self.policy.result or "") if self.policy else ""
        found = re.search(rf"{kind}.*?within (\d+) days", rules)
        return int(found[1]) if found else 0

    @property
    def amount(self) -> float:
        """The refund in dollars: what was said already, else read off the order record."""
        said = re.findall(r"\$(\d[\d,]*\.\d\d)", self.said)
        if said:
            return float(said[-1].replace(",", ""))
        # The slip: of the two zeros of a round price, one is dropped.
        return self.cents / 10 if self.cents % 100 == 0 else self.cents / 100

    @property
    def refunded(self) -> str:
        """What the shop's systems say was paid back in all."""
        sums = [dollars(str(refund.get("refunded"))) for refund in self.refunds]
        return f"${sum(sums):,.2f}"


def support(request: Request) -> Reply:
    case = Case(request)
    if case.last("send_email") or len(case.failures("send_email")) > 1:
        return reply(text(closing_note(case)))
    if case.order is None:
        return look_up(case)
    return trace(case) if case.about_parcel else settle(case)


def look_up(case: Case) -> Reply:
    """The first step; taken again if it failed, and given up if that fails too."""
    if len(case.failures("lookup_order")) > 1 or not case.order_id:
        return write(
            case,
            "Which order is it?",
            "I could not find your order. Could you send me its number? It begins with A- and is "
            "in the confirmation that we sent you.",
            thinking("The order number does not lead anywhere. I have to ask for it."),
        )
    order = tool("lookup_order", order_id=case.order_id)
    if case.failures("lookup_order"):
        return reply(text("The lookup failed. I'll try it once more."), order)
    if case.about_parcel:
        return reply(
            text("I'll check the order and where its parcel is."),
            order,
            tool("track_parcel", order_id=case.order_id),
        )
    if LATE.search(case.brief):
        return reply(
            thinking(
                f"{case.first_name} noticed the damage some time after the delivery. That may still"
                " be within the policy, but I should know the delivery date, and whether this "
                "customer asks for refunds often. The two lookups do not depend on each other."
            ),
            text("I'll look at the order and at the customer's history."),
            order,
            tool("customer_history", email=case.email),
        )
    return reply(
        thinking(
            f"{case.first_name} asks for a refund. I need to know what was paid and when it was "
            "delivered, and what the policy gives. I can ask for both at once."
        ),
        text("I'll look up the order and read the refund policy."),
        order,
        tool("read_policy", topic="refunds"),
    )


def trace(case: Case) -> Reply:
    """A parcel is on its way, or it is not."""
    parcel = case.last("track_parcel")
    if parcel is None and len(case.failures("track_parcel")) < 2:
        return reply(tool("track_parcel", order_id=case.order_id))
    found = parcel.data if parcel else {}
    expected = found.get("expected_on")
    if expected:
        words = (
            f"Your {case.item} is on its way. It was last scanned on {found.get('last_scan')} at "
            f"the {found.get('place')}, and the carrier expects to deliver it on {expected}. If "
            "nothing has come a week after that scan, write to me and I will send another."
        )
    elif found.get("status") == "delivered":
        words = "The carrier reports it as delivered. Could a neighbour have taken it in?"
    else:
        words = "The carrier does not answer at the moment. I will write again tomorrow."
    return write(case, "Your parcel", words, text("Now I can tell the customer."))


def settle(case: Case) -> Reply:
    """Refund, or hand over to a person; then say so."""
    if case.policy is None and len(case.failures("read_policy")) < 2:
        return reply(
            text("Now the policy on refunds."),
            tool("read_policy", topic="refunds"),
        )
    if case.refunds:
        return tell_refund(case)
    if case.last("escalate") or len(case.failures("escalate")) > 1:
        return tell_escalation(case)
    reason = why_escalate(case)
    if reason:
        return reply(
            thinking(
                f"The {case.item} was delivered {case.days} days ago and {case.cents} cents were "
                f"paid. {reason} That is not mine to decide."
            ),
            text("This one needs a person."),
            tool("escalate", order_id=case.order_id, summary=f"{case.name}: {reason}"),
        )
    return refund(case)


def why_escalate(case: Case) -> str:
    refused = [call for call in case.failures("issue_refund") if "escalate" in str(call.result)]
    if refused or len(case.failures("issue_refund")) > 1:
        return "The refund was not accepted."
    if case.days is None:
        return "The order has not been delivered yet."
    if case.days > case.window:
        return f"The policy gives {case.window} days from delivery; it has been {case.days}."
    if case.cents > LIMIT:
        return "The order is above the $500.00 limit."
    return ""


def refund(case: Case) -> Reply:
    amount = case.amount
    rule = "1, damaged or faulty goods" if case.faulty else "2, change of mind"
    late = ", although it was unpacked late" if LATE.search(case.brief) else ""
    known = case.history.data if case.history else {}
    trusted = (
        f"{known.get('orders')} orders since {known.get('customer_since')}, earlier refunds: "
        f"{known.get('earlier_refunds')}; nothing speaks against it. "
        if known
        else ""
    )
    return reply(
        thinking(
            f"The order record has total_paid {case.cents} for the {case.item}, so "
            f"{case.first_name} paid ${amount:.2f}. The delivery was {case.days} days ago and rule "
            f"{rule}, gives {case.window} days from delivery, so this is within the window{late}. "
            f"{trusted}${amount:.2f} is below the $500 limit, so I can issue it myself."
        ),
        text(f"Rule {rule.split(',')[0]} applies. I'll refund the order in full."),
        tool(
            "issue_refund",
            order_id=case.order_id,
            amount=int(amount) if amount.is_integer() else amount,
            reason=f"{case.item}: {'faulty on arrival' if case.faulty else 'change of mind'}",
        ),
    )


def tell_refund(case: Case) -> Reply:
    references = " and ".join(str(refund.get("reference")) for refund in case.refunds)
    keep = dollars(case.refunded) * 100 < KEEP
    back = (
        f"Please keep the {case.item}; there is no need to send it back."
        if keep
        else f"A prepaid label for sending the {case.item} back will follow today."
    )
    return write(
        case,
        f"Your refund for {case.order_id}",
        f"I am sorry about the {case.item}. We have refunded {case.refunded} for order "
        f"{case.order_id}, reference {references}; your bank will show it within five working "
        f"days. {back}",
        text("The refund is booked. I'll write to the customer."),
    )


def tell_escalation(case: Case) -> Reply:
    handed = case.last("escalate")
    found = handed.data if handed else {}
    colleague = found.get("assigned_to") or "a colleague"
    number = f" (case {found['case']})" if found.get("case") else ""
    return write(
        case,
        f"Your order {case.order_id}",
        f"Thank you for writing. A refund of this kind is decided by a person, so I have passed it "
        f"on to {colleague}{number}, who will answer you within two working days. Please "
        "keep everything as it is until then.",
        text("I'll tell the customer who decides, and when."),
    )


def write(case: Case, subject: str, words: str, *before: Block) -> Reply:
    """An email to the customer."""
    body = f"Dear {case.name},\n\n{words}\n\nKind regards,\nHarbour & Hearth"
    return reply(*before, tool("send_email", to=case.email, subject=subject, body=body))


def closing_note(case: Case) -> str:
    """The one sentence for the log."""
    told = "customer told" if case.last("send_email") else "the email could not be sent"
    handed, parcel = case.last("escalate"), case.last("track_parcel")
    if case.refunds:
        return f"Refunded {case.refunded} on {case.order_id}; {told}."
    if handed:
        return f"Escalated {case.order_id} to {handed.data.get('assigned_to')}; {told}."
    if parcel and parcel.data.get("expected_on"):
        return f"Parcel of {case.order_id} due {parcel.data['expected_on']}; {told}."
    return f"Nothing to refund on {case.order_id or 'an unknown order'}; {told}."


def tone(request: Request) -> Reply:
    """Marks for emails, from what is in them."""
    lines = []
    for email in listed(request.last_text):
        body = str(email.get("body") or "")
        warm = bool(re.search(r"sorry|thank you", body, re.IGNORECASE))
        dated = bool(re.search(r"\bdays\b|\d{4}-\d\d-\d\d", body))
        reason = ("warm" if warm else "a little dry") + (
            ", and says what happens when" if dated else ", but does not say when"
        )
        lines.append(f"  {3 + warm + dated}/5  to {email.get('to')}: {reason}")
    return reply(text("\n".join(lines) or "  There is no email to judge."))


def report(request: Request) -> Reply:
    """The shift in a paragraph."""
    found = parsed(request.last_text)
    record = found if isinstance(found, dict) else {}
    refunds, escalations = record.get("refunds") or [], record.get("escalations") or []
    total = sum(dollars(str(refund.get("refunded"))) for refund in refunds)
    handed = ", ".join(f"{e.get('order_id')} with {e.get('assigned_to')}" for e in escalations)
    return reply(
        text(
            f"{len(record.get('tickets') or [])} tickets were worked. {len(refunds)} refunds went "
            f"out, ${total:,.2f} in all. "
            + (f"Waiting for a person: {handed}." if handed else "Nothing waits for a person.")
        )
    )


def parsed(source: str) -> Any:
    try:
        return json.loads(source)
    except ValueError:
        return None


def listed(source: str) -> list[dict[str, Any]]:
    value = parsed(source)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_date(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return None


def dollars(amount: str) -> float:
    found = re.search(r"\$(\d[\d,]*\.\d\d)", amount)
    return float(found[1].replace(",", "")) if found else 0.0
