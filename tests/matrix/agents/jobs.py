"""Has threads work before it asks, each time against a timeout."""

import asyncio
import json
import os

import anyio.to_thread
import httpx2

URL = os.environ["ANTHROPIC_BASE_URL"] + "/jittery.x/v1/messages"
seen: list[str] = []


async def job(client: httpx2.AsyncClient, number: int) -> None:
    await anyio.to_thread.run_sync(lambda: None)
    await asyncio.to_thread(lambda: sum(range(20000)))
    response = await client.post(URL, json={"number": number})
    seen.append(response.json()["id"])


async def main() -> None:
    async with httpx2.AsyncClient() as client:
        for number in range(20):
            task = asyncio.ensure_future(job(client, number))
            try:
                await asyncio.wait_for(asyncio.shield(task), 0.02)
            except TimeoutError:
                seen.append(f"late {number}")
            await task


asyncio.run(main())
print(json.dumps(seen))
