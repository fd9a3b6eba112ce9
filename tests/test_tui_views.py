"""What each view says about a step."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tui_tapes import Maker, call, refund_run, result, text

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.look import Damaged, Reader
from tracefork_tui.tui.rows import row_of
from tracefork_tui.tui.totals import Totals
from tracefork_tui.tui.views import build, views_of

CHAT = "https://api.openai.com/v1/chat/completions"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(Tape(refund_run(tmp_path_factory.mktemp("tui") / "run.msgpack")))


def page(reader: Reader, n: int, name: str) -> str:
    view = next(view for view in views_of(reader.step(n)) if view.name == name)
    return build(view, reader, n).text


def test_rows_tell_what_a_step_did(reader: Reader) -> None:
    words = {n: row_of(reader, n).words for n in range(1, 14)}
    assert words[1] == "time.time 12:04:11Z"
    assert words[4] == "→ lookup_order"
    assert words[6] == "✗ 529 overloaded_error"
    assert words[9] == "random 0.7310585786300049"
    assert words[11] == "✗ ConnectError: [Errno 111] Connection refused"
    assert words[13] == "datetime.now 12:04:19"
    assert [n for n in words if row_of(reader, n).bad] == [6, 11]


def test_chat_has_the_turns_and_the_reply(reader: Reader) -> None:
    chat = page(reader, 8, "CHAT")
    order = ["system", "user", "assistant", "tool_use lookup_order", "tool_result lookup_order"]
    order += ["the same request as step 6", "reply · tool_use", "thinking", "tool_use refund"]
    places = [chat.index(words) for words in order]
    assert places == sorted(places)
    assert "agent.py:88" in chat
    assert '"amount": 480' in chat


def test_delta_has_only_what_is_new(reader: Reader) -> None:
    delta = page(reader, 10, "DELTA")
    assert "since step 8: its reply and 1 message more" in delta
    assert "✗ is_error" in delta
    assert "lookup_order" not in delta
    first = page(reader, 4, "DELTA")
    assert "everything is new" in first
    assert "Give money back" in first


def test_chat_begins_where_the_step_adds_something(reader: Reader) -> None:
    view = views_of(reader.step(10))[0]
    document = build(view, reader, 10)
    assert document.lines[document.fresh].startswith("── since step 8")
    assert view.new is not None
    assert "lookup_order" not in build(view, reader, 10, new=True).text


def test_error_replies_and_failures(reader: Reader) -> None:
    assert "✗ 529 overloaded_error" in page(reader, 6, "CHAT")
    assert "req_011CQ" in page(reader, 6, "CHAT")
    assert "✗ ConnectError" in page(reader, 11, "CHAT")
    assert "There is no response." in page(reader, 11, "RESPONSE")


def test_bodies(reader: Reader) -> None:
    assert '"model": "claude-opus-4-8"' in page(reader, 8, "REQUEST")
    response = page(reader, 8, "RESPONSE")
    assert "put together from its events" in response
    assert '"stop_reason": "tool_use"' in response
    assert "(empty)" in page(reader, 11, "REQUEST")


def test_stream(reader: Reader) -> None:
    stream = page(reader, 8, "STREAM")
    assert "21 events in 21 chunks" in stream
    assert 'thinking_delta "The mug' in stream
    assert "0.430 s" in stream
    assert "Not an event stream" in page(reader, 4, "STREAM")


def test_headers_and_site(reader: Reader) -> None:
    headers = page(reader, 6, "HEADERS")
    assert "x-api-key: [redacted]" in headers
    assert "retry-after: 1" in headers
    site = page(reader, 6, "SITE")
    assert "at agent.py:88 in ask" in site
    assert "by agent.py:131 in work_on" in site
    assert reader.tape.step(6).fingerprint in site


def test_draw(reader: Reader) -> None:
    value = page(reader, 7, "VALUE")
    assert "1763640253.5" in value
    assert "2025-11-20 12:04:13.500000 UTC" in value
    assert "agent.py:40 in main" in value
    assert "12:04:11Z" in value


def test_a_retry_that_was_never_answered(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.send(b"{}")
    path = run.close(sealed=False)
    reader = Reader(Tape(path))
    assert "no answer yet" in row_of(reader, 1).words
    assert "no answer yet" in page(reader, 1, "CHAT")
    assert "not on the tape" in page(reader, 1, "SITE")


@pytest.mark.parametrize("said_all", [True, False])
def test_a_stream_closed_after_its_last_word_was_not_closed_early(
    tmp_path: Path, said_all: bool
) -> None:
    run = Maker(tmp_path / "run.msgpack")
    n = run.send(b'{"model": "gpt-4o", "stream": true, "messages": []}', CHAT)
    words = (
        b'data: {"choices": [{"index": 0, "delta": {"content": "42"}, "finish_reason": %s}]}\n\n'
    )
    pieces = [words % b"null", *([words % b'"stop"', b"data: [DONE]\n\n"] if said_all else [])]
    run.writer.head(n, run.now, 200, "OK", "HTTP/1.1", [("content-type", "text/event-stream")])
    for piece in pieces:
        run.writer.chunk(n, run.now, piece)
    run.writer.end(n, run.now, "closed", None, hashlib.sha256(b"".join(pieces)).digest())
    reader = Reader(Tape(run.close()))
    assert ("closed early" in row_of(reader, n).words) != said_all
    assert ("closed early" in page(reader, n, "CHAT")) != said_all


def test_a_changed_history_is_told(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.say("first")
    run.ask([text("one")])
    run.say("second")
    run.ask([text("two")])
    run.messages = [run.messages[0], {"role": "user", "content": "a summary instead"}]
    run.ask([text("three")])
    delta = page(Reader(Tape(run.close())), 3, "DELTA")
    assert "since step 2: 1 message more, 2 taken out" in delta
    assert "− assistant, taken out" in delta


def test_binary_and_broken_bodies(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    n = run.send(bytes(range(256)), "https://example.com/upload")
    run.answer(n, 200, [("content-type", "application/json")], [b'{"half": '])
    reader = Reader(Tape(run.close()))
    assert "0010  10 11 12 13 14 15 16 17  ·" in page(reader, 1, "REQUEST")
    assert '{"half":' in page(reader, 1, "RESPONSE")


def test_damage_is_shown_in_place(tmp_path: Path) -> None:
    path = Path(refund_run(tmp_path / "run.msgpack", sealed=False))
    whole = Tape(str(path))
    offset = whole.index.of_step(9)[0]
    data = bytearray(path.read_bytes())
    data[offset + 12] ^= 0xFF
    path.write_bytes(data)
    reader = Reader(Tape(str(path)))
    assert reader.kind(9) == "damaged"
    assert isinstance(reader.step(9), Damaged)
    assert row_of(reader, 9).words.startswith("✗")
    assert "damaged" in page(reader, 9, "DAMAGED")
    assert row_of(reader, 8).words == "→ refund"


def test_totals(reader: Reader) -> None:
    totals = Totals()
    for _ in range(13):
        totals.extend(reader)
    spent = totals.at(13)
    assert spent is not None
    assert (spent.exchanges, spent.errors) == (6, 2)
    assert spent.context > spent.output > 0
    assert totals.at(14) is None
    contexts = [one.context for one in totals.recent(13, 3)]
    assert contexts == sorted(contexts)
    assert len(contexts) == 3


def test_messages_from_long_ago_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    for n in range(200):
        run.say(f"Question {n}")
        run.messages.append({"role": "assistant", "content": [text(f"Answer {n}")]})
    run.say("Last")
    reader = Reader(Tape((run.ask([text("Done")]), run.close())[1]))
    chat = build(views_of(reader.step(1))[0], reader, 1)
    assert len(chat.lines) > 1000  # all of it is new
    run = Maker(tmp_path / "more.msgpack")
    for n in range(200):
        run.say(f"Question {n}")
        run.messages.append({"role": "assistant", "content": [text(f"Answer {n}")]})
    run.say("Go on")
    run.ask([text("Going on")])
    run.say("Last")
    run.ask([text("Done")])
    reader = Reader(Tape(run.close()))
    chat = build(views_of(reader.step(2))[0], reader, 2)
    assert len(chat.lines) < 300
    assert "… 342 earlier messages" in chat.lines
    assert "Question 7" in chat.text
    found = chat.find("answer 7", (len(chat.lines) - 1, -1), way=-1)
    assert found is not None
    assert "Answer 7" in chat.lines[found[0]]
    assert chat.find("nowhere to be found", (0, -1)) is None


def test_an_id_that_comes_again_belongs_to_the_call_before_it(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go.")
    for tool in ("load", "search"):
        run.ask([call("same", tool, what="x")])
        run.say(result("same", f"of {tool}"))
    n = run.ask([text("Done.")])
    reader = Reader(Tape(run.close()))
    chat = page(reader, n, "CHAT")
    assert chat.index("tool_result load") < chat.index("of load")
    assert chat.index("of load") < chat.index("tool_result search") < chat.index("of search")
    assert "tool_result search" in page(reader, n, "DELTA")


def test_a_document_of_plain_text_has_content(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    source = {"type": "text", "media_type": "text/plain", "data": "the terms"}
    run.say([{"type": "document", "source": source, "title": "Terms"}])
    n = run.ask([text("Read.")])
    chat = page(Reader(Tape(run.close())), n, "CHAT")
    assert "document · Terms · text/plain\n  the terms" in chat
    assert "no content" not in chat
