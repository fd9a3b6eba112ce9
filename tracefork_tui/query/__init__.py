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
"""

from .complete import Completion, complete
from .errors import QueryError
from .expression import Query, compile
from .fields import FIELDS, Field
from .find import filter, filter_slices, find
from .origin import Occurrence, Origin, origin, origin_slices, summed
from .selection import Selection
from .slices import Slice
from .watch import Change, change_slices, changes, standing

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
