"""litellm: completion and acompletion, whole and streamed, on Claude and on an OpenAI model."""

import asyncio
import json
import os

import litellm

TURNS = [{"role": "user", "content": "How many “parcels”?"}]
MODELS = {
    "anthropic/claude-opus-4-8": os.environ["ANTHROPIC_BASE_URL"],
    "openai/gpt-6": os.environ["OPENAI_BASE_URL"],
}
log: list[object] = []


def sync(model: str, base: str) -> None:
    ask = {"model": model, "messages": TURNS, "max_tokens": 64, "api_base": base}
    log.append(litellm.completion(**ask).choices[0].message.content)
    parts = litellm.completion(**ask, stream=True)
    log.append([part.choices[0].delta.content for part in parts])


async def asynchronous(model: str, base: str) -> None:
    ask = {"model": model, "messages": TURNS, "max_tokens": 64, "api_base": base}
    log.append((await litellm.acompletion(**ask)).choices[0].message.content)
    parts = await litellm.acompletion(**ask, stream=True)
    log.append([part.choices[0].delta.content async for part in parts])


async def main() -> None:
    for model, base in MODELS.items():
        await asynchronous(model, base)


for model, base in MODELS.items():
    sync(model, base)
asyncio.run(main())
print(json.dumps(log))
