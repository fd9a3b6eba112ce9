"""pydantic-ai: an agent with a tool, run to its end and streamed, on Claude."""

import asyncio
import json
import uuid

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel

log: list[object] = []
agent = Agent(AnthropicModel("claude-opus-4-8"), system_prompt="You count parcels.")


@agent.tool_plain
def look_up(order_id: str) -> str:
    """Look an order up."""
    return f"12 parcels, receipt {uuid.uuid5(uuid.NAMESPACE_URL, order_id)}"


done = agent.run_sync("How many?")
log.append([done.output, len(done.all_messages()), done.usage.requests])


async def main() -> None:
    log.append((await agent.run("And now?")).output)
    async with agent.run_stream("In a stream?") as reply:
        log.append([text async for text in reply.stream_text(delta=True, debounce_by=None)])
    both = await asyncio.gather(*(agent.run(f"at once {n}") for n in range(3)))
    log.append([one.output for one in both])


asyncio.run(main())
print(json.dumps(log))
