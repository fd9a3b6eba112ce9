"""Answers of a tape are read some at a time, and each is given once."""

from __future__ import annotations

from typing import Any

import pytest

from tracefork_tui.debuggee.feeding import AHEAD, LARGEST, Replies
from tracefork_tui.tape.answer import Answer
from tracefork_tui.tape.errors import TapeError


class Damaged:
    """A tape of answers of so many bytes, whose third one is damaged."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read: list[int] = []

    def answer(self, n: int, asked: Any) -> tuple[Answer, str]:
        self.read.append(n)
        if n == 3:
            raise TapeError("step 3 is damaged")
        return Answer(chunks=[bytes(self.size), str(n).encode()]), asked[0]


def replies(tape: Any) -> Replies:
    return Replies(tape, {n: (f"asked {n}", "", b"") for n in range(1, 100)})


def test_a_damaged_answer_is_told_when_it_is_asked_for() -> None:
    tape = Damaged(1)
    found = replies(tape)
    assert [found.take(n)[1] for n in (2, 1, 4)] == ["asked 2", "asked 1", "asked 4"]
    with pytest.raises(TapeError, match="step 3"):
        found.take(3)
    assert found.take(AHEAD)[0].chunks[1] == str(AHEAD).encode()
    assert tape.read.count(4) == tape.read.count(AHEAD) == 1


def test_large_answers_are_not_held() -> None:
    tape = Damaged(LARGEST)
    replies(tape).take(10)
    assert tape.read == [10]
