"""One expression language over the steps of a tape: filter, search, breakpoint, watch.

    compile(text)                     a Query; raises QueryError
    query.matches(step), .value(step) whether it is true of a step; its value there
    complete(text, cursor)            what may stand at the cursor
    filter(tape, query), find(...)    the steps of which it is true; the nearest one
    changes(tape, query)              its value over time
    origin(tape, text)                where a text or a number came from, and where it went

Strings are compared with `==`, `contains` (plain text; a capital makes case count), `in` and `=~`
(a pattern). What a step does not have is null, and a comparison with it is false; `== null` asks
for it. `value if name == "clock"` has a value only where the condition holds. A path goes into
JSON: `request.messages[-1].content`, `response.content[*].name`.

Nothing here is imported before it is used: an open tape asks for facts, seldom for the language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazily import lazily

if TYPE_CHECKING:
    from .completion import Completion as Completion
    from .completion import complete as complete
    from .errors import QueryError as QueryError
    from .expression import Query as Query
    from .expression import compile as compile
    from .fields import FIELDS as FIELDS
    from .fields import Field as Field
    from .finding import filter as filter
    from .finding import filter_slices as filter_slices
    from .finding import find as find
    from .origins import Occurrence as Occurrence
    from .origins import Origin as Origin
    from .origins import origin as origin
    from .origins import origin_slices as origin_slices
    from .origins import summed as summed
    from .selection import Selection as Selection
    from .slices import Slice as Slice
    from .watch import Change as Change
    from .watch import change_slices as change_slices
    from .watch import changes as changes
    from .watch import standing as standing

_HOME = {
    "Completion": ".completion",
    "complete": ".completion",
    "QueryError": ".errors",
    "Query": ".expression",
    "compile": ".expression",
    "FIELDS": ".fields",
    "Field": ".fields",
    "filter": ".finding",
    "filter_slices": ".finding",
    "find": ".finding",
    "Occurrence": ".origins",
    "Origin": ".origins",
    "origin": ".origins",
    "origin_slices": ".origins",
    "summed": ".origins",
    "Selection": ".selection",
    "Slice": ".slices",
    "Change": ".watch",
    "change_slices": ".watch",
    "changes": ".watch",
    "standing": ".watch",
}

__getattr__ = lazily(__name__, _HOME)

__all__ = [
    "FIELDS",
    "Change",
    "Completion",
    "Field",
    "Occurrence",
    "Origin",
    "Query",
    "QueryError",
    "Selection",
    "Slice",
    "change_slices",
    "changes",
    "compile",
    "complete",
    "filter",
    "filter_slices",
    "find",
    "origin",
    "origin_slices",
    "standing",
    "summed",
]
