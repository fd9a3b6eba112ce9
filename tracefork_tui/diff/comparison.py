"""Two tapes side by side: what they share, and how the rest lines up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

from ..tape.reader import Tape
from .align import Pair, align
from .fields import Changes, step_changes
from .steps import Signature, distance, signature
from .totals import Tally, Totals


@dataclass(frozen=True, slots=True)
class Row:
    """Step `a` of the one tape beside step `b` of the other; None where there is no partner."""

    kind: Literal["same", "changed", "added", "removed"]
    a: int | None
    b: int | None


class Rows(Sequence[Row]):
    """The shared prefix, made up as it is looked at, and the aligned rest."""

    def __init__(self, shared: int, rest: list[Row]) -> None:
        self._shared = shared
        self._rest = rest

    def __len__(self) -> int:
        return self._shared + len(self._rest)

    @overload
    def __getitem__(self, position: int) -> Row: ...
    @overload
    def __getitem__(self, position: slice) -> list[Row]: ...
    def __getitem__(self, position: int | slice) -> Row | list[Row]:
        if isinstance(position, slice):
            return [self[k] for k in range(*position.indices(len(self)))]
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        position %= len(self)
        if position < self._shared:
            return Row("same", position + 1, position + 1)
        return self._rest[position - self._shared]

    def __iter__(self) -> Iterator[Row]:
        yield from (Row("same", n, n) for n in range(1, self._shared + 1))
        yield from self._rest


@dataclass(frozen=True)
class Comparison:
    """Two tapes as they were when they were compared.

    `shared_prefix`: how many leading steps have equal chains. `rows`: every step of both tapes
    once, in order. `equal`: all steps are shared.
    """

    a: Tape
    b: Tape
    shared_prefix: int
    rows: Rows
    equal: bool

    def fields(self, row: Row, *, bodies: bool = True) -> Changes:
        """What changed in a row of kind "changed"; nothing for the others.

        Without `bodies` the requests are compared by size and hash only.
        """
        if row.kind != "changed" or row.a is None or row.b is None:
            return Changes()
        return step_changes(self.a.step(row.a), self.b.step(row.b), bodies=bodies)

    @cached_property
    def totals(self) -> tuple[Totals, Totals]:
        """What each run came to. Reads every reply once."""
        shared = self.shared_prefix
        prefix = Tally().read(self.a, range(1, shared + 1))
        rest_a = (row.a for row in self.rows[shared:] if row.a is not None)
        rest_b = (row.b for row in self.rows[shared:] if row.b is not None)
        return (
            Tally(prefix).read(self.a, rest_a).totals(self.a),
            Tally(prefix).read(self.b, rest_b).totals(self.b),
        )


def compare(a: Tape, b: Tape) -> Comparison:
    """Align two tapes. Of the steps that they share nothing is read."""
    numbers_a, numbers_b = _present(a), _present(b)
    shared = _shared_prefix(a, numbers_a, b, numbers_b)
    rest = _Rest(a, numbers_a[shared:], b, numbers_b[shared:])
    equal = shared == len(numbers_a) == len(numbers_b)
    return Comparison(a, b, shared, Rows(shared, rest.rows()), equal)


def _present(tape: Tape) -> Sequence[int]:
    """The numbers of the steps that are on the tape: all, unless it is damaged."""
    index = tape.index
    numbers = range(1, len(index.first) + 1)
    if index.steps == len(numbers):
        return numbers
    return [n for n in numbers if index.of_step(n)]


def _shared_prefix(a: Tape, numbers_a: Sequence[int], b: Tape, numbers_b: Sequence[int]) -> int:
    """Equal chains once unequal stay so. A step that is missing on a tape ends the prefix."""
    most = min(_leading(numbers_a), _leading(numbers_b))
    lengths = range(1, most + 1)
    return bisect_left(lengths, True, key=lambda n: a.fingerprint_at(n) != b.fingerprint_at(n))


def _leading(numbers: Sequence[int]) -> int:
    """How many steps there are before the first that is missing."""
    return bisect_left(range(len(numbers)), True, key=lambda k: numbers[k] != k + 1)


class _Rest:
    """What follows the shared prefix."""

    def __init__(
        self, a: Tape, numbers_a: Sequence[int], b: Tape, numbers_b: Sequence[int]
    ) -> None:
        self.numbers_a, self.numbers_b = numbers_a, numbers_b
        self.meanings_a = [a.meaning(n) for n in numbers_a]
        self.meanings_b = [b.meaning(n) for n in numbers_b]
        self.signatures_a = _Signatures(a, numbers_a)
        self.signatures_b = _Signatures(b, numbers_b)

    def rows(self) -> list[Row]:
        coarse = self.signatures_a.coarse, self.signatures_b.coarse
        pairs = align(self.meanings_a, self.meanings_b, self._cost, coarse)
        return [self._row(pair) for pair in pairs]

    def _cost(self, i: int, j: int) -> float:
        return distance(self.signatures_a[i], self.signatures_b[j])

    def _row(self, pair: Pair) -> Row:
        i, j = pair
        if i is None or j is None:
            if j is not None:
                return Row("added", None, self.numbers_b[j])
            assert i is not None
            return Row("removed", self.numbers_a[i], None)
        same = self.meanings_a[i] == self.meanings_b[j]
        return Row("same" if same else "changed", self.numbers_a[i], self.numbers_b[j])


class _Signatures:
    """Signatures by position, each made when it is first asked for."""

    def __init__(self, tape: Tape, numbers: Sequence[int]) -> None:
        self._tape = tape
        self._numbers = numbers
        self._known: list[Signature | None] = [None] * len(numbers)

    def __getitem__(self, position: int) -> Signature:
        known = self._known[position]
        if known is None:
            known = self._known[position] = signature(self._tape, self._numbers[position])
        return known

    def coarse(self, position: int) -> tuple[str, ...] | None:
        return self[position].coarse
