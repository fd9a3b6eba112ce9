"""Where a value entered a run, and where it went."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tui_tapes import Maker, call, hostile_run, refund_run, result, text

from tracefork_tui import query
from tracefork_tui.query.needle import needle
from tracefork_tui.query.outline import Outline
from tracefork_tui.query.places import Places, common
from tracefork_tui.tape.reader import Tape

CHAT = "https://api.openai.com/v1/chat/completions"


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return Tape(refund_run(tmp_path_factory.mktemp("query") / "run.msgpack"))


def places(origin: query.Origin) -> list[tuple[int, str, str]]:
    return [(one.n, one.side, one.path) for one in origin.occurrences]


@pytest.mark.parametrize(
    ("wanted", "kind", "what", "n"),
    [
        ("tom.okafor@example.com", "prompt", "a user message", 4),
        ("support agent", "prompt", "the system prompt", 4),
        ("MUG-MOSS", "draw", "the draw lookup_order", 5),
        ("R-5512", "tool result", "the result of refund", 12),
        ("480", "reply", "the model's call of refund", 8),
        ("full refund", "reply", "the model's reply", 8),
        ("Find an order", "tool definition", "the definition of a tool", 4),
        ("req_011CQ", "header", "the header request-id of the response", 4),
        ("hooks.example.com", "url", "the URL of the request", 11),
        ("Connection refused", "error", "an error", 11),
        ("overloaded_error", "error", "an error", 6),
        ("6f0c2a51-5b0e", "draw", "the draw uuid.uuid4", 2),
        ("nowhere at all", None, "", None),
        ("", None, "", None),
    ],
)
def test_the_first_place_tells_where_it_came_from(
    tape: Tape, wanted: str, kind: str | None, what: str, n: int | None
):
    found = query.origin(tape, wanted)
    assert (found.kind, found.what) == (kind, what)
    assert (found.first.n if found.first else None) == n
    assert found.first == (found.occurrences[0] if found.occurrences else None)


def test_everywhere_it_went_is_told_once(tape: Tape):
    found = query.origin(tape, "480")
    assert places(found) == [
        (8, "response", "content[2].input.amount"),
        (10, "request", "messages[3].content[2].input.amount"),
        (10, "request", "messages[4].content[0].content"),
    ]
    assert found.occurrences[2].excerpt == "amount 480.00 is above what was paid (48.00)"


def test_a_place_is_an_expression(tape: Tape):
    for wanted in ("480", "MUG-MOSS", "R-5512", "req_011CQ", "tom.okafor"):
        for one in query.origin(tape, wanted).occurrences:
            value = query.compile(one.expression).value_at(tape, one.n)
            assert wanted in str(value)


@pytest.mark.parametrize(
    ("wanted", "written", "found"),
    [
        ("4800", '{"a":4800}', True),
        ("4800", '{"a":4800.0}', True),
        ("4800", '{"a":"4,800.00"}', True),
        ("4800", '{"a":"$4800"}', True),
        ("4800", '{"a":"at\\n4800"}', True),
        ("4800", '{"a":14800}', False),
        ("4800", '{"a":48001}', False),
        ("4800", '{"a":1.4800}', False),
        ("4800", '{"a":4800.5}', False),
        ("48.00", '{"a":48}', True),
        ("48.00", '{"a":"48.0"}', True),
        ("48.00", '{"a":480}', False),
        ("48.5", '{"a":"48.50"}', True),
        ("-3", '{"a":-3}', True),
        ("-3", '{"a":3}', False),
        ('say "hi"', json.dumps({"a": json.dumps({"b": 'say "hi"'})}), True),
        ("a\\b", json.dumps({"a": json.dumps({"b": "a\\b"})}), True),
        ("one\ntwo", json.dumps({"a": "one\ntwo"}), True),
        ("Grüße 👋", json.dumps({"a": "Grüße 👋"}), True),
        ("Grüße 👋", json.dumps({"a": "Grüße 👋"}, ensure_ascii=False), True),
        ("Grüße 👋", json.dumps({"a": json.dumps("Grüße 👋")}), True),
        ("a/b", '{"a":"a\\/b"}', True),
        ("<b>", '{"a":"\\u003cb\\u003E"}', True),
        ("needle", '{"a":"need"}', False),
    ],
)
def test_a_text_is_found_however_json_writes_it(wanted: str, written: str, found: bool):
    assert bool(needle(wanted).search(written.encode())) is found


@given(st.text(min_size=1, max_size=40), st.booleans(), st.integers(0, 2))
def test_any_text_is_found_at_any_depth(wanted: str, ascii_only: bool, depth: int):
    value: Any = {"a": f"x{wanted}x"} if not wanted.strip().isdigit() else {"a": wanted.strip()}
    for _ in range(depth):
        value = {"b": json.dumps(value, ensure_ascii=ascii_only)}
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if not any(c.isdigit() for c in wanted):
        assert needle(wanted).search(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a},{"[]\\', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab}", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 1]), st.data())
def test_a_place_leads_to_the_value(value: Any, indent: int | None, data: st.DataObject):
    marked = _marked(value, data.draw(st.integers(0, 20)))
    body = json.dumps(marked, indent=indent).encode()
    at = body.find(b"needle")
    if at < 0:
        return
    place = Places().at(body, at)
    found = marked
    for key in place.keys:
        found = found[key]
    assert found == "needle"
    assert json.loads(body[place.start : place.end]) == "needle"


def _marked(value: Any, left: int) -> Any:
    """The value with one leaf replaced."""
    if isinstance(value, list) and value:
        at = left % len(value)
        return [_marked(v, left // 2) if i == at else v for i, v in enumerate(value)]
    if isinstance(value, dict) and value:
        at = left % len(value)
        items = enumerate(value.items())
        return {k: _marked(v, left // 2) if i == at else v for i, (k, v) in items}
    return "needle"


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON), max_size=4), st.booleans())
def test_an_outline_goes_from_body_to_body(bodies: list[dict[str, Any]], spaced: bool):
    outline = Outline()
    for value in bodies:
        body = json.dumps(value, separators=None if spaced else (",", ":")).encode()
        for key, member in value.items():
            assert outline.part(body, key) == member
            if isinstance(member, list):
                assert [outline.part(body, key, i) for i in range(len(member))] == member
                assert outline.part(body, key, len(member)) is None
        assert outline.part(body, "none") is None


@given(st.binary(max_size=200), st.text(max_size=5), st.integers(-3, 3))
def test_an_outline_survives_any_bytes(body: bytes, key: str, index: int):
    outline = Outline()
    for data in (b'{"a":[1,2', b"{" + body, body, b'{"a":[1,{' + body):
        outline.part(data, key, index)
        outline.part(data, "a", index)
        Places().at(data, len(data) // 2)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_what_two_bodies_share(one: bytes, other: bytes):
    same = common(one, other)
    assert one[:same] == other[:same]
    assert same == min(len(one), len(other)) or one[same] != other[same]


def test_what_a_streamed_reply_spells_is_found_whole(tmp_path: Path):
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go on.")
    run.ask([text("The word is sesquipedalian, split over chunks.")], stream=True)
    found = query.origin(Tape(run.close()), "sesquipedalian, split")
    assert places(found) == [(1, "response", "content[0].text")]


def test_openai_results_and_arguments(tmp_path: Path):
    run = Maker(tmp_path / "run.msgpack")
    asked = {"role": "user", "content": "look"}
    function = {"name": "look", "arguments": json.dumps({"where": "Ålesund"})}
    calls = [{"id": "c1", "type": "function", "function": function}]
    said = {"role": "assistant", "content": None, "tool_calls": calls}
    reply = {"model": "gpt-5", "choices": [{"index": 0, "message": said}]}
    n = run.send(json.dumps({"model": "gpt-5", "messages": [asked]}).encode(), CHAT)
    run.answer(n, 200, [("content-type", "application/json")], [json.dumps(reply).encode()])
    back = {"role": "tool", "tool_call_id": "c1", "content": '{"id": "Z-77"}'}
    run.send(json.dumps({"model": "gpt-5", "messages": [asked, said, back]}).encode(), CHAT)
    tape = Tape(run.close())
    found = query.origin(tape, "Ålesund")
    assert (found.kind, found.what) == ("reply", "the model's call of look")
    assert places(found)[1] == (2, "request", "messages[1].tool_calls[0].function.arguments")
    found = query.origin(tape, "Z-77")
    assert (found.kind, found.what) == ("tool result", "the result of look")


def test_a_text_across_what_was_sent_before_is_found(tmp_path: Path):
    """The tape shares the start of a string with the body before; the whole is still seen."""
    run = Maker(tmp_path / "run.msgpack")
    start = "a long beginning of a message that both requests have in common, order A-"
    for end in ("10", "1009 is late", "1009 is late and more"):
        body = {"model": "m", "messages": [{"role": "user", "content": start + end}]}
        run.send(json.dumps(body, separators=(",", ":")).encode())
    found = query.origin(Tape(run.close()), "A-1009 is")
    assert [one.n for one in found.occurrences] == [2, 3]
    assert "}]}" in query.origin(Tape(run.path), "}]}").occurrences[0].excerpt


def test_compressed_requests_are_read(tmp_path: Path):
    import gzip

    run = Maker(tmp_path / "run.msgpack")
    body = gzip.compress(b'{"messages":[{"role":"user","content":"inside"}]}')
    headers = [("content-encoding", "gzip")]
    run.n += 1
    run.writer.send(1, 1, "t", ["a.py:1 in f"], 0, "POST", CHAT, headers, body)
    assert places(query.origin(Tape(run.close()), "inside")) == [
        (1, "request", "messages[0].content")
    ]


def test_the_number_of_places_is_bounded_but_not_at_the_step_in_view(tape: Tape):
    found = query.origin(tape, "order", most=2)
    assert len(found.occurrences) == 2
    assert found.more
    assert found.first is not None
    found = query.origin(tape, "order", at=12, most=2)
    assert [one.n for one in found.occurrences[:2]] == [4, 4]
    assert not query.origin(tape, "Stoneware", most=50).more


def test_it_comes_in_slices(tape: Tape):
    slices = list(query.origin_slices(tape, "480", seconds=0))
    found = [one for part in slices for one in part.found]
    assert slices[-1].n == 13
    assert query.summed(tape, "480", found) == query.origin(tape, "480")


@pytest.mark.parametrize("wanted", ["evil", "\x1b", "\x00", "漢字", "[/nope]", "\ud800", "x", "0"])
def test_hostile_text_does_no_harm(tmp_path: Path, wanted: str):
    tape = Tape(hostile_run(tmp_path / "hostile.msgpack"))
    for one in query.origin(tape, wanted).occurrences:
        assert "\n" not in one.excerpt
        assert len(one.excerpt) < 400
        assert one.expression


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_looked_for(wanted: str):
    tape = Tape(str(Path(__file__).parent.parent / "tapes" / "refund.msgpack"))
    query.origin(tape, wanted, most=20)


def _conversation(path: Path, turns: int) -> str:
    run = Maker(path)
    run.say("begin")
    for n in range(turns):
        run.ask([text(f"{n:04}" * 256), call(f"toolu_{n:06}", "look", n=n)])
        run.say(result(f"toolu_{n:06}", f"{n:04}" * 512))
    return run.close()


def test_the_work_grows_with_what_was_said(tmp_path: Path):
    """A conversation four times as long takes about four times as long, not sixteen."""
    took = []
    for turns in (100, 400):
        path = _conversation(tmp_path / f"{turns}.msgpack", turns)
        times = []
        for _ in range(3):
            tape = Tape(path)
            begin = time.process_time()
            assert query.origin(tape, "not in here").first is None
            times.append(time.process_time() - begin)
        took.append(min(times))
    assert took[1] < 11 * took[0]
