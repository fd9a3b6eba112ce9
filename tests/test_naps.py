"""Sleeps of programs with threads: skipped on replay, and in their order."""

from __future__ import annotations

import time

from cli_runs import Bench, exchanges

BACK_OFF = """
    import threading, time
    from talk import ask, say

    def refresh():
        ask("first attempt")
        begun.set()
        time.sleep(3600)
        ask("second attempt")

    begun = threading.Event()
    threading.Thread(target=refresh, daemon=True).start()
    begun.wait()
    for turn in range(3):
        print(say(f"turn {turn}"))
        sum(range(10**6))
"""


def test_a_back_off_that_was_never_over_does_not_end_on_replay(bench: Bench) -> None:
    tape = bench.record(BACK_OFF)
    assert len(exchanges(tape)) == 4
    for _ in range(2):
        done = bench.replay()
        assert done.code == 0, done
    done = bench.fork(3, "--fault", "overloaded")
    assert done.code == 0, done


MEANWHILE = """
    import threading, time
    from talk import say

    heard = []

    def work():
        for turn in range(3):
            heard.append(say(f"worker {turn}"))
            time.sleep(0.01)

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(1.5)
    print(say(f"so far {len(heard)}"))
    worker.join()
    print(len(heard))
"""


def test_a_sleep_lasts_as_long_as_what_went_on_meanwhile(bench: Bench) -> None:
    bench.record(MEANWHILE)
    for _ in range(2):
        done = bench.replay()
        assert done.code == 0, done


POOL = """
    import time
    from concurrent.futures import ThreadPoolExecutor
    from talk import say

    def work(number):
        for turn in range(3):
            said = say(f"{number}, turn {turn}")
            time.sleep(0.05)
        time.sleep(600 if number < 0 else 0.05)
        return said

    with ThreadPoolExecutor(4) as pool:
        print(list(pool.map(work, range(12))))
"""


def test_a_pool_that_sleeps_replays(bench: Bench) -> None:
    bench.record(POOL)
    done = bench.replay()
    assert done.code == 0, done
    recorded = "".join(text for _, stream, text in bench.open().output() if stream == 1)
    assert done.out == recorded


LONG = """
    import threading, time
    from talk import say

    worker = threading.Thread(target=lambda: (time.sleep({nap}), print(say("worker"))))
    worker.start()
    time.sleep({nap})
    worker.join()
    print(say("main"))
"""


def test_long_sleeps_of_threads_cost_nothing(bench: Bench) -> None:
    bench.record(LONG.format(nap="0.01"))
    bench.write("agent.py", LONG.format(nap="600"))
    began = time.monotonic()
    done = bench.replay()
    assert done.code == 0, done
    assert time.monotonic() - began < 60
