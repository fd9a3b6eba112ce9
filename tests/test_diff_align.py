"""Alignment and word diff, on sequences and texts alone."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracefork_tui.diff import word_diff
from tracefork_tui.diff.align import align

letters = st.lists(st.sampled_from("abcdefgh"), max_size=40)
words = st.lists(
    st.sampled_from(["a", "b", "the ", "cat", " ", "\n", "日本", "!", "\x00"]), max_size=60
)


def spell(a, b, cost=0.5):
    """The pairs as words: "a=a", "a~b", "a-", "+b"."""

    def one(i, j):
        if j is None:
            return f"{a[i]}-"
        if i is None:
            return f"+{b[j]}"
        return f"{a[i]}={b[j]}" if a[i] == b[j] else f"{a[i]}~{b[j]}"

    return " ".join(one(i, j) for i, j in align(a, b, lambda i, j: cost))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", ""),
        ("abc", "abc", "a=a b=b c=c"),
        ("abc", "abxc", "a=a b=b +x c=c"),
        ("abxc", "abc", "a=a b=b x- c=c"),
        ("abc", "axc", "a=a b~x c=c"),
        ("", "ab", "+a +b"),
        ("ab", "", "a- b-"),
        ("abcd", "xabyd", "+x a=a b=b c~y d=d"),
    ],
)
def test_small_cases(a, b, expected):
    assert spell(a, b) == expected


def test_steps_of_different_kinds_are_not_paired():
    assert spell("a", "b", cost=3.0) == "a- +b"


def test_chance_matches_do_not_shift_the_rest():
    a, b = "0E1F1G0H", "1e1f0g0h"
    assert align(a, b, lambda i, j: 0.4 if i % 2 == j % 2 else 3.0) == [(k, k) for k in range(8)]


@given(letters, letters)
def test_each_item_once_and_in_order(a, b):
    pairs = align(a, b, lambda i, j: 0.7)
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))
    assert all(i is not None or j is not None for i, j in pairs)


@given(letters)
def test_equal_sequences_pair_one_to_one(a):
    assert align(a, list(a), lambda i, j: 0.1) == [(k, k) for k in range(len(a))]


@given(st.data(), letters)
def test_inserted_items_are_added_and_nothing_else_moves(data, a):
    b = list(a)
    inserted = data.draw(letters)
    for item in inserted:
        b.insert(data.draw(st.integers(0, len(b))), item)
    pairs = align(a, b, lambda i, j: 0.1)
    assert sum(i is None for i, _ in pairs) == len(inserted)
    assert all(a[i] == b[j] for i, j in pairs if i is not None)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.integers(200, 600), st.integers(0, 40))
def test_insertions_into_long_sequences(rng, size, count):
    a = [rng.randrange(size) for _ in range(size)]
    b = list(a)
    for _ in range(count):
        b.insert(rng.randint(0, len(b)), rng.randrange(size))
    pairs = align(a, b, lambda i, j: 0.1)
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))
    assert all(a[i] == b[j] for i, j in pairs if i is not None and j is not None)


def test_unlike_giants_stay_within_the_band():
    a, b = [("a", k) for k in range(3000)], [("b", k) for k in range(2000)]
    calls = 0

    def cost(i, j):
        nonlocal calls
        calls += 1
        return 1.0

    pairs = align(a, b, cost)
    assert calls < 300_000
    assert [i for i, _ in pairs if i is not None] == list(range(3000))
    assert [j for _, j in pairs if j is not None] == list(range(2000))


def test_coarse_keys_hold_a_large_region_together():
    a = [("a", k) for k in range(500)]
    b = [("b", k) for k in range(100, 500)]
    keys = (lambda i: i), (lambda j: j + 100)
    pairs = align(a, b, lambda i, j: 1.9, keys)
    assert pairs == [(k, None) for k in range(100)] + [(k + 100, k) for k in range(400)]


@given(words, words)
def test_word_diff_gives_both_texts_back(a, b):
    before, after = "".join(a), "".join(b)
    segments = word_diff(before, after)
    assert "".join(one.text for one in segments if one.op != "insert") == before
    assert "".join(one.text for one in segments if one.op != "delete") == after
    assert all(x.op != y.op for x, y in pairwise(segments))


def test_word_diff_marks_words():
    found = [(one.op, one.text) for one in word_diff("refund 480 now", "refund 48 now")]
    assert found == [
        ("equal", "refund "),
        ("delete", "480 "),
        ("insert", "48 "),
        ("equal", "now"),
    ]


@pytest.mark.parametrize("unit", ["w{} ", "w{}\n", "w"])
def test_word_diff_of_large_texts_is_bounded(unit):
    rng = random.Random(1)
    before = "".join(unit.format(rng.randrange(100)) for _ in range(50_000))
    after = "x " + "".join(unit.format(rng.randrange(100)) for _ in range(50_000)) + " y"
    start = time.perf_counter()
    segments = word_diff(before, after)
    assert time.perf_counter() - start < 10
    assert "".join(one.text for one in segments if one.op != "insert") == before
    assert "".join(one.text for one in segments if one.op != "delete") == after


def test_word_diff_within_many_lines():
    lines = [f"line {k} of the text\n" for k in range(3000)]
    changed = [
        line.replace("the", "a") if k in (10, 2500) else line for k, line in enumerate(lines)
    ]
    found = word_diff("".join(lines), "".join(changed))
    assert [one.text for one in found if one.op != "equal"] == ["the ", "a ", "the ", "a "]
