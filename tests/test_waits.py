"""Waits of threads for each other with a limit: on replay they end as they had, in no time."""

from __future__ import annotations

from cli_runs import Bench

BY_LIMIT = """
    import concurrent.futures as cf, sys, threading, time
    from talk import say

    LIMIT, LONG = float(sys.argv[1]), float(sys.argv[1]) * 4


    def later(what, tell=lambda: None):
        time.sleep(LONG)
        print(say(what))
        tell()


    def futures():
        with cf.ThreadPoolExecutor(1) as pool:
            future, misses = pool.submit(later, "a future"), 0
            while True:
                try:
                    future.result(timeout=LIMIT)
                    return misses
                except cf.TimeoutError:
                    misses += 1


    def several():
        with cf.ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(later, "one of many") for _ in range(3)]
            found = cf.wait(futures, timeout=LIMIT)
            try:
                list(cf.as_completed(futures, timeout=LIMIT))
            except cf.TimeoutError as error:
                return list(map(len, found)), str(error)


    def started(what, tell=lambda: None):
        thread = threading.Thread(target=later, args=(what, tell))
        thread.start()
        return thread


    def joined():
        thread, misses = started("a thread"), 0
        while thread.is_alive():
            thread.join(LIMIT)
            misses += thread.is_alive()
        return misses


    def condition(wait):
        said, condition, misses = [], threading.Condition(), 0

        def tell():
            with condition:
                said.append(1)
                condition.notify()

        thread = started("a condition", tell)
        with condition:
            while not said:
                misses += not wait(condition, said)
        thread.join()
        return misses


    def semaphore():
        semaphore, misses = threading.Semaphore(0), 0
        thread = started("a semaphore", semaphore.release)
        while not semaphore.acquire(timeout=LIMIT):
            misses += 1
        thread.join()
        return misses


    found = [futures(), several(), joined(), semaphore()]
    found += [condition(lambda one, said: one.wait(LIMIT))]
    found += [condition(lambda one, said: one.wait_for(predicate=lambda: said, timeout=LIMIT))]
    print(say(f"misses: {found}"))
"""


def test_a_wait_with_a_limit_ends_as_it_had(bench: Bench) -> None:
    bench.record(BY_LIMIT, "0.1")
    for _ in range(2):
        done = bench.replay("run.msgpack", "--json")
        assert done.json["failures"] == done.json["unproven"] == [], done


IN_VAIN = """
    import concurrent.futures as cf, queue, sys, threading
    from talk import say

    with open("limit") as file:
        limit = float(file.read())
    alone, held = threading.Condition(), threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    with alone:
        print(alone.wait(limit), alone.wait_for(list, limit))
    print(threading.Semaphore(0).acquire(timeout=limit))
    thread.join(timeout=limit)
    print(thread.is_alive(), len(cf.wait([cf.Future()], timeout=limit).not_done))
    for ask in cf.Future().result, cf.Future().exception:
        try:
            ask(timeout=limit)
        except cf.TimeoutError as error:
            print(repr(error))
    print(say("nothing came"))
    held.set()
"""


def test_a_wait_in_vain_takes_no_time(bench: Bench) -> None:
    bench.write("limit", "0.05")
    bench.record(IN_VAIN)
    bench.write("limit", "3600")
    done = bench.replay("run.msgpack", "--json")
    assert done.json["failures"] == done.json["unproven"] == [], done


POOLED = """
    import time
    from concurrent.futures import ThreadPoolExecutor
    from talk import say

    with ThreadPoolExecutor(4) as pool:
        for turn in range(6):
            print(pool.submit(say, f"turn {turn}").result())
"""


def test_what_a_pool_asks_its_threads_is_its_own_affair(bench: Bench) -> None:
    """Whether one is idle, with a limit of no time."""
    tape = bench.record(POOLED)
    assert not [n for n in tape.notes if n.kind == "slept" and "acquire" in str(n.data)]
    assert bench.replay().code == 0
