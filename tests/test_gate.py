"""The recorded order of turns: who waits, who is let go, and what is never waited for in vain."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tracefork_tui.debuggee import gate as gates
from tracefork_tui.debuggee.gate import Gate
from tracefork_tui.debuggee.names import working
from tracefork_tui.debuggee.order import RESTED, Order
from tracefork_tui.debuggee.threads import Threads, _doing
from tracefork_tui.debuggee.turns import Turns
from tracefork_tui.debuggee.virtual import _MARK, VirtualTime
from tracefork_tui.tape import records

HEAD, CHUNK, END, NOTE = records.HEAD, records.CHUNK, records.END, records.NOTE


class Idle(Threads):
    """Threads that are never at work."""

    def __init__(self) -> None:
        super().__init__(lambda: False)

    def at_work(self) -> bool:
        return False

    def works(self, ident: int) -> bool:
        return False


class Working(Idle):
    def at_work(self) -> bool:
        return True


def tape(*turns: int | tuple[int, str] | list[int]) -> Any:
    """A tape of heads of steps, of timers (below zero), of what tasks did, and of [rounds of the
    loop] before the next.
    """
    over = [
        [list(turn)] if isinstance(turn, tuple) else [-turn[0] if isinstance(turn, list) else -turn]
        for turn in turns
        if not isinstance(turn, int) or turn < 0
    ]
    owners = [turn if isinstance(turn, int) and turn > 0 else 0 for turn in turns]
    kinds = [HEAD if owner else NOTE for owner in owners]
    notes = [SimpleNamespace(kind="slept", data={"over": one}) for one in over]
    index = SimpleNamespace(owners=owners, kinds=kinds, counts=[])
    return SimpleNamespace(index=index, notes=notes, time_at=lambda place: place)


def gate(*turns: Any, rounds: Any = lambda: 0) -> Gate:
    return Gate(tape(*turns), rounds, Idle())


def test_the_order_of_a_tape() -> None:
    order = Order(tape(1, [0], 2, 1, (4, "pool_0"), [3], 2))
    assert [number for number, _ in order.ahead(9)] == [1, 2, 1, order.by_task._last, 2]
    assert [after for _, after in order.ahead(9)] == [RESTED, 0, RESTED, RESTED, 3]
    order.came(2)
    assert not order.advance()
    assert order.is_first(1)
    assert order.has(2)
    order.came(1)
    assert order.advance()
    assert order.place == 2
    assert order.first.number == 1
    assert len(order) == 3
    order.came(2, for_good=True)
    assert not order.has(2)
    assert not order.advance()


def test_what_one_thread_of_a_pool_did_another_may_do() -> None:
    order = Order(tape((1, "pool_0"), (1, "pool_1"), (1, "main"), (2, "main"), (3, "main")))
    first, second = (number for number, _ in order.ahead(2))
    mains = [number for number, _ in order.ahead(9)][2:]
    assert order.by_task.take(7, "pool_9") == (first, [])
    assert order.by_task.take(1, "pool_1") == (second, [])
    assert order.by_task.take(1, "pool_1") == (0, [])
    assert order.by_task.take(2, "main") == (mains[1], mains[:1])


def test_a_thread_waits_for_its_turn() -> None:
    held = gate(1, 2, 1)
    done: list[int] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        held.wait(2)
        done.append(2)
        held.passed(2)

    thread = threading.Thread(target=second)
    thread.start()
    waiting.wait()
    held.wait(1)
    done.append(1)
    held.passed(1)
    held.wait(1)
    done.append(1)
    held.passed(1)
    thread.join()
    assert (done, held.held) == ([1, 2, 1], True)


def test_one_that_may_go_on_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_current_frames", dict)
    threads = Threads(lambda: False)
    held = Gate(tape(1, 2), lambda: 0, threads)
    for turn, at_work in ((2, False), (1, True)):
        held._in_threads[turn] += 1
        assert threads.at_work() == at_work


@pytest.mark.parametrize("kind", [queue.Queue, queue.SimpleQueue])
def test_one_that_waits_for_work_is_at_work_once_there_is_some(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """anyio's threads wait for a `Queue`, those of concurrent.futures for a `SimpleQueue`."""
    handed = kind()

    def _worker() -> None:
        handed.get()

    worker = threading.Thread(target=_worker)
    worker.start()
    real = sys._current_frames
    monkeypatch.setattr(sys, "_current_frames", lambda: {0: real()[worker.ident or 0]})
    threads = Threads(lambda: False)
    try:
        until = time.monotonic() + 60
        while threads.at_work() and time.monotonic() < until:
            time.sleep(0.01)
        assert not threads.at_work()
        threads.count(+1)
        assert threads.at_work()
    finally:
        handed.put(None)
        worker.join()


@pytest.mark.parametrize(("where", "doing"), [(__file__, "wait"), (gates.__file__, "")])
def test_who_is_in_our_own_code_does_not_wait_there(where: str, doing: str) -> None:
    found: dict[str, Any] = {"sys": sys}
    exec(compile("def wait(): return sys._getframe()", where, "exec"), found)
    assert _doing(found["wait"]()) == doing


def test_one_whose_wait_is_over_is_at_work() -> None:
    threads, condition = Threads(lambda: False), threading.Condition()

    def wait() -> None:
        with condition:
            condition.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    assert thread.ident is not None
    while not condition._waiters:  # type: ignore[attr-defined]
        time.sleep(0.001)
    while threads.works(thread.ident):
        time.sleep(0.001)
    with condition:
        condition.notify()
        assert threads.works(thread.ident)
    thread.join()


def test_what_we_ask_of_a_loop_is_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loop:
        def __init__(self) -> None:
            self.soon: list[Any] = []

        def call_soon_threadsafe(self, call: Any, *args: Any, context: Any = None) -> None:
            self.soon.append(call)

        def close(self) -> None:
            pass

    turns = Turns(SimpleNamespace(gate=None), lambda: False)  # type: ignore[arg-type]
    turns._patch_loop(SimpleNamespace(BaseEventLoop=Loop, events=asyncio.events))
    monkeypatch.setattr(working, "name", "work")
    loop: Any = Loop()
    gates._later(loop, list)
    loop.call_soon_threadsafe(list)
    ours, works = loop.soon
    assert ours is list
    assert works._turn == [1, "call work"]


def test_all_that_came_in_one_round_is_woken_at_once() -> None:
    most = 200
    turns = [one for n in range(1, most + 1) for one in (n, [0])]
    held = Gate(tape(*turns), lambda: 0, Idle())
    woken: list[int] = []
    for n in range(1, most + 1):
        held._waiting[n] = [lambda _, n=n: woken.append(n)]
    held.quiet()
    assert woken == list(range(1, most + 1))


def test_a_round_has_answers_first_whatever_threads_do_meanwhile() -> None:
    held = gate([1], -1, (1, "worker"), [1], 7, [0], -2, rounds=lambda: 1)
    woken: list[int] = []
    for turn in (7, -2):
        held._waiting[turn] = [lambda _, turn=turn: woken.append(turn)]
    held._patient = True

    async def first_goes_off() -> None:
        held.passed(-1, last=True)

    asyncio.run(first_goes_off())
    assert woken == [7], "before what the timer does, in the round that is going on"
    held.passed(held.number(1, "worker"))
    held.turned()
    assert woken == [7, -2], "in the round itself, after what was set off before"


def test_what_is_cancelled_comes_as_soon_as_it_had_and_before_what_was_set_off_later() -> None:
    rounds = [0]
    held = gate([1], 6, [1], 7, [0], 8, rounds=lambda: rounds[0])
    came: list[str] = []

    async def count() -> None:
        while True:
            rounds[0] += 1
            await asyncio.sleep(0)

    async def let_go() -> None:
        await held.wait_async(7, cancelled=True)
        came.append("cancelled")

    async def main() -> None:
        setattr(asyncio.get_running_loop(), _MARK, 0.0)
        counting, letting_go = asyncio.create_task(count()), asyncio.create_task(let_go())
        await asyncio.sleep(0)
        held.passed(6)
        asyncio.get_running_loop().call_soon(came.append, "later")
        await letting_go
        counting.cancel()
        await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert came == ["cancelled", "later"]


def test_what_is_cancelled_again_comes_at_its_turn_all_the_same() -> None:
    held = gate(6, 7)

    async def main() -> None:
        letting_go = asyncio.create_task(held.wait_async(7, cancelled=True))
        for _ in range(3):
            await asyncio.sleep(0)
            letting_go.cancel()
        await asyncio.sleep(0)
        assert not letting_go.done()
        held.passed(6)
        await letting_go

    asyncio.run(asyncio.wait_for(main(), 30))
    assert held.held


def test_a_loop_that_a_thread_called_into_meanwhile_is_not_at_rest() -> None:
    given_up: list[int] = []
    gate = SimpleNamespace(quiet=lambda: False, give_up=lambda: given_up.append(1) or True)
    session: Any = SimpleNamespace(policy=SimpleNamespace(replaying=True), gate=gate)
    for called in ([], ["a thread's call"]):
        loop = SimpleNamespace(_ready=called)
        assert VirtualTime(session, Idle())._select(loop, lambda _: [], None) == []
    assert given_up == [1]


def test_who_came_before_does_what_it_did_then() -> None:
    asked: list[int] = []

    class Busy(Idle):
        def works(self, ident: int) -> bool:
            asked.append(ident)
            return len(asked) < 3

    held = Gate(tape(1, 2), lambda: 0, Busy())
    before = threading.Thread(target=held.passed, args=(1,))
    before.start()
    ident = before.ident
    before.join()
    held.wait(2)
    assert asked == [ident] * 3


def test_a_turn_that_never_comes_holds_up_nobody() -> None:
    held = gate(1, 2, 3, 3)
    held.passed(2)
    held.wait(3)
    assert not held.held
    held.passed(3)
    assert held.mine(3)
    assert not held.has(1)
    assert not held.has(2)


def test_what_comes_after_it_was_skipped_is_not_waited_for_again() -> None:
    held = gate(1, 2, 1, 3)
    held.wait(2)
    held.passed(2)
    assert held.has(1)
    held.passed(1)
    assert not held.has(1)
    assert held.mine(3)


def test_what_ends_early_drops_its_turns() -> None:
    held = gate(1, 1, 1, 2)
    held.passed(1)
    assert not held.mine(2)
    held.over(1)
    assert held.mine(2)
    assert held.held


def test_a_run_that_has_left_the_tape_is_not_ordered() -> None:
    held = gate(1, 2)
    held.open()
    held.wait(2)
    assert held.held
    assert not held.has(1)


def test_the_loop_goes_round_as_often_as_it_had() -> None:
    rounds = [0]
    soon: list[Any] = []
    held = gate([2], 1, rounds=lambda: rounds[0])
    loop: Any = SimpleNamespace(call_soon_threadsafe=soon.append)
    setattr(loop, _MARK, True)
    came: list[int] = []
    held.call(1, loop, lambda: came.append(1))
    for expected in ([], [1]):
        held.turned()
        rounds[0] += 1
        while soon:
            soon.pop()()
        assert came == expected, "due in the second round, not before"


def test_what_threads_do_in_the_midst_of_a_round_is_waited_for_there() -> None:
    held = Gate(tape(6, (1, "worker"), [0], 7), lambda: 0, Working())
    held._patient = True
    turn = held.number(1, "worker")
    came: list[str] = []

    def work() -> None:
        held.wait(turn)
        time.sleep(0.05)
        came.append("work")
        held.passed(turn)

    async def main() -> None:
        setattr(asyncio.get_running_loop(), _MARK, 0.0)
        thread = threading.Thread(target=work)
        thread.start()
        while not held._in_threads:
            time.sleep(0.001)
        held.passed(6)
        asyncio.get_running_loop().call_soon(came.append, "next round")
        await held.wait_async(7)
        came.append("answer")
        await asyncio.sleep(0)
        thread.join()

    asyncio.run(asyncio.wait_for(main(), 30))
    assert came == ["work", "answer", "next round"]


def test_the_loop_goes_no_further_than_threads_let_it() -> None:
    held = Gate(tape(5, 5, [1], (1, "call work")), lambda: 0, Working())
    held._patient = True
    first = threading.Thread(target=held.passed, args=(5,))
    first.start()
    first.join()
    done: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        time.sleep(0.05)
        held.passed(5)
        done.append("work")
        held.number(1, "call work")

    thread = threading.Thread(target=second)
    thread.start()
    begun.wait()
    held.turned()
    done.append("round")
    thread.join()
    assert done == ["work", "round"]


@pytest.mark.parametrize(
    ("turns", "behind"),
    [
        ([[1], 1, [0], (1, "call work")], True),
        ([[1], 1, [1], (1, "call work")], False),
        ([[2], 1, [0], (1, "call work")], False),
        ([2, 2, [1], 1], True),
        ([(1, "worker"), [1], 1], True),
        ([(1, "call work"), [1], 1], False),
    ],
)
def test_what_comes_in_the_round_that_begins_is_waited_for(
    turns: list[Any], behind: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = gate(*turns)
    held._patient = True
    monkeypatch.setattr(held, "_wait", lambda turn, longest: None)
    held.wait(2)
    assert held._behind() is behind


@pytest.mark.parametrize("waits_for", [2, 3])
def test_where_nothing_moves_one_is_let_out(waits_for: int) -> None:
    held = gate(1, 2, 3)
    out: list[bool] = []
    held._park(waits_for, out.append)
    assert held.give_up()
    assert out == [True]
    assert not held.held
    assert held.mine(waits_for)
    assert not held.give_up()


def test_an_answer_that_waits_in_vain_comes_in_the_end() -> None:
    held = gate(1, 2)
    asyncio.run(asyncio.wait_for(held.wait_async(2), 60))
    assert not held.held
