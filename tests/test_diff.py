"""Comparing tapes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tracefork_tui.diff import ABSENT, FieldChange, Row, as_json, as_text, compare
from tracefork_tui.diff.values import changes
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.writer import Writer

URL = "https://api.anthropic.com/v1/messages"
JSON = [("content-type", "application/json")]


def draw(value, name="time.time", kind="float"):
    return ("draw", name, kind, value)


def ask(
    messages, *content, stop="end_turn", status=200, body=None, error=None, provenance=0, **more
):
    request = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages, **more}
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": list(content),
        "stop_reason": stop,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
    data = json.dumps(reply if body is None else body).encode()
    return ("exchange", json.dumps(request).encode(), status, data, error, provenance)


def text(words):
    return {"type": "text", "text": words}


def call(name, **arguments):
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": arguments}


def user(words):
    return {"role": "user", "content": words}


def write(path, steps, outcome=None, sealed=True):
    writer = Writer.create(str(path), {"command": ["agent"]}, force=True)
    for n, (kind, *rest) in enumerate(steps, 1):
        t = n * 1000
        if kind == "draw":
            writer.draw(n, t, "main", [], 0, *rest)
            continue
        request, status, body, error, provenance = rest
        writer.send(n, t, "main", [], provenance, "POST", URL, JSON, request)
        if status:
            writer.head(n, t, status, "OK", "HTTP/1.1", JSON)
            writer.chunk(n, t, body)
        how = "error" if error else "eof"
        digest = hashlib.sha256(body if status else b"").digest()
        writer.end(n, t + 500, how, error, digest)
    writer.close()
    ended = {"exit_code": 0, "signal": None} if outcome is None else outcome
    return seal(str(path), ended, 2_000_000, b"k" * 32) if sealed else Tape(path)


@pytest.fixture
def pair(tmp_path):
    def make(a, b, **more):
        return compare(write(tmp_path / "a.msgpack", a), write(tmp_path / "b.msgpack", b, **more))

    return make


def kinds(comparison):
    return "".join(
        {"same": "=", "changed": "~", "added": "+", "removed": "-"}[r.kind]
        for r in rows(comparison)
    )


def rows(comparison):
    return list(comparison.rows)


def first_change(comparison):
    return {one.path: one.after for one in comparison.fields(comparison.rows[0])}


HELLO = [user("hello")]
TALK = [
    draw(1.0),
    ask(HELLO, call("refund", order="A-1", amount=480), stop="tool_use"),
    draw("ok", "refund", "str"),
    ask([*HELLO, user("ok")], text("I refunded 480.")),
]


def test_equal_tapes(pair):
    comparison = pair(TALK, TALK)
    assert comparison.equal
    assert comparison.shared_prefix == 4
    assert rows(comparison) == [Row("same", n, n) for n in range(1, 5)]
    assert "equal: 4 steps" in as_text(comparison)


def test_empty_tapes(pair):
    comparison = pair([], [])
    assert comparison.equal
    assert rows(comparison) == []
    assert as_json(comparison)["rows"] == []
    assert pair([], TALK).shared_prefix == 0
    assert kinds(pair([], TALK)) == "++++"


def test_a_prefix_is_not_equal(pair):
    comparison = pair(TALK, TALK[:2])
    assert not comparison.equal
    assert comparison.shared_prefix == 2
    assert kinds(comparison) == "==--"


def test_an_edited_reply_and_what_follows(pair):
    forked = [
        TALK[0],
        ask(HELLO, call("refund", order="A-1", amount=48), stop="tool_use", provenance=3),
        draw("ok", "refund", "str"),
        ask([*HELLO, user("ok")], text("I refunded 48.")),
    ]
    comparison = pair(TALK, forked)
    assert comparison.shared_prefix == 1
    assert kinds(comparison) == "=~=~"
    found = comparison.fields(comparison.rows[1])
    assert [(one.path, one.before, one.after) for one in found] == [
        ("reply.content[0].input.amount", 480, 48),
        ("provenance", "live", "edited"),
    ]
    assert found.left == 0
    assert comparison.fields(comparison.rows[0]) == []
    last = comparison.fields(comparison.rows[-1])
    assert [one.path for one in last] == ["reply.content[0].text"]


def test_one_extra_step_shifts_nothing(pair):
    later = [ask([*HELLO, user(f"turn {k}")], text(f"answer {k}")) for k in range(5)]
    changed = [ask([*HELLO, user(f"turn {k}!")], text(f"answer {k}")) for k in range(5)]
    extra = ask(HELLO, call("lookup", id=7), stop="tool_use")
    comparison = pair([*TALK, *later], [*TALK, *changed[:2], extra, *changed[2:]])
    assert kinds(comparison) == "====~~+~~~"
    assert comparison.rows[6] == Row("added", None, 7)
    assert comparison.rows[7] == Row("changed", 7, 8)


def test_draws_of_other_names_are_not_paired(pair):
    comparison = pair([draw(1.0)], [draw("x", "uuid.uuid4", "uuid")])
    assert kinds(comparison) == "-+"
    comparison = pair([draw(1.0)], [draw(2.0)])
    assert comparison.fields(comparison.rows[0]) == [FieldChange("value", 1.0, 2.0)]


def test_request_side_and_list_items(pair):
    before = ask([user("a"), user("b"), user("c")], text("x"))
    after = ask([user("a"), user("new"), user("b"), user("c")], text("x"), temperature=0.5)
    comparison = pair([before], [after])
    found = {one.path: (one.before, one.after) for one in comparison.fields(comparison.rows[0])}
    assert found == {
        "request.messages[1]": (ABSENT, user("new")),
        "request.temperature": (ABSENT, 0.5),
    }
    found = comparison.fields(comparison.rows[0], bodies=False)
    assert [one.path for one in found] == ["request (sha256)"]


def test_status_error_and_no_reply(pair):
    failed = ask(
        HELLO,
        status=529,
        body={"type": "error", "error": {"type": "overloaded_error", "message": "no"}},
    )
    reset = ask(HELLO, status=0, error=["httpx", "ConnectError", "refused", None])
    fine = ask(HELLO, text("x"))
    found = first_change(pair([fine], [failed]))
    assert found["status"] == 529
    assert found["reply.error"] == {"type": "overloaded_error", "message": "no"}
    found = first_change(pair([fine], [reset]))
    assert found["status"] is None
    assert found["error"] == "ConnectError: refused"
    assert found["ended"] == "error"


def test_bytes_that_mean_the_same(pair):
    a = ask(HELLO, text("x"))
    b = (*a[:3], a[3].replace(b", ", b","), *a[4:])
    comparison = pair([a], [b])
    assert [one.path for one in comparison.fields(comparison.rows[0])] == ["reply (bytes)"]


def test_many_changes_are_counted(pair):
    a = ask(HELLO, call("f", **{f"k{n}": n for n in range(300)}))
    b = ask(HELLO, call("f", **{f"k{n}": -n - 1 for n in range(300)}))
    comparison = pair([a], [b])
    found = comparison.fields(comparison.rows[0])
    assert len(found) == 50
    assert found.left == 250
    assert as_json(comparison)["rows"][0]["left"] == 250
    assert "more changes" in as_text(comparison)


def test_totals(pair):
    comparison = pair(
        TALK,
        [*TALK[:3], ask(HELLO, text("no"))],
        outcome={"exit_code": 1, "exception": "ValueError: x"},
    )
    a, b = comparison.totals
    assert (a.steps, a.exchanges, a.draws) == (4, 2, 2)
    assert (a.input_tokens, a.output_tokens, a.cache_read_tokens) == (2000, 200, 0)
    assert a.read_tokens == 2000
    assert a.cost == pytest.approx(2 * (1000 * 3e-6 + 100 * 15e-6))
    assert (a.answer, b.answer) == ("I refunded 480.", "no")
    assert a.duration == 2.0
    assert a.outcome.exit_code == 0
    assert b.outcome.exception == "ValueError: x"


def test_json_document(pair):
    strange = draw(b"\xff\x00", "os.urandom", "bytes")
    comparison = pair([*TALK, strange, draw(1.0)], [*TALK[:3], draw(float("nan"))])
    document = as_json(comparison)
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["equal"] is False
    assert again["shared_prefix"] == 3
    assert [row["kind"] for row in again["rows"]] == ["same"] * 3 + [
        "removed",
        "removed",
        "changed",
    ]
    assert again["rows"][1]["label_a"] == again["rows"][1]["label_b"] == "→ refund"
    assert again["rows"][3]["label_b"] is None
    assert again["rows"][5]["fields"] == [{"path": "value", "before": 1.0, "after": "nan"}]
    assert again["totals"]["a"]["steps"] == 6
    assert again["totals"]["b"]["outcome"]["exit_code"] == 0


@pytest.mark.parametrize("width", [20, 80, 100, 200])
def test_text_is_harmless_and_fits(pair, width):
    evil = "\x1b[2J\x9b31m日本語" * 30 + "\u202eabc\r\n\ud800"
    forked = [TALK[0], ask(HELLO, text(evil)), draw(evil[:-1], "refund", "str")]
    shown = as_text(pair(TALK, forked), width)
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert max(cell_len(line) for line in shown.split("\n")) <= max(width, 60)
    shown.encode()


def test_text_table(pair):
    forked = [TALK[0], ask(HELLO, text("No refund."))]
    shown = as_text(pair(TALK, forked))
    assert "… 1 equal step (1–1), proven" in shown
    assert "~    2 → refund" in shown
    assert 'reply.stop_reason: "tool_use" → "end_turn"' in shown
    assert "-    3 refund ok" in shown
    assert "I refunded 480." in shown
    assert "cost" in shown


def test_a_repeated_change_is_shown_once(pair):
    def talk(amount):
        said = {"role": "assistant", "content": [call("refund", amount=amount)]}
        return [ask([*HELLO, said, *([user("go on")] * k)], text("x")) for k in range(3)]

    shown = as_text(pair(talk(480), talk(48)))
    assert shown.count("request.messages[1].content[0].input.amount: 480 → 48") == 1
    assert "2 steps (2–3), equal or with changes shown above" in shown


def test_damaged_tapes_are_compared_as_far_as_they_go(tmp_path):
    steps = [draw(float(k)) for k in range(20)]
    whole = write(tmp_path / "a.msgpack", steps)
    write(tmp_path / "b.msgpack", steps, sealed=False).close()
    data = bytearray((tmp_path / "b.msgpack").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "b.msgpack").write_bytes(data)
    hurt = Tape(tmp_path / "b.msgpack")
    lost = 20 - len(hurt.steps)
    assert lost
    comparison = compare(whole, hurt)
    assert not comparison.equal
    assert kinds(comparison).count("-") == lost
    assert kinds(comparison).count("=") == 20 - lost
    assert not compare(hurt, hurt).equal
    as_json(comparison)
    as_text(comparison)


def test_the_shared_prefix_is_not_read(pair, monkeypatch):
    steps = [draw(float(k)) for k in range(1000)]
    a = pair(steps, steps).a
    b = write(Path(a.path).with_name("c.msgpack"), [*steps[:-1], draw(-1.0)])
    read = []
    monkeypatch.setattr(Tape, "step", lambda tape, n: read.append(n))
    with pytest.raises(AttributeError):
        compare(a, b)  # asks for the one step that differs
    assert read == [1000]


step = st.one_of(
    st.integers(0, 3).map(draw),
    st.integers(0, 3).map(lambda k: draw(k, "random.random")),
    st.builds(lambda k, m: ask([user(f"{k}")], text(f"{m}")), st.integers(0, 3), st.integers(0, 2)),
)
some_steps = st.lists(step, max_size=12)


def test_requests_beyond_the_budget_are_compared_by_hash(pair, monkeypatch):
    monkeypatch.setattr("tracefork_tui.diff.report.BODIES", 0)
    comparison = pair([ask([user("a")], text("x"))], [ask([user("b")], text("x"))])
    assert [one["path"] for one in as_json(comparison)["rows"][0]["fields"]] == ["request (sha256)"]
    assert "compared by hash only" in as_text(comparison)


def test_a_change_far_into_a_text_is_shown(pair):
    filler = "word " * 2000
    shown = as_text(pair([ask(HELLO, text(f"{filler}yes"))], [ask(HELLO, text(f"{filler}no"))]))
    assert 'word yes" → …' in shown
    assert 'word no"' in shown


def test_deep_json_is_shown_as_far_as_it_goes(pair):
    def deep(value):
        body = b'{"messages":' + b"[" * 500 + value + b"]" * 500 + b"}"
        return ("exchange", body, 200, body, None, 0)

    comparison = pair([deep(b"1")], [deep(b"2")])
    assert comparison.fields(comparison.rows[0])
    json.dumps(as_json(comparison))
    as_text(comparison)


def test_tapes_of_the_same_name_are_told_apart(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    a = write(tmp_path / "one" / "run", TALK)
    b = write(tmp_path / "two" / "run", TALK[:2])
    assert "one/run" in as_text(compare(a, b), 400)


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.just(1.0) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("xy", max_size=2), inner),
    max_leaves=12,
)


@given(values, values)
def test_no_change_means_equal_values(a, b):
    assert bool(list(changes("", a, b))) == (
        json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True)
    )


@settings(max_examples=60)
@given(some_steps, some_steps)
def test_rows_hold_each_step_once_and_in_order(a, b):
    with tempfile.TemporaryDirectory() as folder:
        comparison = compare(write(Path(folder, "a"), a), write(Path(folder, "b"), b))
        found = rows(comparison)
        assert [row.a for row in found if row.a] == list(range(1, len(a) + 1))
        assert [row.b for row in found if row.b] == list(range(1, len(b) + 1))
        assert found == [comparison.rows[k] for k in range(len(found))]
        assert found == comparison.rows[:]
        for row in found:
            assert (row.kind == "changed") == bool(comparison.fields(row))
            assert (row.kind == "same") == bool(row.a and row.b and a[row.a - 1] == b[row.b - 1])
        assert comparison.equal == (a == b)
        json.dumps(as_json(comparison))
        as_text(comparison, 80)


@settings(max_examples=60)
@given(some_steps, st.data())
def test_inserted_steps_are_added(a, data):
    inserted = data.draw(some_steps)
    b = list(a)
    for one in inserted:
        b.insert(data.draw(st.integers(0, len(b))), one)
    with tempfile.TemporaryDirectory() as folder:
        found = kinds(compare(write(Path(folder, "a"), a), write(Path(folder, "b"), b)))
    assert found.count("+") == len(inserted)
    assert found.count("=") == len(a)
    assert len(found) == len(b)


def test_cached_tokens_were_read_too(pair):
    usage = {"input_tokens": 10, "cache_read_input_tokens": 700, "output_tokens": 5}
    reply = {"model": "claude-sonnet-4-5", "content": [text("yes")], "usage": usage}
    run = [ask([user("hello")], body={"type": "message", "role": "assistant", **reply})]
    comparison = pair(run, [*run, ("draw", "uuid.uuid4", "uuid", "one")])
    a, b = comparison.totals
    assert (a.input_tokens, a.read_tokens, b.read_tokens) == (10, 710, 710)
    assert "from cache" in as_text(comparison)
