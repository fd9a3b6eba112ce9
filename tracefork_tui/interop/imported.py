"""What an imported tape says of its source, and what of a run it does not know."""

from __future__ import annotations

from ..tape.reader import Tape
from ..wire.loose import obj, seq, string

START_TIMES = "start times"
DURATIONS = "durations"
FIRST_BYTE = "time to first byte"


def lacks(tape: Tape) -> frozenset[str]:
    """What the tape's source did not have; empty for a tape that was recorded.

    Without START_TIMES, the times of steps only keep their order; without DURATIONS, an
    exchange's end says nothing of when it was; without FIRST_BYTE, nor does its head.
    """
    known = seq(obj(tape.header.get("imported")).get("lacks"))
    return frozenset(string(word) for word in known)


def origin(tape: Tape) -> str:
    """One line that names the source and what it lacks; "" for a tape that was recorded."""
    imported = obj(tape.header.get("imported"))
    if not imported:
        return ""
    named = f"imported from {string(imported.get('source'))} ({string(imported.get('format'))})"
    absent = [word for word in map(string, seq(imported.get("lacks"))) if word]
    return f"{named}, which lacks: {', '.join(absent)}" if absent else named
