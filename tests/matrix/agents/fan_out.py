"""Asks twenty times at once and uses the answers as they come, round after round."""

import asyncio
import json
import os

import anthropic

URL = os.environ["ANTHROPIC_BASE_URL"] + "/jittery.x"
client = anthropic.AsyncAnthropic(base_url=URL)


async def ask(text: str) -> str:
    message = await client.messages.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": text}]
    )
    return f"{text} {message.id}"


async def main() -> list[str]:
    order: list[str] = []
    asked = [ask(f"question {number}") for number in range(20)]
    for first in asyncio.as_completed(asked):
        order.append(await first)
        if len(order) % 5 == 0:
            order.append(await ask("so far: " + ", ".join(order)[-300:]))
    return order


print(json.dumps(asyncio.run(main())))
