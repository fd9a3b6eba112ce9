"""`tracefork_tui.open` as its documentation has it."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import tracefork_tui
from tracefork_tui.tape import reader, steps
from tracefork_tui.tape.answer import Error
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.steps import Chunk, Draw, Exchange, Note, Outcome, Request, Response

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "v1.msgpack"


def test_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parent)
    tried = doctest.testmod(reader, extraglobs={"tracefork_tui": tracefork_tui})
    assert tried.attempted >= 5
    assert not tried.failed


@pytest.mark.parametrize(
    "kind", [Tape, Exchange, Draw, Request, Response, Chunk, Note, Outcome, Error]
)
def test_every_field_is_documented(kind: type) -> None:
    """The docstring of a class names all that a step of it shows."""
    said = " ".join(filter(None, (base.__doc__ for base in kind.__mro__[:-1])))
    with tracefork_tui.open(GOLDEN) as tape:
        shown = [one for one in instances(tape) if isinstance(one, kind)]
        fields = {name for one in shown for name in names(one)}
    assert shown
    unnamed = [name for name in fields if not re.search(rf"\b{name}\b", said)]
    assert unnamed == []


def instances(tape: Tape) -> list[object]:
    found: list[object] = [tape, *tape.notes, tape.outcome, *tape.steps]
    for step in tape.steps:
        if isinstance(step, Exchange):
            found += [step.request, step.response, step.error]
            found += step.response.chunks if step.response else []
    return found


def names(one: object) -> set[str]:
    """The public names of an instance that hold values, methods and properties left out."""
    slots = getattr(type(one), "__slots__", ())
    held = (*getattr(one, "__dict__", ()), *slots, *getattr(one, "_fields", ()))
    inner = {"index", "salt", "implicit"}
    return {name for name in held if not name.startswith("_")} - inner


def test_the_shapes_that_are_promised() -> None:
    with tracefork_tui.open(GOLDEN) as tape:
        assert [step.n for step in tape.steps] == list(range(1, len(tape.steps) + 1))
        assert tape.steps[-1] == tape.steps[len(tape.steps) - 1]
        assert tape.steps[1:3] == [tape.steps[1], tape.steps[2]]
        with pytest.raises(IndexError):
            _ = tape.steps[len(tape.steps)]
        with pytest.raises(tracefork_tui.TapeError, match="there is no step 99"):
            tape.step(99)
        for step in tape.steps:
            assert isinstance(step.at, float)
            assert isinstance(step.call_site, tuple)
            assert re.fullmatch("[0-9a-f]{64}", step.fingerprint)
        assert tape.steps[-1].fingerprint == tape.fingerprint
    assert steps.Step == Exchange | Draw


def test_errors_are_one_line_that_names_the_file(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "no such file"), (tmp_path, "no regular file")):
        with pytest.raises(tracefork_tui.TapeError, match=words) as caught:
            tracefork_tui.open(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
