"""Why a replay diverged, as far as the bodies tell."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench
from tui_tapes import Maker, text

from tracefork_tui.diff.values import FieldChange
from tracefork_tui.replay.causes import cause_of, drawn_by_another, in_tool_result, reordered
from tracefork_tui.replay.explain import explain
from tracefork_tui.tape.reader import Tape

RESULTS: dict[str, tuple[str, Any]] = {
    "anthropic": (
        "messages[1].content[0].content[0].text",
        {
            "messages": [
                {"role": "user", "content": "Go on."},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "content": [{"type": "text", "text": "1"}]}
                    ],
                },
            ]
        },
    ),
    "openai": ("messages[0].content", {"messages": [{"role": "tool", "content": "1"}]}),
    "responses": ("input[0].output", {"input": [{"type": "function_call_output", "output": "1"}]}),
    "gemini": (
        "contents[0].parts[0].functionResponse.response.n",
        {"contents": [{"parts": [{"functionResponse": {"response": {"n": 1}}}]}]},
    ),
}


@pytest.mark.parametrize("provider", RESULTS)
def test_a_tools_result_is_known_in_every_dialect(provider: str) -> None:
    path, body = RESULTS[provider]
    assert in_tool_result(path, json.dumps(body).encode())


@pytest.mark.parametrize("path", ["messages[0].content", "messages[1]", "messages[7].x", "", "a"])
def test_what_is_none(path: str) -> None:
    said = {"messages": [{"role": "user", "content": "tool_result"}, {"role": "user"}], "a": 1}
    assert not in_tool_result(path, json.dumps(said).encode())
    assert not in_tool_result(path, b"no JSON")


PROMPT = "The shop is open. " * 20
URL = "https://api.anthropic.com/v1/messages"


def recorded(path: Path) -> Tape:
    run = Maker(path)
    run.draw("uuid.uuid4", "uuid", "one", "agent.py:3 in main")
    for word in ("a", "b"):
        run.say(PROMPT + f"It is 2026-11-2{ord(word) % 10}. " + PROMPT)
        run.ask([text(word)])
    return Tape(run.close())


def replayed(path: Path, note: dict[str, Any] | None, exit_code: int, exception: str = "") -> Tape:
    run = Maker(path)
    if note is not None:
        run.writer.note(run.now, "divergence", {"message": "it diverged", **note})
    return Tape(run.close(exit_code, exception))


def told(folder: Path, note: dict[str, Any] | None, leftover: list[int], exit_code: int = 1,
         exception: str = "") -> str:  # fmt: skip
    folder.mkdir(exist_ok=True)
    parent = recorded(folder / "run.msgpack")
    child = replayed(folder / "replay.msgpack", note, exit_code, exception)
    stopped = next((one for one in child.notes if one.kind == "divergence"), None)
    return "\n".join(explain(parent, child, stopped, leftover).lines())


def test_long_values_are_shown_where_they_differ(tmp_path: Path) -> None:
    body = recorded(tmp_path / "run.msgpack").step(2).request.body  # type: ignore[union-attr]
    other = body.replace(b"2026-11-27", b"2026-12-31")
    lines = told(tmp_path / "two", {"method": "POST", "url": URL, "body": other}, [2, 3])
    assert "nearest recording: step 2\nit differs at messages[0].content" in lines
    assert "It is 2026-11-27." in lines
    assert "It is 2026-12-31." in lines
    assert "likely cause: clock" in lines
    assert max(map(len, lines.splitlines())) < 140


def test_one_request_more(tmp_path: Path) -> None:
    note = {"method": "POST", "url": URL, "body": b"{}", "site": ["agent.py:9 in ask"]}
    lines = told(tmp_path, note, [])
    assert "one more than recorded: all 2 of POST /v1/messages had been sent already" in lines
    assert "asked for at agent.py:9 in ask" in lines
    other = told(tmp_path / "two", {"method": "GET", "url": URL + "/batches", "body": b""}, [2])
    assert "nothing recorded goes to GET /v1/messages/batches" in other


def test_a_draw_that_the_tape_does_not_hold(tmp_path: Path) -> None:
    lines = told(tmp_path, {"draw": "time.time"}, [1, 2, 3])
    assert "the tape's next draw is step 1, uuid.uuid4" in lines
    assert "likely cause: " in lines


def test_what_was_not_asked_for_again(tmp_path: Path) -> None:
    lines = told(tmp_path, None, [1, 3], exit_code=0)
    assert "step 1 was not drawn again: uuid.uuid4, recorded at agent.py:3 in main" in lines
    assert "likely cause: unrecorded source" in lines
    lines = told(tmp_path / "two", None, [3], exit_code=0)
    assert f"step 3 was not sent again: POST {URL}, recorded at " in lines


def test_a_replay_that_broke_down_is_not_the_tapes_fault(tmp_path: Path) -> None:
    lines = told(tmp_path, None, [1], exit_code=1, exception="ModuleNotFoundError: x")
    assert "the replay ended before it: exit 1 · ModuleNotFoundError: x" in lines
    assert "likely cause" not in lines


def test_an_agent_that_went_on(tmp_path: Path) -> None:
    note = {"method": "POST", "url": URL, "body": b"{}"}
    assert "the agent caught it and went on" in told(tmp_path, note, [2], exit_code=0)
    assert "the agent caught it" not in told(tmp_path / "two", note, [2], exit_code=1)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ("It is 12:04:11.", "It is 12:04:12.", "clock"),
        ("at 1763640251.5, run 6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e",
         "at 1763640258.1, run 2b02ad17-d9c2-4bbb-9f74-3cb2c79131f2", "clock"),
        ("<Order at 0x7f63a8a20460>", "<Order at 0x7feec5098460>", "address"),
        ("order 139929540382864", "order 140661234567168", "address"),
        ("run 0c8c5d1f7a3e4c1e", "run 9f74d9c24bbb2c79", "id"),
        (["b", "a"], ["a", "b"], "set order"),
        ("plan A", "plan B", "changed prompt"),
    ],
)  # fmt: skip
def test_the_cause_by_what_differs(before: Any, after: Any, cause: str) -> None:
    change = FieldChange("messages[0].content", before, after)
    assert cause_of(change, b'{"messages": [{"role": "user", "content": ""}]}') == cause


def test_a_set_of_objects_is_told_by_its_order() -> None:
    bodies = [
        json.dumps({"tools": [{"name": n} for n in order]}).encode() for order in ("abc", "bca")
    ]
    assert reordered("tools[0].name", *bodies)
    assert reordered("tools[1]", *bodies)
    assert not reordered("tools[0].name", bodies[0], b'{"tools": [{"name": "d"}]}')
    assert not reordered("tools[0].name", bodies[0], bodies[0])


ORDERS = """
import os, time

def order():
    return "a b c" if time.time() - os.stat(__file__).st_mtime < 10**6 else "c a b"
"""


def test_another_order_with_the_same_seed_is_not_laid_on_a_set_of_texts(bench: Bench) -> None:
    """Threads that race leave no trace; here it is a library, by what no tape tells of."""
    bench.path("site-packages").mkdir()
    bench.write("site-packages/orders.py", ORDERS)
    bench.record(
        """
        import sys
        sys.path.append("site-packages")
        import orders
        from talk import say
        say(orders.order())
        """
    )
    os.utime(bench.path("site-packages/orders.py"), (0, 0))
    assert "likely cause: threads that race; " in bench.replay().err


KEPT_BY_A_TRANSPORT = """
    from talk import BASE, HEADERS, body, http

    class Counting(http.BaseTransport):
        seen = 0

        def __init__(self):
            self.inner = http.HTTPTransport()

        def handle_request(self, request):
            Counting.seen += 1
            return self.inner.handle_request(request)

    with http.Client(transport=Counting(), headers=HEADERS) as client:
        client.post(BASE + "/v1/messages", json=body("one"))
        client.post(BASE + "/v1/messages", json=body(f"after {Counting.seen}"))
"""


def test_what_a_transport_keeps_is_told_as_the_cause(bench: Bench) -> None:
    bench.record(KEPT_BY_A_TRANSPORT)
    done = bench.replay()
    assert done.code == 1, done
    assert "likely cause: transport; what a transport of the agent's own keeps" in done.err


def test_an_id_that_another_task_drew_is_told_as_that(tmp_path: Path) -> None:
    ids = [f"6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3{last}" for last in "ab"]
    run = Maker(tmp_path / "run.msgpack")
    for one in ids:
        run.draw("uuid.uuid4", "uuid", one, "agent.py:3 in main")
    parent = Tape(run.close())
    for sent, other in ((ids[1], True), ("2b02ad17-d9c2-4bbb-9f74-3cb2c79131f2", False)):
        change = FieldChange("id", ids[0], sent)
        assert drawn_by_another(parent, change) is other


TOOL = """
    import json
    from talk import ask

    def look_up(order):
        return json.dumps({"order": order})

    result = {"type": "tool_result", "tool_use_id": "t", "content": look_up(1)}
    ask([result])
"""


def test_a_tool_that_was_edited_may_be_the_cause(bench: Bench) -> None:
    bench.record(TOOL)
    bench.write("agent.py", TOOL.replace("look_up(1)", "look_up(2)"))
    assert "likely cause: tool output, or changed code; run the tape with" in bench.replay().err


def test_a_program_that_came_by_stdin_is_told_as_missing(bench: Bench) -> None:
    words = ("record", "-o", "run.msgpack", "--", sys.executable, "-")
    assert bench.cli(*words, stdin="from talk import say; print(say('Hello.'))").code == 0
    assert "program: read from standard input" in bench.cli("show", "run.msgpack").out
    done = bench.replay()
    assert done.code == 1
    assert "likely cause: program; it was read from standard input" in done.err
