"""Whatever is typed: an expression compiles or explains itself, and never does harm."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tui_tapes import hostile_run

from tracefork_tui import query
from tracefork_tui.query import FIELDS, QueryError, compile, complete
from tracefork_tui.tape.reader import Tape

BUNDLED = str(Path(__file__).parent.parent / "tapes" / "refund.msgpack")

SIGNS = """if and or not in contains matches == != < <= > >= =~ !~ + - * / % ( ) [ ] , . [0] [-1]
[*] true false null len( number( string( lower( request.messages response.content && || "bash" 'x'
/a+/ /a/i 1 2.5 1e400 .5 [1,2] ["a"]"""
WORDS = [*FIELDS, *SIGNS.split()]


@cache
def bundled() -> Tape:
    return Tape(BUNDLED)


def outcome(text: str) -> query.Query | None:
    """The compiled expression; None where it was refused, at a place within the text."""
    try:
        return compile(text)
    except QueryError as error:
        if not 0 <= error.position <= error.position + error.length <= len(text):
            raise AssertionError(f"{text!r}: {error.position}+{error.length}") from error
        if "\n" in str(error) or not error.message:
            raise AssertionError(repr(str(error))) from error
        return None


@settings(max_examples=300)
@given(st.text(max_size=80) | st.text("()[].\"'/\\=~<>!&|n 1-", max_size=40))
def test_any_text_compiles_or_is_explained(text: str):
    outcome(text)
    for cursor in (0, len(text) // 2, len(text), len(text) + 3):
        complete(text, cursor)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_any_words_evaluate_or_are_explained(words: list[str]):
    text = " ".join(words)
    found = outcome(text)
    if found is None:
        return
    tape = bundled()
    for n in (1, 4, 28, 33):
        value = found.value(tape.step(n))
        json.dumps(value)
        assert found.matches(tape.step(n)) == found.matches_at(tape, n) == bool(value)
        assert found.value_at(tape, n) == value or value != value


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS), max_size=6), st.integers(0, 40))
def test_what_completes_can_be_typed(words: list[str], cursor: int):
    text = " ".join(words)
    for one in complete(text, min(cursor, len(text)), bundled()):
        assert 0 <= one.start <= one.end <= len(text)
        assert one.text.isprintable()


def test_fields_of_hostile_steps(tmp_path: Path):
    tape = Tape(hostile_run(tmp_path / "hostile.msgpack"))
    for name in FIELDS:
        for n in range(len(tape.steps) + 2):
            json.dumps(compile(name).value_at(tape, n))
            compile(f"string({name}) =~ 'x' or {name} contains 'x'").matches_at(tape, n)
            complete(f"{name} == '", len(name) + 5, tape)
            complete(f"{name}.", len(name) + 1, tape)
