"""The Anthropic SDK on aiohttp in place of its own transport."""

import asyncio
import json

from anthropic import AsyncAnthropic, DefaultAioHttpClient

ASK = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "How many “parcels”?"}],
}


async def main() -> None:
    log: list[object] = []
    async with AsyncAnthropic(http_client=DefaultAioHttpClient()) as client:
        raw = await client.messages.with_raw_response.create(**ASK)
        log.append([raw.headers["request-id"], raw.http_response.content.hex()])
        async with client.messages.stream(**ASK) as stream:
            log.append([event.type async for event in stream])
        events = await client.messages.create(**ASK, stream=True)
        log.append([event.to_dict() async for event in events])
        asked = [client.messages.create(**{**ASK, "max_tokens": n}) for n in (5, 6, 7, 8)]
        log.append([reply.content[0].text for reply in await asyncio.gather(*asked)])
    print(json.dumps(log))


asyncio.run(main())
