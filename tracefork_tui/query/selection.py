"""A tape of which only some steps are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from ..tape.steps import Step


class Selection:
    """A tape in all but its `steps`, which are those of these numbers, read when looked at."""

    def __init__(self, tape: Tape, numbers: Sequence[int]) -> None:
        self._tape = tape
        self.steps = _Steps(tape, numbers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tape, name)


class _Steps(Sequence["Step"]):
    def __init__(self, tape: Tape, numbers: Sequence[int]) -> None:
        self._tape = tape
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, position: int) -> Step: ...
    @overload
    def __getitem__(self, position: slice) -> list[Step]: ...
    def __getitem__(self, position: int | slice) -> Step | list[Step]:
        if isinstance(position, slice):
            return [self._tape.step(n) for n in self._numbers[position]]
        return self._tape.step(self._numbers[position])

    def __iter__(self) -> Iterator[Step]:
        return (self._tape.step(n) for n in self._numbers)
