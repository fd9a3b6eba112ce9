"""Says on stdout when the first piece has arrived: LIBRARY MODE FLAVOUR."""

import asyncio
import importlib
import os
import sys

URL = os.environ["ANTHROPIC_BASE_URL"] + "/held.x"
BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "go"}]}

library, mode, flavour = sys.argv[1:]
module = importlib.import_module(library)


def heard(count: int) -> None:
    if count == 1:
        print("first", flush=True)


def sdk_sync() -> int:
    client, count = module.Anthropic(base_url=URL), 0
    if flavour == "helper":
        with client.messages.stream(**BODY) as stream:
            for _ in stream:
                heard(count := count + 1)
    else:
        for _ in client.messages.create(stream=True, **BODY):
            heard(count := count + 1)
    return count


async def sdk_async() -> int:
    client, count = module.AsyncAnthropic(base_url=URL), 0
    if flavour == "helper":
        async with client.messages.stream(**BODY) as stream:
            async for _ in stream:
                heard(count := count + 1)
    else:
        async for _ in await client.messages.create(stream=True, **BODY):
            heard(count := count + 1)
    return count


def plain_sync() -> int:
    count, body = 0, {**BODY, "stream": True}
    with module.stream("POST", URL + "/v1/messages", json=body, timeout=30) as response:
        for _ in response.iter_raw():
            heard(count := count + 1)
    return count


async def plain_async() -> int:
    count, body = 0, {**BODY, "stream": True}
    async with (
        module.AsyncClient(timeout=30) as client,
        client.stream("POST", URL + "/v1/messages", json=body) as response,
    ):
        async for _ in response.aiter_raw():
            heard(count := count + 1)
    return count


if library == "anthropic":
    seen = sdk_sync() if mode == "sync" else asyncio.run(sdk_async())
else:
    seen = plain_sync() if mode == "sync" else asyncio.run(plain_async())
print(seen)
