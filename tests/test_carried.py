"""Threads and processes that a tool starts are its own affair: what they draw is no step."""

from __future__ import annotations

from cli_runs import Bench, draws

AGENT = """
    import threading, time, uuid
    from concurrent.futures import ThreadPoolExecutor
    from anthropic import beta_tool
    from talk import say

    over, found = threading.Event(), []
    shared = ThreadPoolExecutor(1)

    def later():
        over.wait(60)
        found.append(uuid.uuid4())

    @beta_tool
    def gather(count: int) -> str:
        ids = []
        threads = [threading.Thread(target=lambda: ids.append(uuid.uuid4())) for _ in range(count)]
        threads.append(threading.Thread(target=later, daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads[:-1]:
            thread.join()
        with ThreadPoolExecutor(2) as pool:
            ids += pool.map(lambda _: uuid.uuid4(), range(count))
        ids.append(shared.submit(uuid.uuid4).result())
        return " ".join(map(str, ids))

    print(say(gather.call({"count": 2})))
    over.set()
    print(say(str(shared.submit(lambda: uuid.uuid4()).result())))
"""


def test_what_threads_of_a_tool_draw_is_no_step(bench: Bench) -> None:
    tape = bench.record(AGENT)
    names = [name for name, _ in draws(tape)]
    assert names.count("tool gather") == 1
    assert names.count("uuid.uuid4") == 1, names
    done = bench.replay()
    assert done.code == 0, done


WITHIN = """
    import multiprocessing, os, uuid
    from anthropic import beta_tool
    from talk import say

    def work(answers):
        answers.put(str(uuid.uuid4()))

    @beta_tool
    def fan(count: int) -> str:
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        children = [context.Process(target=work, args=(answers,)) for _ in range(count)]
        for child in children:
            child.start()
        return " ".join(sorted(answers.get() for _ in children))

    print(say(fan.call({"count": 2})))
"""


def test_processes_of_a_tool_are_not_started_again(bench: Bench) -> None:
    bench.record(WITHIN)
    done = bench.replay()
    assert done.code == 0, done
    assert done.err.count("not run again, step ") == 2
