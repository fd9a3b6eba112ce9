"""Alignment of two trajectories, and what changed between them.

    compare(a, b)            a Comparison: shared_prefix, rows, fields(row), totals, equal
    word_diff(before, after) what changed within a text
    as_json(comparison)      the document of `diff --json`
    as_text(comparison)      the table of `diff`
    as_markdown(comparison)  the report of `diff --markdown`

Steps that two tapes share are known by their chains and not read.

Nothing here is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazily import lazily

if TYPE_CHECKING:
    from ..wire.visible import visible as visible
    from .comparison import Comparison as Comparison
    from .comparison import Row as Row
    from .comparison import Rows as Rows
    from .comparison import compare as compare
    from .fields import Changes as Changes
    from .markdown import as_markdown as as_markdown
    from .report import as_json as as_json
    from .table import as_text as as_text
    from .totals import Totals as Totals
    from .values import ABSENT as ABSENT
    from .values import FieldChange as FieldChange
    from .words import Segment as Segment
    from .words import word_diff as word_diff

_HOME = {
    "visible": "..wire.visible",
    "Comparison": ".comparison",
    "Row": ".comparison",
    "Rows": ".comparison",
    "compare": ".comparison",
    "Changes": ".fields",
    "as_markdown": ".markdown",
    "as_json": ".report",
    "as_text": ".table",
    "Totals": ".totals",
    "ABSENT": ".values",
    "FieldChange": ".values",
    "Segment": ".words",
    "word_diff": ".words",
}

__getattr__ = lazily(__name__, _HOME)

__all__ = [
    "ABSENT",
    "Changes",
    "Comparison",
    "FieldChange",
    "Row",
    "Rows",
    "Segment",
    "Totals",
    "as_json",
    "as_markdown",
    "as_text",
    "compare",
    "visible",
    "word_diff",
]
