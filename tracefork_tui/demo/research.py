"""An incident review: a lead hands each source to a reader, all read at once, the lead sums up.

python research.py ["what happened, and when"]
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from datetime import datetime

from anthropic import AsyncAnthropic
from anthropic.types import Message, MessageParam, ToolParam, ToolResultBlockParam, ToolUseBlock

MODEL = "claude-sonnet-4-6"
QUESTION = "Checkout became slow on Tuesday at about 14:05. Why?"

LEAD = """\
You lead an incident review. Delegate each source to a reader of its own, all in one turn, then \
answer from their findings alone: the likely cause, the evidence, what to do next."""

READER = """\
You read one source for an incident review. Fetch it, then report what in it lies close to the \
time in question; say so if there is nothing."""

SOURCES = {
    "deploys": """\
09:40 search 2.31: new synonyms
11:15 checkout 4.17: wording of the receipt
14:03 checkout 4.18: coupons are checked on every change of the cart
16:20 accounts 1.9: password length""",
    "database": """\
09:00 p95 12 ms, 310 queries/s
12:00 p95 14 ms, 355 queries/s
14:04 p95 840 ms, 2900 queries/s; top: SELECT * FROM coupon WHERE code = ? (no index)
14:30 p95 910 ms, 3050 queries/s""",
    "traffic": """\
12:00 1180 visits/min
13:00 1215 visits/min
14:00 1190 visits/min
15:00 1204 visits/min""",
}

DELEGATE: ToolParam = {
    "name": "delegate",
    "description": "Give a source to a reader. Sources: " + ", ".join(SOURCES) + ".",
    "input_schema": {
        "type": "object",
        "properties": {"source": {"type": "string"}, "question": {"type": "string"}},
        "required": ["source", "question"],
    },
}
FETCH: ToolParam = {
    "name": "fetch",
    "description": "The lines of a source.",
    "input_schema": {
        "type": "object",
        "properties": {"source": {"type": "string"}},
        "required": ["source"],
    },
}


async def turn(
    client: AsyncAnthropic,
    messages: list[MessageParam],
    system: str,
    tool: ToolParam,
    shown: bool = False,
) -> Message:
    """One streamed reply, added to the conversation; printed as it comes if it is to be shown."""
    async with client.messages.stream(
        model=MODEL, max_tokens=1500, system=system, tools=[tool], messages=messages
    ) as stream:
        async for text in stream.text_stream:
            if shown:
                print(text, end="", flush=True)
        reply = await stream.get_final_message()
    if shown:
        print()
    messages.append({"role": "assistant", "content": reply.content})
    return reply


def calls_of(reply: Message) -> list[ToolUseBlock]:
    return [block for block in reply.content if block.type == "tool_use"]


def text_of(reply: Message) -> str:
    return "\n".join(block.text for block in reply.content if block.type == "text")


async def read(client: AsyncAnthropic, source: str, question: str) -> str:
    """A reader: a conversation of its own about one source."""
    messages: list[MessageParam] = [
        {"role": "user", "content": f"Source: {source}\nQuestion: {question}"}
    ]
    while calls := calls_of(reply := await turn(client, messages, READER, FETCH)):
        results: list[ToolResultBlockParam] = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": SOURCES.get(str(call.input.get("source")), "no such source"),
            }
            for call in calls
        ]
        messages.append({"role": "user", "content": results})
    return text_of(reply)


async def review(client: AsyncAnthropic, question: str) -> str:
    """The lead's conversation; the readers it asks for work at the same time."""
    head = f"Review {uuid.uuid4().hex[:8]}, {datetime.now():%Y-%m-%d %H:%M}"
    print(f"{head}\n{question}\n")
    messages: list[MessageParam] = [{"role": "user", "content": f"{head}\n{question}"}]
    while calls := calls_of(reply := await turn(client, messages, LEAD, DELEGATE, shown=True)):
        findings = await asyncio.gather(
            *(
                read(client, str(call.input.get("source")), str(call.input.get("question")))
                for call in calls
            )
        )
        results: list[ToolResultBlockParam] = []
        for call, finding in zip(calls, findings, strict=True):
            print(f"  {call.input.get('source')}: {finding}")
            results.append({"type": "tool_result", "tool_use_id": call.id, "content": finding})
        print()
        messages.append({"role": "user", "content": results})
    return text_of(reply)


async def run(question: str) -> int:
    async with AsyncAnthropic() as client:
        return 0 if await review(client, question) else 1


def main() -> int:
    return asyncio.run(run(" ".join(sys.argv[1:]) or QUESTION))


if __name__ == "__main__":
    raise SystemExit(main())
