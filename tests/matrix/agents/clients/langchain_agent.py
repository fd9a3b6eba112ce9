"""langchain-anthropic: invoke, stream, batch and a tool call, sync and async."""

import asyncio
import json

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool

log: list[object] = []


@tool
def look_up(order_id: str) -> str:
    """Look an order up."""
    return "12 parcels"


model = ChatAnthropic(model="claude-opus-4-8", max_tokens=64)
turns = [HumanMessage("How many?")]
log.append(model.invoke(turns).content)
log.append([chunk.content for chunk in model.stream(turns)])
called = model.bind_tools([look_up]).invoke(turns)
turns += [called, *(look_up.invoke(call) for call in called.tool_calls)]
assert isinstance(turns[-1], ToolMessage)
log.append(model.bind_tools([look_up]).invoke(turns).content)


async def main() -> None:
    log.append((await model.ainvoke("And now?")).content)
    log.append([chunk.content async for chunk in model.astream("In a stream?")])
    log.append([reply.content for reply in await model.abatch([f"at once {n}" for n in range(3)])])


asyncio.run(main())
print(json.dumps(log))
