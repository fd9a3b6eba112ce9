"""What changed on this machine since a tape was recorded: the agent's code, the files and the
variables of the environment that it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..tape.reader import Tape
from .boundary import made

MOST_LINES = 12
NAMES = {"code": "code", "input": "input file"}
SERVED, GONE, LOOKED_UP = "served", "gone", "looked up"
LEFT, FOUND, VARIABLE = "kept", "found", "variable"
IN_COPY = "--in-copy runs without it"
OF_ENVIRONMENT = "environment variable: "
UNSET = "unset"


def changes_since(parent: Tape, child: Tape, touched: bool = False) -> list[str]:
    """One line for each file or variable that both runs used and that differs, code with its
    changed lines.

    `touched`: also those that only have another time, which as a rule is no matter.
    """
    found: list[str] = []
    for kind, name in NAMES.items():
        before, after = _files(parent, kind), _files(child, kind)
        old, new = _files(parent, f"{kind} text"), _files(child, f"{kind} text")
        for what in before.keys() & after.keys():
            if before[what]["sha256"] != after[what]["sha256"]:
                found.append(f"{name}: {what}")
                found.extend(_lines(old.get(what, {}).get("text"), new.get(what, {}).get("text")))
    then, now = _there(parent), _there(child)
    moved = (what for what in then.keys() & now.keys() if then[what] != now[what])
    how = {True: "was not there", False: "is gone"}
    found.extend(f"input file: {what}, which {how[now[what]]}" for what in moved)
    if touched:
        before, after = _files(parent, LOOKED_UP), _files(child, LOOKED_UP)
        for what in before.keys() & after.keys():
            was, now_is = before[what].get("mtime_ns"), after[what].get("mtime_ns")
            if was and now_is and was != now_is:
                found.append(f"input file: {what}, which has another time")
        left = sorted(made(parent) & _files(child, FOUND).keys())
        found.extend(
            f"file: {what}, which the recorded run made, was there: {IN_COPY}" for what in left
        )
    for what, data in _files(child, SERVED).items():
        found.append(f"input file: {what} ({data.get('how')}); the replay was given the tape's")
    for what, data in _files(child, LEFT).items():
        found.append(
            f"temporary file: {what}, which the recorded run left, is now {what}{data['as']}"
        )
    return [*found, *_variables(parent, child)]


def _files(tape: Tape, kind: str) -> dict[str, dict[str, Any]]:
    """The first state in which a run saw each file."""
    found: dict[str, dict[str, Any]] = {}
    for note in tape.notes:
        if note.kind == kind:
            found.setdefault(str(note.data.get("what")), note.data)
    return found


def _there(tape: Tape) -> dict[str, bool]:
    """Which files were there, and which were not, when a run first asked for them."""
    found: dict[str, bool] = {}
    for note in tape.notes:
        if note.kind in ("input", GONE, LOOKED_UP):
            there = note.kind == "input" or bool(note.data.get("there"))
            found.setdefault(str(note.data.get("what")), there)
    return found


def _variables(parent: Tape, child: Tape) -> Iterator[str]:
    before, after = _files(parent, VARIABLE), _files(child, VARIABLE)
    for name in before.keys() & after.keys():
        was, now = before[name].get("mark"), after[name].get("mark")
        if was != now and (UNSET in (was, now) or (was and now)):
            how = {was: "was not set", now: "is not set"}.get(UNSET, "has another value")
            yield f"{OF_ENVIRONMENT}{name}, which {how}"


def _lines(before: Any, after: Any) -> Iterator[str]:
    if not isinstance(before, str) or not isinstance(after, str):
        return
    import difflib

    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = (line for line in compared if not line.startswith(("---", "+++")))
    yield from (f"  {line}" for line in islice(changed, MOST_LINES))
