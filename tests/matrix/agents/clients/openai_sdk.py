"""The OpenAI SDK: chat and responses, whole and streamed, sync and async, and a tool call."""

import asyncio
import json
import os

import openai

BASE = os.environ["OPENAI_BASE_URL"]
TURNS = [{"role": "user", "content": "How many “parcels”?"}]
CHAT = {"model": "gpt-6", "messages": TURNS}
ASK = {"model": "gpt-6", "input": "How many “parcels”?"}
SCHEMA = {"type": "object", "properties": {"order_id": {"type": "string"}}}
log: list[object] = []


def sync() -> None:
    client = openai.OpenAI()
    raw = client.chat.completions.with_raw_response.create(**CHAT)
    log.append([raw.headers["request-id"], raw.text, raw.parse().to_dict()])
    log.append([chunk.to_dict() for chunk in client.chat.completions.create(**CHAT, stream=True)])
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}]
    log.append(client.chat.completions.create(**CHAT, tools=tools).to_dict())
    with client.chat.completions.stream(**CHAT, tools=tools) as stream:
        log.append([event.type for event in stream])
    log.append(client.responses.create(**ASK).to_dict())
    log.append([event.to_dict() for event in client.responses.create(**ASK, stream=True)])
    with client.responses.stream(**ASK) as stream:
        log.append([event.type for event in stream])
        log.append(stream.get_final_response().output_text)


async def asynchronous() -> None:
    client = openai.AsyncOpenAI()
    log.append((await client.chat.completions.create(**CHAT)).to_dict())
    stream = await client.chat.completions.create(**CHAT, stream=True)
    log.append([chunk.to_dict() async for chunk in stream])
    log.append((await client.responses.create(**ASK)).to_dict())
    stream = await client.responses.create(**ASK, stream=True)
    log.append([event.to_dict() async for event in stream])
    asked = [client.responses.create(model="gpt-6", input=f"at once {n}") for n in range(4)]
    log.append([reply.output_text for reply in await asyncio.gather(*asked)])


sync()
asyncio.run(asynchronous())
print(json.dumps(log))
