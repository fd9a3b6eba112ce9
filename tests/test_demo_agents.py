"""The demo agents as programs, and the stories that they tell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from tracefork_tui.demo import refund, research, scripts
from tracefork_tui.demo.messages import Reply, Request, reply, text, thinking, tool
from tracefork_tui.demo.server import serve

LOSS = "books do not balance: refunded $480.00 on a $48.00 order"
MISREADING = 10
REPAIRED = reply(
    text("Rule 1 applies. 4800 cents are $48.00; I'll refund the order in full."),
    tool("issue_refund", order_id="A-1009", amount=48.0, reason="kettle: faulty on arrival"),
)


def run(
    name: str, script: scripts.Script | None = None, stdin: str = "", **environment: str
) -> tuple[int, str, str]:
    """One agent's run as a program: exit code, stdout, stderr."""
    with serve(script=script) as base_url:
        done = subprocess.run(
            [sys.executable, "-m", f"tracefork_tui.demo.{name}"],
            env=os.environ
            | {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": "any"}
            | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
    return done.returncode, done.stdout, done.stderr


Play = Callable[..., tuple[int, str]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """The same in this process, which is faster: exit code and stdout."""

    def play(agent: ModuleType, script: scripts.Script | None = None, *args: str) -> tuple:
        with serve(script=script) as base_url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", base_url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "any")
            monkeypatch.setattr(sys, "argv", [agent.__name__, *args])
            code = agent.main()
        return code, capsys.readouterr().out

    return play


class Editor:
    """The offline model, with some of its replies replaced by ordinal; keeps what it answered."""

    def __init__(self, edits: dict[int, Reply | Callable[[Request], Reply]]) -> None:
        self.edits = edits
        self.requests: list[Request] = []
        self.replies: list[Reply] = []

    def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        edit = self.edits.get(len(self.requests))
        if edit is None:
            answer = scripts.choose(request)(request)
        else:
            answer = edit if isinstance(edit, Reply) else edit(request)
        self.replies.append(answer)
        return answer


def called(answer: Reply) -> list[str]:
    return [block["name"] for block in answer.content if block["type"] == "tool_use"]


def test_refund_loses_432_dollars() -> None:
    model = Editor({})
    code, out, err = run("refund", model)
    assert (code, err) == (1, "")
    assert LOSS in out
    assert "A-1007  paid   $32.50  refunded   $32.50  ok" in out
    assert "$512.50 in all" in out
    assert "4 tickets" in out
    assert len(model.requests) == 18
    wrong = model.replies[MISREADING - 1]
    assert called(wrong) == ["issue_refund"]
    assert wrong.content[-1]["input"]["amount"] == 480
    assert "4800" in wrong.content[0]["thinking"]
    assert called(model.replies[0]) == ["lookup_order", "read_policy"]


def test_refund_with_the_one_reply_repaired() -> None:
    model = Editor({MISREADING: REPAIRED})
    code, out, err = run("refund", model)
    assert (code, err) == (0, "")
    assert "All books balance." in out
    assert "$480" not in out
    assert "$80.50 in all" in out
    email = model.replies[MISREADING].content[-1]["input"]["body"]
    assert "refunded $48.00" in email
    assert "Please keep the gooseneck kettle" in email
    assert len(model.requests) == 18


def test_refund_repaired_with_stale_replies_after_it(play: Play) -> None:
    recorded = Editor({})
    play(refund, recorded)
    stale: dict[int, Reply | Callable[[Request], Reply]] = dict(enumerate(recorded.replies, 1))
    code, out = play(refund, Editor(stale | {MISREADING: REPAIRED}))
    assert code == 0
    assert "A-1009  paid   $48.00  refunded   $48.00  ok" in out


@pytest.mark.parametrize(
    ("ordinal", "edit", "code", "expected"),
    [
        (9, reply(text("She paid $48.00."), tool("read_policy", topic="refunds")), 0, "balance."),
        (10, reply(tool("escalate", order_id="A-1009", summary="unsure")), 0, "Escalated A-1009"),
        (10, reply(tool("issue_refund")), 1, "issue_refund() failed"),
        (10, reply(tool("issue_refund", order_id="A-1009", amount=900, reason="")), 0, "Escalated"),
        (10, reply(tool("no_such_tool")), 1, "no_such_tool() failed"),
        (10, reply(text("I have no idea.")), 1, "Ines Moreau is still waiting"),
        (10, Reply((), "refusal"), 1, "closed without a note (refusal)"),
        (10, Reply((text("One moment."),), "pause_turn"), 1, LOSS),
        (8, reply(thinking("?"), tool("lookup_order", order_id="A-9")), 1, LOSS),
        (2, reply(tool("escalate", order_id="A-1007", summary="x")), 1, "Escalated A-1007"),
        (5, reply(tool("lookup_order", order_id="A-1008")), 1, "Parcel of A-1008 due"),
    ],
)
def test_refund_goes_on_from_any_edit(
    play: Play, ordinal: int, edit: Reply, code: int, expected: str
) -> None:
    got, out = play(refund, Editor({ordinal: edit}))
    assert got == code
    assert expected in out


def test_a_refund_made_twice_is_found(play: Play) -> None:
    def twice(request: Request) -> Reply:
        right = scripts.choose(request)(request)
        return Reply((*right.content, right.content[-1]), right.stop_reason)

    code, out = play(refund, Editor({2: twice}))
    assert code == 1
    assert "refunded $65.00 on a $32.50 order" in out


def test_refund_ends_its_shift_when_the_model_is_gone() -> None:
    code, out, err = run("refund", SUPPORT_MODEL="no-such-model")
    assert (code, err) == (1, "")
    assert "The model failed, the shift ends here: NotFoundError" in out
    assert "T-2041: Tom Okafor is still waiting" in out


def test_research_reads_side_by_side() -> None:
    model = Editor({})
    code, out, err = run("research", model)
    assert (code, err) == (0, "")
    assert "Likely cause, from deploys: 14:03 checkout 4.18" in out
    assert "Ruled out: traffic." in out
    assert len(model.requests) == 8
    assert called(model.replies[0]) == ["delegate"] * 3


def test_research_about_another_time(play: Play) -> None:
    code, out = play(research, None, "Why did search fail at 09:45?")
    assert code == 0
    assert "09:40 search 2.31" in out


def test_research_asks_again_for_what_was_left_out(play: Play) -> None:
    first = reply(tool("delegate", source="traffic", question="What happened at 14:05?"))
    code, out = play(research, Editor({1: first}))
    assert code == 0
    assert "I still need deploys, database." in out
    assert "Ruled out: traffic." in out


def test_chat_remembers() -> None:
    lines = ["hello", "my name is Ada", "", "what is 6 x 7?", "what is my name?", "quit", "unread"]
    code, out, err = run("chat", None, "\n".join(lines))
    assert (code, err) == (0, "")
    for expected in ("What shall I call you?", "Nice to meet you, Ada.", "is 42.", "You are Ada."):
        assert expected in out
    assert out.endswith("Goodbye.\n")


def test_chat_ends_with_the_input() -> None:
    code, out, _ = run("chat", None, "the sea is calm")
    assert code == 0
    assert 'I hear you: "the sea is calm".' in out


def test_the_agents_are_ordinary_programs() -> None:
    """No agent knows of the debugger: it imports nothing of ours."""
    folder = os.path.dirname(scripts.__file__)
    for name in ("refund", "research", "chat"):
        with open(os.path.join(folder, "..", f"{name}.py")) as source:
            assert "tracefork" not in source.read()
