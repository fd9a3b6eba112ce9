"""Expressions: what they say of a step, what they read of it, and how a mistake is explained."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tui_tapes import Maker, call, refund_run, result, text

from tracefork_tui import query
from tracefork_tui.cli import main
from tracefork_tui.query import QueryError, compile, filter, find
from tracefork_tui.tape.reader import Tape


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return refund_run(tmp_path_factory.mktemp("query") / "run.msgpack", marks=True)


@pytest.fixture(scope="module")
def tape(path: str) -> Tape:
    return Tape(path)


def found(tape: Tape, expression: str) -> list[int]:
    return list(filter(tape, compile(expression)))


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ('tool == "lookup_order"', [4]),
        ('tool == "refund" and cost > 0', [8, 10]),
        ('"refund" in tools', [8, 10]),
        ('"ref" in tool', []),
        ('tool in ["refund", "lookup_order"]', [4, 8, 10]),
        ('tool != "refund"', [4]),
        ("status >= 400", [6]),
        ("failed", [6, 11]),
        ("not failed and status", [4, 8, 10, 12]),
        ('kind == "draw" and name == "clock"', [1, 7, 13]),
        ('name == "time.time"', [1, 7]),
        ('source == "id"', [2]),
        ('source == "environment"', [3]),
        ("n > 10", [11, 12, 13]),
        ("10 < n <= 12", [11, 12]),
        ("n in [2, 3] or n == 5", [2, 3, 5]),
        ('provenance == "stale"', [10, 11]),
        ("duration > 1.4", [11]),
        ("wait < 1 and duration > 0.4", [4, 6, 8, 10, 12]),
        ("input_tokens > 10", [4, 8, 10, 12]),
        ("cache_read_tokens == 380", [4, 8, 10, 12]),
        ('stop_reason == "end_turn"', [12]),
        ('model contains "opus" and stream', [8, 12]),
        ("error", [11]),
        ("error != null", [11]),
        ('error =~ "refused$"', [11]),
        ('url contains "hooks.EXAMPLE"', []),
        ('url contains "hooks.example"', [11]),
        ("url contains 'refunds'", [11]),
        ('host == "hooks.example.com"', [11]),
        ('text contains "full refund"', [8]),
        ('text contains "Full refund"', []),
        ('"order" in text', [4, 8]),
        ("text =~ /DONE: i/i", [12]),
        ('thinking contains "cents"', [8]),
        ('task == "MainThread" and n < 3', [1, 2]),
        ('site contains "lookup_order"', [5]),
        ('value == "production"', [3]),
        ("value > 0.5 and value < 1", [9]),
        ('value.order_id == "A-1009"', [5]),
        ("value.items[0].paid_cents == 2400", [5]),
        ('value_type == "uuid"', [2]),
        ("arguments.amount > 100", [8]),
        ('request.messages[-1].role == "user"', [4, 6, 8, 10, 12]),
        ('request.messages[-1].content[0].content contains "R-5512"', [12]),
        ("request.messages[-1].content[0].content.ok == true", [12]),
        ('request.messages[*].content[*].name == "lookup_order"', [6, 8, 10, 12]),
        ('request.messages[9].role == "user"', []),
        ('request["model"] =~ "^claude"', [4, 6, 8, 10, 12]),
        ("request.stream == true", [8, 12]),
        ('request.method == "GET"', [11]),
        ('request.headers.x_api_key == "[redacted]"', [4, 6, 8, 10, 11, 12]),
        ('request.headers["Anthropic-Version"] contains "2023"', [4, 6, 8, 10, 11, 12]),
        ("response.usage.output_tokens > 0", [4, 8, 10, 12]),
        ('response.content[-1].text contains "R-5512"', [12]),
        ("response.headers.retry_after == '1'", [6]),
        ("response.status == 529", [6]),
        ("len(tools) == 1", [4, 8, 10]),
        ('lower(text) contains "done"', [12]),
        ("number(response.headers.retry_after) == 1", [6]),
        ('string(arguments) contains "480"', [8]),
        ("input_tokens + cache_read_tokens == context_tokens", [4, 8, 10, 12]),
        ("n % 5 == 0", [5, 10]),
        ("-n < -12", [13]),
        ("n / 0 == 1", []),
        ("status != 200", [6]),
        ("not (status == 200) and kind == 'exchange'", [6, 11]),
        ("status == null and kind == 'exchange'", [11]),
        ('tools not contains "x" and tools', [4, 8, 10]),
        ('name !~ "time"', [2, 3, 5, 9]),
        ("true and n == 1 && !false || n == 2", [1, 2]),
        ("at_s < 0.005", [1, 2]),
    ],
)
def test_an_expression_finds_its_steps(tape: Tape, expression: str, steps: list[int]):
    assert found(tape, expression) == steps
    by_step = [n for n in range(1, 14) if compile(expression).matches(tape.step(n))]
    assert by_step == steps


@pytest.mark.parametrize(
    ("expression", "n", "value"),
    [
        ("tool", 8, "refund"),
        ("tool", 12, None),
        ("tools", 12, []),
        ("arguments", 8, {"order_id": "A-1009", "amount": 480, "reason": "arrived broken"}),
        ("arguments.amount", 8, 480),
        ("arguments.amount", 1, None),
        ("request.messages[*].role", 8, ["user", "assistant", "user"]),
        ("request.model", 1, None),
        ("value.notes", 5, None),
        ("n * 2 + 1", 3, 7),
        ("status > 100", 3, False),
        ('value if name == "clock"', 1, 1763640251.25),
        ('value if name == "clock"', 2, None),
        ('arguments.amount if tool == "refund" and status == 200', 10, 24),
        ("(n if n > 5) == null", 3, True),
        ("len(text if n == 12)", 8, None),
        ("true if n > 5", 3, None),
    ],
)
def test_an_expression_has_a_value(tape: Tape, expression: str, n: int, value: Any):
    assert compile(expression).value(tape.step(n)) == value
    assert compile(expression).value_at(tape, n) == value


@pytest.mark.parametrize(
    ("expression", "message", "position", "length"),
    [
        ('tol == "x"', "there is no field `tol`; did you mean `tool`?", 0, 3),
        ("tool == bash", 'there is no field `bash`; a text is written in quotes: "bash"', 8, 4),
        ('tool = "x"', "`=` does not compare; write `==`, or `=~` for a pattern", 5, 1),
        ('kind == "drwa"', "no `kind` is `drwa`; did you mean `draw`?", 8, 6),
        ('cost > "x"', "`cost` is compared with a number", 7, 3),
        ("model == 4", "`model` is compared with a text in quotes", 9, 1),
        ("status.code", "`status` is a number: it has no parts", 7, 4),
        ("(n > 1", "the expression stops too early; expected `)`", 6, 0),
        ("n >", "the expression stops too early; expected a field or a value", 3, 0),
        ("n if", "the expression stops too early; expected a field or a value", 4, 0),
        ("n if n > 3 if n", "`if` does not belong here; expected the end", 11, 2),
        ("n > 1)", "`)` does not belong here; expected the end", 5, 1),
        ('text == "abc', 'the text that starts here has no closing "', 8, 4),
        ('text =~ "a("', "the pattern is wrong: missing )", 11, 0),
        ("text =~ /a[z-a]/", "the pattern is wrong: invalid character class range", 11, 3),
        ("text =~ '(?<=a)b'", "the pattern is wrong: invalid perl operator", 9, 4),
        ("text =~ /abc", "the pattern that starts here has no closing /", 8, 1),
        ("text =~ tool", "a pattern is written as a text in quotes or as /pattern/", 8, 4),
        ("lne(text)", "there is no function `lne`; did you mean `len`?", 0, 3),
        ("len(n, n)", "`len` takes one value", 0, 9),
        ('"a" * 10', "only numbers are calculated with; this is a text", 0, 3),
        ("request.messages[1.5]", "a place in a list is a whole number", 17, 3),
        ("request.messages.0", "`0` does not belong here; expected a name", 17, 1),
        ('"refund" == 1 < tool', "what may have several values stands on the left", 16, 4),
        ("", 'an expression is missing, as `tool == "bash"`', 0, 0),
    ],
)
def test_a_mistake_is_explained_at_its_place(
    expression: str, message: str, position: int, length: int
):
    with pytest.raises(QueryError) as raised:
        compile(expression)
    error = raised.value
    assert (error.message, error.position, error.length) == (message, position, length)
    assert "\n" not in str(error)
    assert "▸" in str(error)


def test_it_knows_the_fields_that_it_uses():
    assert compile('tool == "x" and request.model == "y" or at_s > 1').fields == {
        "tool",
        "request",
        "at",
    }


def test_only_what_is_asked_for_is_read(path: str, monkeypatch: pytest.MonkeyPatch):
    tape = Tape(path)
    monkeypatch.setattr(Tape, "step", _refused)
    monkeypatch.setattr(Tape, "request_body", _refused)
    assert found(tape, 'kind == "exchange" and n > 10') == [11, 12]
    assert found(tape, 'url contains "hooks" and provenance == "stale"') == [11]
    monkeypatch.undo()
    monkeypatch.setattr(Tape, "request_body", _refused)
    assert found(tape, 'status == 200 and tool == "refund" and input_tokens > 0') == [8, 10]
    with pytest.raises(AssertionError):
        found(tape, "request.messages")


def _refused(*_: object) -> object:
    raise AssertionError("read")


@pytest.mark.parametrize(
    ("start", "way", "step"), [(1, 1, 8), (8, 1, 8), (9, 1, 10), (11, 1, None), (9, -1, 8)]
)
def test_find_goes_both_ways(tape: Tape, start: int, way: int, step: int | None):
    assert find(tape, compile('tool == "refund"'), start, way) == step


def test_work_comes_in_slices(tape: Tape):
    slices = list(query.filter_slices(tape, compile("n % 2 == 0"), seconds=0))
    assert [part.n for part in slices][:3] == [1, 2, 3]
    assert [n for part in slices for n in part.found] == [2, 4, 6, 8, 10, 12]
    assert [part.n for part in query.filter_slices(tape, compile("n > 1"), seconds=9)] == [13]


def test_a_watched_value_is_told_with_its_changes(tape: Tape):
    watched = compile("arguments.amount")
    assert list(query.changes(tape, watched)) == [(8, None, 480), (10, 480, 24)]
    assert query.standing(tape, watched, 9) == (8, 480)
    assert query.standing(tape, watched, 7) is None
    assert query.standing(tape, watched, 13, back=2) is None
    slices = query.change_slices(tape, watched, seconds=0)
    assert [change.n for part in slices for change in part.found] == [8, 10]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("to", ["tool", "tools", "stop_reason"]),
        ("tool ", ["==", "!="]),
        ('tool == "x" ', ["and", "or", "=="]),
        ('kind == "', ['exchange"', 'draw"']),
        ('tool == "l', ['lookup_order"']),
        ("request.mes", ["messages"]),
        ("request.messages[", ["-1]", "0]", "*]"]),
        ("request.messages[-1].", ["role", "content"]),
        ("response.headers.retry", ["retry_after"]),
        ("value.order", ["order_id"]),
        ("not fai", ["failed"]),
        ("value if na", ["name"]),
        ("output_tokens i", ["in", "if"]),
        ("len(te", ["text"]),
        ("n == 1 anx", []),
        ("n == 'x", []),
        (") a", []),
    ],
)
def test_names_complete(tape: Tape, typed: str, expected: list[str]):
    offered = query.complete(typed, len(typed), tape)
    assert [one.text for one in offered[: len(expected)]] == expected
    assert expected or not offered
    for one in offered:
        whole = typed[: one.start] + one.text
        assert one.end == len(typed)
        assert whole.startswith(typed) or one.text.find(typed[one.start :]) > 0


def test_names_complete_without_a_tape():
    assert [one.text for one in query.complete("request.", 8)] == [
        "method",
        "url",
        "headers",
        "body",
        "size",
    ]
    assert query.complete("model == '", 10) == []


@pytest.mark.parametrize(
    "expression",
    [
        '"a" * 10**9',
        "9" * 400 + " * " + "9" * 400,
        " + ".join(["n"] * 400) + " > 1",
        "not " * 400 + "n",
        "-" * 400 + "n",
        "(" * 900 + "n" + ")" * 900,
        "[" * 900 + "n" + "]" * 900,
        "request" + ".a" * 900,
        "request" + "[*]" * 400,
        " or ".join(["n"] * 400),
        "[" + ",".join(["1"] * 900) + "] contains 1",
        "len(" * 400 + "n" + ")" * 400,
        "text =~ '(a|aa)+$'",
        "text =~ '(?:(?:a{1000}){1000}){1000}'",
        "text =~ '((a*)*)*b'",
        "text =~ /(?R)*/",
        "text =~ '" + "(" * 900 + ")" * 900 + "'",
        "text =~ '" + "a?" * 400 + "a" * 400 + "'",
        "n == " + "1" * 1900,
        "n" * 5000,
    ],
)
def test_a_hostile_expression_ends(hostile: Tape, expression: str):
    begin = time.process_time()
    with suppress(QueryError):
        list(filter(hostile, compile(expression)))
    assert time.process_time() - begin < 8


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    run = Maker(tmp_path_factory.mktemp("query") / "hostile.msgpack")
    run.say("x" * 1000)
    run.ask([text("a" * 200_000 + "!")])
    run.draw("deep", "json", [[[[[[1]]]]]])
    run.send(b"[" * 100_000)
    return Tape(run.close())


def test_a_pattern_is_not_kept_busy_by_a_text(hostile: Tape):
    assert found(hostile, "text =~ '(a|aa)+$'") == []
    assert found(hostile, "text =~ '(a|aa)+!$'") == [1]


def test_long_integers_calculate_without_end(tmp_path: Path):
    run = Maker(tmp_path / "run.msgpack")
    n = run.send(json.dumps({"big": 10**4000}).encode())
    run.answer(n, 200, [], [b"{}"])
    tape = Tape(run.close())
    assert found(tape, " * ".join(["request.big"] * 100) + " > 1") == []


def test_a_damaged_step_has_no_fields(path: str, tmp_path: Path):
    whole = Path(path).read_bytes()
    copy = tmp_path / "damaged.msgpack"
    at = whole.index(b"I will check the order first")
    copy.write_bytes(whole[:at] + b"J" + whole[at + 1 :])
    tape = Tape(str(copy))
    assert found(tape, "n == 4") == [4]
    assert 4 not in found(tape, "text or thinking or status")
    assert 10 in found(tape, "status == 200")


def test_what_an_imported_tape_does_not_know_is_null(tmp_path: Path):
    run = Maker(tmp_path / "run.msgpack", {"imported": {"lacks": ["start times", "durations"]}})
    run.say("Go on.")
    run.ask([text("Done.")])
    tape = Tape(run.close())
    assert found(tape, "duration == null and at == null and wait == null and status == 200") == [1]


def test_openai_streams_have_paths_too(tmp_path: Path):
    run = Maker(tmp_path / "run.msgpack")
    url = "https://api.openai.com/v1/chat/completions"
    delta = {"choices": [{"index": 0, "delta": {"content": "Hel"}}], "model": "gpt-5"}
    more = {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in (delta, more)) + "data: [DONE]\n\n"
    n = run.send(b'{"model":"gpt-5","messages":[{"role":"user","content":"hi"}]}', url)
    run.answer(n, 200, [("content-type", "text/event-stream")], [body.encode()])
    tape = Tape(run.close())
    assert found(tape, 'response.choices[0].message.content == "Hello" and text == "Hello"') == [1]
    assert found(tape, 'request.messages[0].content == "hi" and model == "gpt-5"') == [1]


def test_show_where(path: str, capsys: pytest.CaptureFixture[str]):
    assert main(["show", path, "--where", 'tool == "refund"']) == 0
    out = capsys.readouterr().out
    assert out.count("→ refund") == 2
    assert "lookup_order" not in out
    assert main(["show", path, "--json", "--where", "status >= 400"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [step["n"] for step in document["steps"]] == [6]
    assert document["fingerprint"] == Tape(path).fingerprint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "tol == 1"], "did you mean `tool`?, at character 1: ▸tol◂ == 1"),
        (["--where", "n >\n\x1b[2J"], "does not belong here"),
        (["3", "--where", "n"], "leave the step's number out"),
    ],
)
def test_show_where_refuses_in_one_line(
    path: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["show", path, *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1
    assert "\x1b" not in shown.err


def test_resent_results_are_reached(tmp_path: Path):
    """The outline of a request goes from one body to the next, whatever changed between."""
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go on.")
    for k in range(6):
        run.ask([text(f"Turn {k}, {{[}}],\\"), call(f"t{k}", "look", k=k)])
        run.say(result(f"t{k}", f"result {k}"))
        if k == 3:
            run.messages = run.messages[:2] + run.messages[-1:]
    tape = Tape(run.close())
    watched = compile("request.messages[-1].content[0].content")
    after = [change.after for change in query.changes(tape, watched)]
    assert after == [f"result {k}" for k in range(5)]
    for n in range(1, 7):
        whole = compile("request.body").value_at(tape, n)
        assert compile("request.messages").value_at(tape, n) == whole["messages"]
        assert compile("request.messages[-2].role").value_at(tape, n) == (
            whole["messages"][-2]["role"] if n > 1 else None
        )
