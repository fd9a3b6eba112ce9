"""The likely cause of a divergence, and what helps against it."""

from __future__ import annotations

import json
import re
from typing import Any

from ..diff.values import ABSENT, FieldChange
from ..tape.reader import Tape
from ..tape.steps import Draw
from .changed import OF_ENVIRONMENT, changes_since

CLOCK = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?|\b1[6-9]\d{8}(?:\.\d+|\d{3})?\b|\d\d:\d\d:\d\d"
)
ID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{16,64}\b"
)
PLACE = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
RESULTS = ("tool_result", "function_call_output", "functionResponse", "function_response")
ADDRESS = re.compile(r"\b(?:0x[0-9a-f]{6,16}|(?:9[3-6]|1[34]\d)\d{12})\b")
"""As `repr` spells it, and as `id` gives it on 64 bits of Linux."""

SET_ORDER, RACE, UNRECORDED = "set order", "threads that race", "unrecorded source"
ORDER = "order of draws"
REMEDIES = {
    "clock": "read the clock through time or datetime in your own code, where it is recorded, and "
    "record again",
    "id": "draw the id in the agent through uuid, random or tracefork_tui.draw, and record again",
    "address": "leave out what id() gives, and what Python prints of an object that has no repr of "
    "its own, and record again",
    SET_ORDER: "sort what comes out of a set or a folder before it is sent, and record again",
    RACE: "join them in a fixed order or sort what they gave, and record again; so too a set of "
    "objects, whose order is that of their addresses",
    ORDER: "what differs is on the tape, where another task or thread drew it; replay once more, "
    "or draw it before they begin and record again",
    "tool output": "wrap the tool with @tracefork_tui.drawn, so that a replay feeds its result, "
    "and record again",
    "tool output, or changed code": "run the tape with the code that recorded it, or wrap the tool "
    "with @tracefork_tui.drawn and record again",
    "model or settings": "run the tape with the code that recorded it, or record again",
    "changed prompt": "run the tape with the code that recorded it, or record again",
    "changed code": "run the tape with the code that recorded it, or record again",
    "changed SDK": "install what it was recorded with, or record again",
    "changed input": "give the agent the files of then, or record with --capture-files",
    "environment": "set the variables as they were, or record with --env NAME",
    "program": "it was read from standard input, which a replay does not have; save it in a file, "
    "and record that",
    "order of tasks": "which of trio's tasks goes on first is chance that no tape holds; that of "
    "asyncio's is held",
    "transport": "what a transport of the agent's own keeps is not on the tape, as its code does "
    "not run on a replay; keep it outside of it, as by event_hooks, and record again",
    UNRECORDED: "the code, its SDKs and its input files are as they were, so what differs "
    "comes from a source that is not recorded; tracefork-tui doctor finds it",
}
OF_CODE = ("model or settings", "changed prompt", "changed code")
UNHELD = {"program": "program", "transport": "transport", "trio": "order of tasks"}
"""Notes of what the tape does not hold, and the causes that these are."""
DRAWN = {"clock": CLOCK, "id": ID, "address": ADDRESS}
"""What is drawn anew in every run, and how it looks in a text."""


def with_remedy(cause: str) -> tuple[str, str]:
    return cause, REMEDIES[cause]


def drawn_by_another(parent: Tape, change: FieldChange) -> bool:
    """True if an id that was sent in the place of another is one that the tape holds, too."""
    before, after = ID.findall(_flat(change.before)), ID.findall(_flat(change.after))
    new = set(after).difference(before)
    draws = (step for step in parent.steps if isinstance(step, Draw)) if new else ()
    return any(str(step.value) in new for step in draws)


def not_of_a_seed(parent: Tape, child: Tape) -> tuple[str, str]:
    """The cause of another order where sets of texts have the same, with its remedy; else ""."""
    seeds = {str(tape.header.get("hash_seed")) for tape in (parent, child)}
    unchanged = what_changed(parent, child)[0] in (UNRECORDED, *UNHELD.values())
    return with_remedy(RACE) if unchanged and len(seeds) == 1 else ("", "")


def what_changed(parent: Tape, child: Tape) -> tuple[str, str]:
    """The cause where the agent's code is as it was, with its remedy; "" where it is not."""
    changed = changes_since(parent, child, touched=True)
    other_command = parent.header.get("command") != child.header.get("command")
    if other_command or any(line.startswith("code: ") for line in changed):
        return "", ""
    before, after = _versions(parent), _versions(child)
    others = [name for name in before if after.get(name, before[name]) != before[name]]
    if others:
        what = ", ".join(f"{name} {before[name]} (here {after[name]})" for name in others)
        return "changed SDK", f"install {what}, or record again"
    if not changed:
        noted = {note.kind for note in parent.notes}
        return with_remedy(next((UNHELD[kind] for kind in UNHELD if kind in noted), UNRECORDED))
    variables = all(line.startswith(OF_ENVIRONMENT) for line in changed)
    return with_remedy("environment" if variables else "changed input")


def _versions(tape: Tape) -> dict[str, str]:
    """What the agent ran on: Python, and the libraries that it loaded."""
    found = {"Python": str(tape.header.get("python", ""))}
    for note in tape.notes:
        if note.kind == "module" and note.data.get("version"):
            found[str(note.data.get("name"))] = str(note.data["version"])
    return found


def cause_of(change: FieldChange, body: bytes) -> str:
    before, after = _flat(change.before), _flat(change.after)
    if before != after and _bare(before) == _bare(after):
        differs = (name for name, drawn in DRAWN.items() if _found(drawn, before, after))
        return next(differs, "changed code")
    if before != after and sorted(before) == sorted(after):
        return SET_ORDER
    if in_tool_result(change.path, body):
        return "tool output"
    if re.match(r"(model|max_tokens|temperature|thinking|stream|top_)", change.path):
        return "model or settings"
    if re.match(r"(system|messages|tools|input)", change.path):
        return "changed prompt"
    return "changed code"


def reordered(path: str, before: bytes, after: bytes) -> bool:
    """True if a list on the way to the path holds the same in another order."""
    try:
        one, other = json.loads(before), json.loads(after)
        for name, index in PLACE.findall(path):
            both = isinstance(one, list) and isinstance(other, list) and one != other
            if both and sorted(map(spelled, one)) == sorted(map(spelled, other)):
                return True
            one, other = (place[int(index)] if index else place[name] for place in (one, other))
    except (ValueError, LookupError, TypeError):
        return False
    return False


def _bare(text: str) -> str:
    """A text without all that is drawn anew in every run."""
    for drawn in DRAWN.values():
        text = drawn.sub("", text)
    return text


def _found(drawn: re.Pattern[str], before: str, after: str) -> bool:
    return drawn.findall(before) != drawn.findall(after)


def in_tool_result(path: str, body: bytes) -> bool:
    """True if a tool's result is on the way from the body's top to the path (any provider's)."""
    try:
        place = json.loads(body)
        for name, index in PLACE.findall(path):
            place = place[int(index)] if index else place[name]
            kind = (place.get("type"), place.get("role")) if isinstance(place, dict) else ()
            if name in RESULTS or "tool" in kind or any(one in RESULTS for one in kind):
                return True
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    return False


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else spelled(value)


def spelled(value: Any) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
