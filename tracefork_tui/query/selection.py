"""A tape of which only some steps are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..tape.reader import Steps

if TYPE_CHECKING:
    from ..tape.reader import Tape


class Selection:
    """A tape in all but its `steps`, which are those of these numbers, read when looked at."""

    def __init__(self, tape: Tape, numbers: Sequence[int]) -> None:
        self._tape = tape
        self.steps = Steps(tape, numbers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tape, name)
