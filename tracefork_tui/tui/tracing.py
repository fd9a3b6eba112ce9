"""A text followed through the run: where it entered, and everywhere it went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .scan import Scan

if TYPE_CHECKING:
    from ..query import Occurrence, Slice
    from ..tape.reader import Tape


class Trace(Scan["Occurrence"]):
    """`found`: the places that hold the text, in order. `what`: how it entered, in words that are
    raw from the tape. `at`: the step that it was picked in, whose places are all told."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__()
        self.text = text
        self.at = at
        self.found: list[Occurrence] = []
        self.kind = self.what = ""

    @property
    def more(self) -> bool:
        """Whether not all places are told."""
        from ..query.origins import MOST

        return len(self.found) > MOST

    def slices(self, tape: Tape, start: int) -> Iterator[Slice[Occurrence]]:
        from ..query import origin_slices
        from ..query.entry import entered

        for part in origin_slices(tape, self.text, self.at):
            if part.found and not self.kind:
                first = part.found[0]
                self.kind, self.what = entered(tape, first.n, first.side, first.keys)
            yield part

    def add(self, found: list[Occurrence]) -> None:
        self.found += found

    def drop_from(self, n: int) -> None:
        self.found.clear()
