"""What the user's code hands to a thread as it is counts as its own."""

from __future__ import annotations

from cli_runs import Bench, draws

AGENT = """
    import asyncio, os, pathlib, random, subprocess, time, uuid
    from concurrent.futures import ThreadPoolExecutor
    from talk import say

    async def main():
        run = await asyncio.to_thread(subprocess.run, ["date", "+%N"], capture_output=True)
        later = asyncio.create_task(asyncio.to_thread(time.time))
        with ThreadPoolExecutor(1) as pool:
            ids = [pool.submit(uuid.uuid4).result(), *pool.map(random.randint, [0], [10**9])]
        await asyncio.to_thread(pathlib.Path("out.txt").write_text, "out")
        read = await asyncio.to_thread(pathlib.Path("in.txt").read_text)
        return str([run, await later, ids, read])

    say(asyncio.run(main()))
"""


def test_a_call_in_a_thread_is_the_users(bench: Bench) -> None:
    bench.write("in.txt", "in")
    tape = bench.record(AGENT)
    names = [name for name, _ in draws(tape)]
    assert {"subprocess.run", "time.time", "uuid.uuid4", "random.randint"} <= set(names), names
    assert all("agent.py" in str(step.call_site) for step in tape.steps)
    noted = {note.kind: note.data["what"] for note in tape.notes if "what" in note.data}
    assert noted["file"] == "writes out.txt"
    assert noted["input"] == "in.txt"
    done = bench.replay()
    assert done.code == 0, done
