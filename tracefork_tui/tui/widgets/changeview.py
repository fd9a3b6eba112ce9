"""The line view for what differs: it marks the words that one side has and the other has not."""

from __future__ import annotations

from ..document import Kind
from ..syntax import Span
from ..views.changes import ChangePage
from .lineview import LineView


class ChangeView(LineView):
    """Shows change pages, and any other document as it is."""

    def _line_spans(self, line: int, text: str, kind: Kind) -> list[Span]:
        found = super()._line_spans(line, text, kind)
        if isinstance(self.document, ChangePage):
            return [*self.document.marks.get(line, ()), *found]
        return found
