"""Recorded text made harmless, laid out and found."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from tui_tapes import HOSTILE

from tracefork_tui.tui.document import Document, matches
from tracefork_tui.tui.keys import Keys
from tracefork_tui.tui.layout import CAP, Layout
from tracefork_tui.tui.session import Places
from tracefork_tui.tui.text import ControlFilter, plain, plain_lines, short
from tracefork_tui.tui.units import bars, count, since, span

BAD = {"Cc", "Cs"}
ANY = st.text(st.characters(codec=None, categories=None))


@given(ANY)
def test_plain_text_has_no_control_and_keeps_its_length(text: str) -> None:
    harmless = plain(text)
    assert len(harmless) == len(text)
    assert not any(unicodedata.category(c) in BAD for c in harmless)
    assert not any(c in harmless for c in "\u202a\u202e\u2066\u2069\u200f\u2028")


def test_every_control_character_is_shown() -> None:
    controls = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) in BAD]
    assert all(plain(c).isprintable() for c in controls)


@given(ANY)
def test_lines_are_harmless(text: str) -> None:
    for line in plain_lines(text):
        assert plain(line) == line


def test_ordinary_text_is_left_alone() -> None:
    text = "漢字 👩‍👩‍👧‍👦 naïve Ω → ✓ עברית"
    assert plain(text) == text
    assert plain_lines("a\r\n\tb") == ["a", "    b"]
    assert short("one\n two   three", 9) == "one two…"


def test_the_filter_deletes_what_is_left() -> None:
    made = ControlFilter().apply([Segment(HOSTILE), Segment("ok")], Color(0, 0, 0))
    text = "".join(segment.text for segment in made)
    assert not any(unicodedata.category(c) == "Cc" for c in text)
    assert text.endswith("ok")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=120), max_size=6),
       st.integers(8, 60))  # fmt: skip
def test_wrapping_loses_nothing_and_fits(texts: list[str], width: int) -> None:
    lines = [plain(text) for text in texts]
    layout = Layout(lines, width)
    joined = [""] * len(lines)
    for y in range(layout.height):
        row = layout.row(y)
        piece = lines[row.line][row.start : row.end]
        joined[row.line] += piece
        assert cell_len(piece.rstrip()) + row.indent <= width or len(piece) == 1
        if piece:
            assert layout.row_of(row.line, row.start) == y
    assert joined == lines


def test_a_very_long_line_is_cut_unless_asked_for() -> None:
    lines = ["x" * (CAP + 5), "y"]
    assert Layout(lines, 0).row(0).end == CAP
    assert Layout(lines, 0, whole=True).row(0).end == CAP + 5
    assert Layout(lines, 100).height == CAP // 100 + 1


@pytest.mark.parametrize(
    ("start", "way", "found"),
    [((0, -1), 1, (0, 1)), ((0, 1), 1, (0, 4)), ((0, 4), 1, (2, 0)), ((2, 0), 1, None),
     ((2, -1), -1, (2, 0)), ((2, 0), -1, (0, 4)), ((0, 4), -1, (0, 1)), ((0, 1), -1, None)],
)  # fmt: skip
def test_finding_in_a_document(
    start: tuple[int, int], way: int, found: tuple[int, int] | None
) -> None:
    page = Document()
    page.add("xAb ab\n\nAB")
    assert page.find("ab", start, way) == (found if found != (0, 4) else (0, 4))
    assert matches("xAb ab", "ab") == [(1, 3), (4, 6)]
    assert matches("xAb ab", "Ab") == [(1, 3)]


def test_a_count_and_a_question() -> None:
    keys = Keys()
    assert not keys.feed("0")
    assert keys.feed("1")
    assert keys.feed("0")
    assert keys.take_count() == 10
    assert keys.take_count() is None
    got: list[str] = []
    keys.ask("which?", got.append)
    assert keys.pending == "which?"
    assert keys.feed("5")
    assert got == ["5"]
    assert not keys.feed("x")


def test_places_go_back_and_forth() -> None:
    places = Places()
    places.leave(1)
    places.leave(5)
    assert places.back(9) == 5
    assert places.back(5) == 1
    assert places.back(1) is None
    assert places.forward(1) == 5
    assert places.forward(5) == 9
    places.leave(9)
    assert places.forward(2) is None


def test_units() -> None:
    assert count(9_999) == "9,999"
    assert count(12_431) == "12.4k"
    assert count(10**400) == count(10**15)
    assert span(0.003) == "3 ms"
    assert span(63) == "1m03s"
    assert span(float("nan")) == "?"
    assert since(float("inf")) == "t+?"
    assert bars([0, 1, 2]) == "▁▄█"
    assert bars([]) == ""
