"""Tools of frameworks that have one place that all pass: draws, and a replay fires none."""

from __future__ import annotations

from cli_runs import Bench, draws, exchanges

FIRED = """
    import uuid
    from talk import say

    def fired(what):
        with open("fired.log", "a") as log:
            log.write(what + "\\n")
        return f"{what} {uuid.uuid4()}"
"""
LIKE_HAYSTACK = """
    class Tool:
        def __init__(self, name, function):
            self.name, self.function = name, function
        def invoke(self, **kwargs):
            return self.function(**kwargs)
        async def invoke_async(self, **kwargs):
            return self.invoke(**kwargs)
"""
HAYSTACK = """
    import asyncio
    from fired import fired, say
    from haystack.tools.tool import Tool

    charge = Tool("charge", lambda amount: fired(f"charged {amount}"))
    print(say(charge.invoke(amount=3)))
    print(say(asyncio.run(charge.invoke_async(amount=4))))
"""
AGENTS = """
    import asyncio
    from agents import function_tool
    from agents.tool import invoke_function_tool
    from agents.tool_context import ToolContext
    from fired import fired, say

    @function_tool
    def charge(amount: int) -> str:
        return fired(f"charged {amount}")

    @function_tool
    async def look(amount: int) -> dict[str, str]:
        return {"seen": fired(f"looked {amount}")}

    async def main():
        for tool in (charge, look):
            given = '{"amount": 3}'
            context = ToolContext(
                context=None, tool_name=tool.name, tool_call_id="1", tool_arguments=given
            )
            made = await invoke_function_tool(function_tool=tool, context=context, arguments=given)
            print(say(str(made)))

    asyncio.run(main())
"""


def check(bench: Bench, python: str, names: list[str]) -> None:
    """Recorded, its tools are draws; replayed, none is fired."""
    done = bench.cli("record", "-o", "run.msgpack", "--", python, "agent.py")
    assert done.code == 0, done
    drawn = [name for name, _ in draws(bench.open()) if not name.startswith(("random", "os."))]
    assert drawn == names
    before = bench.path("fired.log").read_text()
    again = bench.replay()
    assert again.code == 0, again
    assert again.out == done.out
    assert bench.path("fired.log").read_text() == before


def test_a_tool_by_name(bench: Bench) -> None:
    """A stand-in for haystack, that has the same place."""
    bench.path("haystack/tools").mkdir(parents=True)
    bench.write("haystack/tools/tool.py", LIKE_HAYSTACK)
    bench.write("fired.py", FIRED)
    bench.write("agent.py", HAYSTACK)
    check(bench, bench.words()[0], ["tool charge", "tool charge"])


def test_tools_of_the_openai_agents_sdk(bench: Bench, frameworks: str) -> None:
    bench.write("fired.py", FIRED)
    bench.write("agent.py", AGENTS)
    check(bench, frameworks, ["tool charge", "tool look"])
    done = bench.fork(tool_step(bench), "--fault", "tool_text:text=declined", "-o", "fork.msgpack")
    assert done.code == 0, done
    assert b"declined" in exchanges(bench.open("fork.msgpack"))[0].request.body


def tool_step(bench: Bench) -> int:
    return next(step.n for step in bench.open().steps if getattr(step, "name", "") == "tool charge")
