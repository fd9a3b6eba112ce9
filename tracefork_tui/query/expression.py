"""Compiled expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .compiler import Compiler
from .facts import Facts
from .grammar import parse

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from ..tape.steps import Step


class Query:
    """An expression over steps. `text` as it was written, `fields` the names that it uses.

    Only what these fields need is read from the tape. Evaluating does not raise, whatever the
    tape holds.
    """

    def __init__(self, text: str, fields: frozenset[str], run: Callable[[Facts], Any]) -> None:
        self.text = text
        self.fields = fields
        self.run = run

    def matches(self, step: Step) -> bool:
        """Whether the expression is true of a step."""
        return bool(self.run(Facts(step._tape, step.n, step)))

    def value(self, step: Step) -> Any:
        """The expression's value for a step, as JSON; None where it has none."""
        return self.run(Facts(step._tape, step.n, step))

    def matches_at(self, tape: Tape, n: int) -> bool:
        """The same for step `n`, which is read no further than the expression needs."""
        return bool(self.run(Facts(tape, n)))

    def value_at(self, tape: Tape, n: int) -> Any:
        """The same for step `n`, which is read no further than the expression needs."""
        return self.run(Facts(tape, n))

    def __repr__(self) -> str:
        return f"Query({self.text!r})"


@lru_cache(256)
def compile(text: str) -> Query:
    """The expression that a text spells. Raises QueryError, which says what is wrong and where."""
    compiler = Compiler(text)
    node = compiler.whole(parse(text)).collapsed
    return Query(text, frozenset(compiler.fields), node.run)
