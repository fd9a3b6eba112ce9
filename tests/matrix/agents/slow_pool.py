"""Works in a thread before it asks; PICKUP tells how long the thread takes to get its work.

It stands for a machine so busy that a thread which was woken does not run yet.
"""

import asyncio
import json
import os
import queue
import select
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

URL = os.environ["ANTHROPIC_BASE_URL"] + "/plain.json/v1/messages"
seen: list[object] = []


class Slow(queue.SimpleQueue):  # type: ignore[type-arg]
    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        item = super().get(block, timeout)
        select.select([], [], [], float(os.environ["PICKUP"]))
        return item

    def get_nowait(self) -> Any:
        raise queue.Empty


async def asks(client: httpx2.AsyncClient, pool: ThreadPoolExecutor) -> None:
    await asyncio.get_running_loop().run_in_executor(pool, lambda: None)
    response = await client.post(URL, json={})
    seen.append(response.status_code)
    await asyncio.sleep(3600)


async def main() -> None:
    pool = ThreadPoolExecutor(1)
    pool._work_queue = Slow()  # type: ignore[assignment]
    async with httpx2.AsyncClient() as client:
        task = asyncio.ensure_future(asks(client, pool))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])


asyncio.run(main())
print(json.dumps(seen))
