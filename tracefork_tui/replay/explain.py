"""Why a replay diverged: the nearest recording, the field that differs, the likely cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from ..diff.values import ABSENT, changes
from ..diff.values import FieldChange as Change
from ..tape import records
from ..tape.reader import Tape
from ..tape.spans import common
from ..tape.steps import Note
from .changed import changes_since

DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?|\b1[6-9]\d{8}(?:\.\d+|\d{3})?\b|\d\d:\d\d:\d\d"
)
ID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{16,64}\b"
)
PLACE = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
RESULTS = ("tool_result", "function_call_output", "functionResponse", "function_response")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")

REMEDIES = {
    "clock": "read the clock through time or datetime in your own code, where it is recorded",
    "id": "draw the id in the agent through uuid, random or tracefork_tui.draw",
    "address": "leave out what Python prints of an object that has no repr of its own",
    "set order": "sort what comes out of a set or a folder before it is sent",
    "tool output": "wrap the tool with @tracefork_tui.drawn, so that a replay feeds its result",
    "model or settings": "run the tape with the code that recorded it, or record again",
    "changed prompt": "run the tape with the code that recorded it, or record again",
    "changed code": "run the tape with the code that recorded it, or record again",
    "changed SDK": "install what it was recorded with, or record again",
    "changed input": "give the agent the files of then, or record with --capture-files",
    "unrecorded source": "the code, its SDKs and its input files are as they were, so what differs "
    "comes from a source that is not recorded; tracefork-tui doctor finds it",
}
LOOK_AHEAD = 32
OF_CODE = ("model or settings", "changed prompt", "changed code")


@dataclass(frozen=True)
class Explanation:
    """`step`: the nearest recorded step, 0 for none. `path`: where it differs, with the recorded
    and the replayed value. `cause`: one of REMEDIES, or ""."""

    step: int
    path: str
    recorded: Any
    replayed: Any
    cause: str
    remedy: str
    site: str

    def lines(self) -> list[str]:
        found = []
        if self.step:
            found.append(f"nearest recording: step {self.step}")
        if self.path:
            found.append(f"it differs at {self.path}")
            found.append(f"  recorded  {_short(self.recorded)}")
            found.append(f"  replayed  {_short(self.replayed)}")
        if self.cause:
            found.append(f"likely cause: {self.cause}; {self.remedy}")
        if self.site:
            found.append(f"asked for at {self.site}")
        return found


def explain(parent: Tape, child: Tape, note: Note, leftover: Iterable[int]) -> Explanation:
    """Explain the divergence that `note`, on the tape of the replay, holds."""
    found = _explained(parent, note, leftover)
    if found.cause not in OF_CODE:
        return found
    cause, remedy = _what_changed(parent, child)
    return replace(found, cause=cause, remedy=remedy) if cause else found


def _what_changed(parent: Tape, child: Tape) -> tuple[str, str]:
    """The cause where the agent's code is as it was, with its remedy."""
    changed = changes_since(parent, child)
    other_command = parent.header.get("command") != child.header.get("command")
    if other_command or any(line.startswith("code: ") for line in changed):
        return "", ""
    before, after = _versions(parent), _versions(child)
    others = [name for name in before if after.get(name, before[name]) != before[name]]
    if others:
        what = ", ".join(f"{name} {before[name]} (here {after[name]})" for name in others)
        return "changed SDK", f"install {what}, or record again"
    cause = "changed input" if changed else "unrecorded source"
    return cause, REMEDIES[cause]


def _versions(tape: Tape) -> dict[str, str]:
    """What the agent ran on: Python, and the libraries that it loaded."""
    found = {"Python": str(tape.header.get("python", ""))}
    for note in tape.notes:
        if note.kind == "module" and note.data.get("version"):
            found[str(note.data.get("name"))] = str(note.data["version"])
    return found


def _explained(parent: Tape, note: Note, leftover: Iterable[int]) -> Explanation:
    data = note.data
    site = (data.get("site") or [""])[0]
    if "url" not in data:
        cause = "changed code" if data.get("draw") else ""
        return Explanation(0, "", None, None, cause, REMEDIES.get(cause, ""), site)
    step = nearest(
        parent, str(data.get("method")), str(data.get("url")), data.get("body") or b"", leftover
    )
    if not step:
        return Explanation(0, "", None, None, "changed code", REMEDIES["changed code"], site)
    recorded: Any = parent.step(step)
    change = _change(recorded, str(data["url"]), data.get("body") or b"")
    if change is None:
        return Explanation(step, "", None, None, "changed code", REMEDIES["changed code"], site)
    cause = _cause(change, recorded.request.body)
    return Explanation(step, change.path, change.before, change.after, cause, REMEDIES[cause], site)


def nearest(parent: Tape, method: str, url: str, body: bytes, leftover: Iterable[int]) -> int:
    """The first exchange not asked for yet of this method and path; a later one if it is more
    alike by over half of what tells them apart. 0 for none."""
    path = urlsplit(url).path
    exchanges = (n for n in leftover if parent.head_of(n)[0] == records.SEND)
    alike = [n for n in islice(exchanges, LOOK_AHEAD) if _goes_to(parent, n, method, path)]
    if not alike:
        return 0
    shared = {n: _shared(parent.request_body(n), body) for n in alike}
    first, best = alike[0], max(alike, key=shared.__getitem__)
    telling = len(body) - min(shared.values())
    return best if 2 * (shared[best] - shared[first]) > telling else first


def _goes_to(parent: Tape, n: int, method: str, path: str) -> bool:
    first = parent.head_of(n)
    there = urlsplit(parent.atom(first[7])).path
    return bool(parent.atom(first[6]) == method) and there == path


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes two bodies have in common at their ends."""
    start = common(one, other)
    return start + common(one[start:][::-1], other[start:][::-1])


def _change(recorded: Any, url: str, body: bytes) -> Change | None:
    if recorded.request.url != url:
        return Change("url", recorded.request.url, url)
    before, after = recorded.request.body, body
    try:
        first = next(changes("", json.loads(before), json.loads(after)), None)
    except ValueError:
        return Change("body", _text(before), _text(after)) if before != after else None
    if first is not None:
        return Change(first.path.lstrip(".") or "body", first.before, first.after)
    return Change("body", _text(before), _text(after)) if before != after else None


def _cause(change: Change, body: bytes) -> str:
    before, after = _flat(change.before), _flat(change.after)
    if DATE.search(before) and DATE.sub("", before) == DATE.sub("", after):
        return "clock"
    if ID.search(before) and ID.sub("", before) == ID.sub("", after):
        return "id"
    if ADDRESS.search(before) and ADDRESS.sub("", before) == ADDRESS.sub("", after):
        return "address"
    if before != after and sorted(before) == sorted(after):
        return "set order"
    if _in_tool_result(change.path, body):
        return "tool output"
    if re.match(r"(model|max_tokens|temperature|thinking|stream|top_)", change.path):
        return "model or settings"
    if re.match(r"(system|messages|tools|input)", change.path):
        return "changed prompt"
    return "changed code"


def _in_tool_result(path: str, body: bytes) -> bool:
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
    return value if isinstance(value, str) else _json(value)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(value: Any) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _json(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
