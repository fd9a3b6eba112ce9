"""Alignment of two trajectories, and what changed between them.

    compare(a, b)            a Comparison: shared_prefix, rows, fields(row), totals, equal
    word_diff(before, after) what changed within a text
    as_json(comparison)      the document of `diff --json`
    as_text(comparison)      the table of `diff`
    as_markdown(comparison)  the report of `diff --markdown`

Steps that two tapes share are known by their chains and not read.
"""

from ..wire.visible import visible
from .comparison import Comparison, Row, Rows, compare
from .fields import Changes
from .markdown import as_markdown
from .report import as_json
from .table import as_text
from .totals import Totals
from .values import ABSENT, FieldChange
from .words import Segment, word_diff

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
