"""Server-sent events: any cut of a body gives the same events, and encode is undone by parse."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tracefork_tui.wire.sse import Event, Parser, encode, parse

BODY = (
    b'\xef\xbb\xbf: hello\r\n\r\nevent: a\r\ndata: {"x":\r\ndata:1}\r\n\r\n'
    b"data: caf\xc3\xa9 \xf0\x9f\xa6\x8a\r\rid: 7\n\nevent: only\n\nretry: 5\ndata\n\ndata: cut"
)


def test_fields_comments_and_line_ends() -> None:
    events = parse([BODY])
    assert [(one.name, one.data) for one in events] == [
        ("a", '{"x":\n1}'),
        ("", "café 🦊"),
        ("only", ""),
        ("", ""),
    ]


def test_offsets_cut_the_body_at_events() -> None:
    first, second, *_ = parse([BODY])
    assert BODY[first.start : first.end].startswith(b"event: a")
    assert BODY[second.start : second.end] == "data: café 🦊\r\r".encode()


def test_an_event_without_its_blank_line_is_a_tail() -> None:
    parser = Parser()
    assert parser.feed(b"data: x\n\nda") == [Event("", "x", 0, 9, 0)]
    assert parser.tail == 9
    assert parser.feed(b"ta: y\n") == []
    assert parser.tail == 9
    assert parser.feed(b"\n") == [Event("", "y", 9, 18, 2)]
    assert parser.tail is None


def test_a_carriage_return_at_the_end_waits_for_its_line_feed() -> None:
    parser = Parser()
    assert parser.feed(b"data: x\r\n\r") == []
    assert parser.feed(b"\n") == [Event("", "x", 0, 11, 1)]
    assert parse([b"data: x\r\r"]) == [Event("", "x", 0, 9, 0)]


def test_chunk_is_the_one_that_completed_the_event() -> None:
    events = parse([b"data: 1\n", b"", b"\ndata: 2\n\ndata: 3\n\n"])
    assert [(one.data, one.chunk) for one in events] == [("1", 2), ("2", 2), ("3", 2)]


def test_invalid_utf8_is_shown_not_raised() -> None:
    assert parse([b"data: \xff\xfe\n\n"])[0].data == "��"


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"data: x", b"event:e", b":", b"\xef\xbb\xbf"])))
def test_any_cut_gives_the_same_events(pieces: list[bytes]) -> None:
    def plain(chunks: list[bytes]) -> list[tuple[str, str, int, int]]:
        return [(one.name, one.data, one.start, one.end) for one in parse(chunks)]

    body = b"".join(pieces)
    bytewise = [body[at : at + 1] for at in range(len(body))]
    assert plain(pieces) == plain([body]) == plain(bytewise)


@settings(deadline=None)
@given(st.lists(st.integers(0, len(BODY))))
def test_a_real_body_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    chunks = [BODY[a:b] for a, b in pairwise(edges)]
    whole = [(one.data, one.start, one.end) for one in parse([BODY])]
    assert [(one.data, one.start, one.end) for one in parse(chunks)] == whole


line = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@settings(deadline=None)
@given(line, st.lists(line, min_size=1).map("\n".join))
def test_encode_is_undone_by_parse(name: str, data: str) -> None:
    body = encode(name, data)
    assert parse([body]) == [Event(name, data, 0, len(body), 0)]
