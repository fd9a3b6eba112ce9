"""Reads streams at once, writes down whose event came when, naps, and gives up on one."""

import asyncio
import json
import os
import random

import anthropic

URL = os.environ["ANTHROPIC_BASE_URL"]
client = anthropic.AsyncAnthropic(base_url=f"{URL}/trickling.x")
silent = anthropic.AsyncAnthropic(base_url=f"{URL}/stalled.x")
seen: list[str] = []


async def read(number: int, client: anthropic.AsyncAnthropic = client) -> None:
    async with client.messages.stream(
        model="m", max_tokens=9, messages=[{"role": "user", "content": f"stream {number % 3}"}]
    ) as stream:
        async for event in stream:
            seen.append(f"{number} {event.type}")  # noqa: PERF401


async def nap(number: int) -> None:
    for turn in range(6):
        await asyncio.sleep(random.uniform(0.001, 0.02))
        seen.append(f"nap {number}.{turn}")


async def late() -> None:
    try:
        await asyncio.wait_for(read(9, silent), 0.4)
    except TimeoutError:
        seen.append("late")


async def ask(text: str) -> None:
    message = await client.messages.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": text}]
    )
    seen.append(message.id)


async def main() -> None:
    await ask("ready?")
    work = [read(number) for number in range(6)] + [nap(number) for number in range(4)]
    await asyncio.gather(*work, late())
    await ask(json.dumps(seen))


asyncio.run(main())
print(json.dumps(seen))
