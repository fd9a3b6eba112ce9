"""Waits ten minutes wherever one can wait; `sync` or `async`. Times are what the waits took."""

import asyncio
import json
import os
import sys
import time

import anthropic

URL = os.environ["ANTHROPIC_BASE_URL"]
LONG = float(os.environ["NAP"])
BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "go"}]}
order: list[str] = []


def sync() -> None:
    client = anthropic.Anthropic(base_url=f"{URL}/jittery.x")
    time.sleep(LONG)
    order.append(client.messages.create(**BODY).id)
    order.append(f"waited {LONG}")


async def one(name: str, seconds: float) -> None:
    await asyncio.sleep(seconds)
    order.append(name)


async def worker(name: str) -> None:
    await asyncio.to_thread(time.sleep, LONG / 2)
    order.append(name)


async def asynchronous() -> None:
    client = anthropic.AsyncAnthropic(base_url=f"{URL}/jittery.x")
    naps = [one(f"nap {k}", LONG * (1 + (k * 7 % 5) / 10)) for k in range(5)]
    asked = client.messages.create(**BODY)
    *_, message = await asyncio.gather(*naps, worker("thread"), asked)
    order.append(message.id)
    try:
        async with asyncio.timeout(LONG):
            await asyncio.Event().wait()
    except TimeoutError:
        order.append("timed out")
    try:
        await asyncio.wait_for(client.messages.create(**BODY, extra_body={"k": 1}), LONG * 9)
    except TimeoutError:
        order.append("never")


if sys.argv[1] == "sync":
    sync()
else:
    asyncio.run(asynchronous())
print(json.dumps(order))
