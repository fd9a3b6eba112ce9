"""Works in a thread before it asks, against a timeout; SPIN tells how long the thread takes."""

import asyncio
import json
import os

import httpx2

URL = os.environ["ANTHROPIC_BASE_URL"] + "/plain.json/v1/messages"
seen: list[object] = []


async def asks(client: httpx2.AsyncClient) -> None:
    await asyncio.to_thread(lambda: sum(range(int(os.environ["SPIN"]))))
    response = await client.post(URL, json={})
    seen.append(response.status_code)
    await asyncio.sleep(3600)


async def main() -> None:
    async with httpx2.AsyncClient() as client:
        try:
            await asyncio.wait_for(asks(client), 0.5)
        except TimeoutError:
            seen.append("left")


asyncio.run(main())
print(json.dumps(seen))
