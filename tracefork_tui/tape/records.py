"""The records of a tape: what each frame's payload holds (FORMAT.md has it in full).

A payload is one msgpack array that starts with its kind. Times are integers in microseconds
since the start of the run; atoms are numbered from 0 in the order of their records; steps from
1, and step 0 means "no step".
"""

from __future__ import annotations

from typing import Any

FORMAT = "tracefork-tape"
VERSION = 1

HEADER = 0  # [0, format, version, {...}]
ATOM = 1  # [1, number, value]            an interned value: header pair, call stack, URL, name
DRAWS = 2  # [2, n, count, sources, which, times, columns]   a run of draws (columns.py)
SEND = 3  # [3, n, t, task, site, provenance, method, url, [headers], pieces, size, sha256]
HEAD = 4  # [4, n, t, status, reason, http_version, [headers]]
CHUNK = 5  # [5, n, t, bytes]
END = 6  # [6, n, t, how, error, sha256]
DRAW = 7  # [7, n, t, task, site, provenance, name, type, value]
NOTE = 8  # [8, t, kind, {...}]
OUTPUT = 9  # [9, t, stream, text]
OUTCOME = 10  # [10, t, {...}]
INDEX = 11  # [11, lengths, owners, kinds, atoms, first, last, meanings, counts, proofs]
FOOTER = 12  # [12, index offset (8 bytes), steps (8 bytes), fingerprint, order, content, mac]
CALL = 13  # [13, n, t, task, site, provenance, name, type, sha256, given, value]
LOST = 255  # in an index only: bytes that no record could be read from

STEP_KINDS = frozenset((SEND, HEAD, CHUNK, END, DRAW, DRAWS, CALL))
DRAW_KINDS = frozenset((DRAW, DRAWS, CALL))
BESIDE = frozenset((NOTE, OUTPUT, OUTCOME))
RUN_MOST = 4096  # draws in a DRAWS record

ENDS = ("eof", "closed", "cancelled", "error")
PROVENANCES = ("live", "recorded", "stale", "edited", "fault", "scripted", "human")

REQUEST, RESPONSE = 0, 1  # which body of a step a piece refers to

CAUSES = 16
_TYPES = {"i": int, "s": str, "b": bytes, "l": list, "m": dict, "0": type(None)}


def _types(shape: str) -> tuple[type, ...]:
    return tuple(_TYPES[letter] for letter in shape.rstrip("?"))


_SHAPES = {  # the types of the fields behind the kind; "?" is any; or, for an END, one of two
    HEADER: ("sim",),
    ATOM: ("i?",),
    DRAWS: ("iilbbl",),
    SEND: ("iiiiiiillib",),
    HEAD: ("iiiiil",),
    CHUNK: ("iib",),
    END: ("iii0b", "iiilb"),
    DRAW: ("iiiiiii?",),
    CALL: ("iiiiiiib??",),
    NOTE: ("ism",),
    OUTPUT: ("iis",),
    OUTCOME: ("im",),
    INDEX: ("bbbbbbbbb",),
    FOOTER: ("bbbbbb",),
}
_FITTING = {  # how many fields, how many of them have a type, and those types
    kind: (len(shapes[0]), len(shapes[0].rstrip("?")), {_types(shape) for shape in shapes})
    for kind, shapes in _SHAPES.items()
}


def checked(record: Any) -> list[Any]:
    """`record`, without fields that this version does not know. Raises ValueError.

    A record of an unknown kind comes back as it is.
    """
    if not isinstance(record, list) or not record or type(record[0]) is not int:
        raise ValueError("not a record")
    kind = record[0]
    if kind not in _FITTING:
        if not 0 < kind < LOST:
            raise ValueError(f"a record of kind {kind}")
        return record
    size, typed, fitting = _FITTING[kind]
    if len(record) <= size:
        raise ValueError(f"a record of kind {kind} with {len(record)} fields")
    if tuple(map(type, record[1 : 1 + typed])) not in fitting:
        raise ValueError(f"a record of kind {kind} with a field of the wrong type")
    if kind == ATOM and not _is_atom(record[2]):
        raise ValueError("an atom that is neither text nor a list of texts")
    if kind == DRAWS and not _is_run(*record[1:7]):
        raise ValueError("a run of draws that is none")
    if kind == END and not _is_error(record[4]):
        raise ValueError("an error that is none")
    return record[: 1 + size]


def owner(record: list[Any]) -> int:
    """The step that a record belongs to (an atom's number), 0 for none."""
    return int(record[1]) if record[0] in STEP_KINDS or record[0] == ATOM else 0


def count(record: list[Any]) -> int:
    """How many steps a record of a step stands for."""
    return int(record[2]) if record[0] == DRAWS else 1


def _is_atom(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    )


def _is_run(
    n: int, count: int, sources: list[Any], which: bytes, times: bytes, columns: list[Any]
) -> bool:
    """True where what a run of draws claims is borne out by its size."""
    return (
        n > 0
        and 0 < count <= min(RUN_MOST, len(times))
        and 0 < len(sources) == len(columns) <= 256
        and len(which) in ((0, count) if len(sources) == 1 else (count,))
        and all(type(column) is bytes for column in columns)
        and all(type(said) is list and [*map(type, said)] == [int] * 5 for said in sources)
    )


def _is_error(value: Any) -> bool:
    for _ in range(CAUSES):
        if value is None:
            return True
        if not isinstance(value, list) or len(value) < 4:
            return False
        if not all(isinstance(text, str) for text in value[:3]):
            return False
        value = value[3]
    return value is None
