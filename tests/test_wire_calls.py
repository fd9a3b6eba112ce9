"""Calls on one line: names first, then what tells them apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tracefork_tui.wire import Part
from tracefork_tui.wire.calls import Called, against, called, calling, line, names, tell, within


def use(name: str, given: Any = None, **input: Any) -> Part:
    return Part("tool_use", name=name, input=input if given is None else given)


def told(calls: tuple[Called, ...], room: int) -> str:
    text = "".join(piece for piece, _ in tell(calls, room))
    assert cell_len(text) <= max(0, room)
    return text


def read(room: int, *parts: Part) -> str:
    return told(called(parts), room)


REFUND = use("refund", order_id="A-1009", amount=480, reason="arrived broken in two")


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (60, "refund(A-1009, 480, arrived broken in two)"),
        (32, "refund(A-1009, 480, arrived bro…"),
        (20, "refund(A-1009, 480 …"),
        (15, "refund(A-1009 …"),
        (13, "refund(A-10…"),
        (9, "refund"),
        (5, "refu…"),
        (0, ""),
    ],
)
def test_names_come_first_and_arguments_get_what_is_left(room: int, line: str) -> None:
    assert read(room, REFUND) == line


def test_several_tools() -> None:
    both = use("search", q="mugs"), use("read_page", page=3)
    assert read(60, *both) == "search(mugs), read_page(3)"
    assert read(20, *both) == "search, read_page(3)"
    assert read(19, *both) == "search, read_page"
    assert read(12, *both) == "search +1"
    assert read(15, *both) == "search(mugs) +1"
    thrice = [use("weather", city=city) for city in ("Paris", "Rome", "Oslo")]
    assert read(60, *thrice) == "weather ×3(Paris; Rome; Oslo)"
    assert read(19, *thrice) == "weather ×3(Paris …"
    assert names(thrice) == line(called(thrice)) == "weather ×3"


def test_a_long_name_leaves_something_to_its_arguments() -> None:
    assert read(22, use("search_trip_recommendations", place="Basel")) == "search_trip_r…(Basel)"
    assert read(22, use("search_trip_recommendations")) == "search_trip_recommend…"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "t"),
        ({"a": ""}, 't("")'),
        ({"a": None, "b": True, "c": 0.5}, "t(null, true, 0.5)"),
        ({"a": ["x", "y"], "b": {"c": 1, "d": [2]}}, "t(x y, {1, 2})"),
        ({"a": {"b": {"c": {"d": 1}}}}, "t({{{…}}})"),
        ({"a": "one\n\ttwo\x1b[2J\u202e"}, "t(one two [2J)"),
        ("not an object", "t(not an object)"),
        ([1, 2], "t(1 2)"),
    ],
)
def test_values(given: Any, text: str) -> None:
    assert read(80, use("t", given)) == text


def test_broken_input_is_told_as_it_was_sent() -> None:
    part = Part("tool_use", name="t", input={}, raw_input='{"a": 1', broken=True)
    assert read(80, part) == 't({"a": 1)'


def beside(room: int, calls: list[Part], *around: list[Part]) -> str:
    return told(against(called(calls), [called(one) for one in around]), room)


def test_what_differs_from_the_neighbours_comes_first() -> None:
    first = [use("read", base="https://shop.example", section="policies", page=1)]
    second = [use("read", base="https://shop.example", section="policies", page=2)]
    assert beside(60, second, first) == "read(https://shop.example, policies, 2)"
    assert beside(20, second, first) == "read(…p.example, 2 …"
    assert beside(10, second, first) == "read(2 …"
    other = [use("write", base="https://shop.example")]
    assert beside(20, second, other) == "read(…shop.example …"


def test_a_value_is_shown_from_where_it_differs() -> None:
    near = [use("bash", command="cat src/agent/tools/files.py")]
    calls = [use("bash", command="cat src/agent/tools/shell.py")]
    assert beside(21, calls, near) == "bash(cat …s/shell.py)"
    assert beside(40, calls, near) == "bash(cat src/agent/tools/shell.py)"
    assert read(20, use("open", path="/srv/agent/tools/shell.py")) == "open(…/shell.py)"


def test_the_same_values_under_other_names() -> None:
    assert beside(40, [use("look", symbol="AAPL")], [use("look", ticker="AAPL")]) == (
        "look(symbol=AAPL)"
    )
    assert beside(40, [use("look", ticker="AAPL")], [use("look", ticker="AAPL")]) == "look(AAPL)"


def test_calls_of_the_server_only_where_nothing_else_is_said() -> None:
    search = Part("server_tool_use", name="web_search", input={"query": "mugs"})
    assert names(calling([search])) == "web_search"
    assert not calling([search, Part("text", text="Here they are.")])
    assert names(calling([search, use("refund")])) == "refund"


def test_what_stands_around_calls() -> None:
    def words(room: int) -> str:
        pieces = within("✗ → refund · max_tokens", "refund", called([REFUND]), room)
        assert sum(cell_len(text) for text, _ in pieces) <= room
        return "".join(text for text, _ in pieces)

    assert words(80) == "✗ → refund(A-1009, 480, arrived broken in two) · max_tokens"
    assert words(37) == "✗ → refund(A-1009, 480 … · max_tokens"
    assert words(31) == "✗ → refund(A-10… · max_tokens"
    assert words(23) == "✗ → refund · max_tokens"


def test_a_path_gives_way_in_the_middle() -> None:
    def words(room: int) -> str:
        label = "202 POST api.example.com/runs/multipart"
        return "".join(
            text for text, _ in within(label, "api.example.com/runs/multipart", (), room)
        )

    assert words(40) == "202 POST api.example.com/runs/multipart"
    assert words(30) == "202 POST …/runs/multipart"
    assert words(22) == "202 POST …/multipart"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
some_calls = st.lists(
    st.builds(use, st.sampled_from(["a", "look", "漢字かな", "\x1b]0;x\x07", ""]), json), max_size=5
)


@given(some_calls, some_calls, st.integers(0, 70))
def test_it_always_fits_and_is_harmless(calls: list[Part], near: list[Part], room: int) -> None:
    text = told(against(called(calls), [called(near)]), room)
    assert all(c.isprintable() for c in text)
