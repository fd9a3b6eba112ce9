"""Why a replay diverged: the nearest recording, the field that differs, the likely cause."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from ..diff.totals import outcome_text
from ..diff.values import FieldChange as Change
from ..diff.values import changes
from ..tape import records
from ..tape.reader import Tape
from ..tape.spans import common
from ..tape.steps import Draw, Note
from .causes import (
    OF_CODE,
    ORDER,
    SET_ORDER,
    cause_of,
    drawn_by_another,
    not_of_a_seed,
    reordered,
    spelled,
    what_changed,
    with_remedy,
)

LOOK_AHEAD = 32
LONG = 120
CONTEXT = 50
"""Characters of a value that are shown at most, and before what differs."""


@dataclass(frozen=True)
class Explanation:
    """`step`: the nearest recorded step, 0 for none. `path`: where it differs, with the recorded
    and the replayed value. `cause`: one of REMEDIES, or "". `about`: what tells more, where there
    is no place that differs. `swallowed`: the agent caught the divergence and went on."""

    step: int
    path: str
    recorded: Any
    replayed: Any
    cause: str
    remedy: str
    site: str
    about: str = ""
    swallowed: bool = False

    def lines(self) -> list[str]:
        found = [self.about] if self.about else []
        if self.step and not self.about:
            found.append(f"nearest recording: step {self.step}")
        if self.path:
            recorded, replayed = _both(self.recorded, self.replayed)
            found.append(f"it differs at {self.path}")
            found.append(f"  recorded  {recorded}")
            found.append(f"  replayed  {replayed}")
        if self.swallowed:
            found.append("the agent caught it and went on; nothing after it is proven")
        if self.cause:
            found.append(f"likely cause: {self.cause}; {self.remedy}")
        if self.site:
            found.append(f"asked for at {self.site}")
        return found


def explain(parent: Tape, child: Tape, note: Note | None, leftover: Iterable[int]) -> Explanation:
    """Explain the divergence that `note`, on the tape of the replay, holds; without one, why the
    first of the steps that are left over was not asked for."""
    found = (
        _explained(parent, note, leftover)
        if note
        else _missing(parent, child, next(iter(leftover)))
    )
    if note and child.outcome is not None and child.outcome.exit_code == 0:
        found = replace(found, swallowed=True)
    if found.cause == "tool output" and not what_changed(parent, child)[0]:
        cause, remedy = with_remedy("tool output, or changed code")
        return replace(found, cause=cause, remedy=remedy)
    if found.cause not in (*OF_CODE, SET_ORDER):
        return found
    ask = not_of_a_seed if found.cause == SET_ORDER else what_changed
    cause, remedy = ask(parent, child)
    return replace(found, cause=cause, remedy=remedy) if cause else found


def _missing(parent: Tape, child: Tape, n: int) -> Explanation:
    """Step `n` was recorded, and a replay ended without it."""
    step = parent.step(n)
    if isinstance(step, Draw):
        about = f"step {n} was not drawn again: {step.name}"
    else:
        about = f"step {n} was not sent again: {step.request.method} {step.request.url}"
    where = step.call_site[0] if step.call_site else ""
    about += f", recorded at {where}" if where else ""
    end = child.outcome
    if end is None or (end.exit_code, end.signal, end.exception) != _end(parent):
        return Explanation(
            n,
            "",
            None,
            None,
            "",
            "",
            "",
            f"{about}; the replay ended before it: {outcome_text(end)}",
        )
    return Explanation(n, "", None, None, *with_remedy("changed code"), "", about)


def _end(tape: Tape) -> tuple[int | None, int | None, str]:
    end = tape.outcome
    return (end.exit_code, end.signal, end.exception) if end else (None, None, "")


def _explained(parent: Tape, note: Note, leftover: Iterable[int]) -> Explanation:
    data = note.data
    site = (data.get("site") or [""])[0]
    if "url" not in data and not data.get("draw"):
        return Explanation(0, "", None, None, "", "", site)
    if "url" not in data:
        step, about = _next_draw(parent, leftover)
        return Explanation(step, "", None, None, *with_remedy("changed code"), site, about)
    method, url, body = str(data.get("method")), str(data["url"]), data.get("body") or b""
    step = nearest(parent, method, url, body, leftover)
    if not step:
        about = _one_more(parent, method, url)
        return Explanation(0, "", None, None, *with_remedy("changed code"), site, about)
    recorded: Any = parent.step(step)
    change = _change(recorded, url, body)
    if change is None:
        return Explanation(step, "", None, None, *with_remedy("changed code"), site)
    same = reordered(change.path, recorded.request.body, body)
    cause = SET_ORDER if same else cause_of(change, recorded.request.body)
    if cause == "id" and drawn_by_another(parent, change):
        cause = ORDER
    return Explanation(step, change.path, change.before, change.after, *with_remedy(cause), site)


def _next_draw(parent: Tape, leftover: Iterable[int]) -> tuple[int, str]:
    """The first draw that is not drawn yet, and in words."""
    for n in leftover:
        if parent.index.kind_of(n) in records.DRAW_KINDS:
            return n, f"the tape's next draw is step {n}, {parent.atom(parent.head_of(n)[6])}"
    return 0, "all draws of the tape had been drawn"


def _one_more(parent: Tape, method: str, url: str) -> str:
    """How many requests like one that nothing recorded is left for are on the tape."""
    path = urlsplit(url).path
    sent = (n for n in range(1, len(parent.index.first) + 1))
    exchanges = (n for n in sent if parent.index.kind_of(n) == records.SEND)
    alike = sum(_goes_to(parent, n, method, path) for n in exchanges)
    if not alike:
        return f"nothing recorded goes to {method} {path}"
    return f"one more than recorded: all {alike} of {method} {path} had been sent already"


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


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _both(before: Any, after: Any) -> tuple[str, str]:
    """Two values, of long ones what is around their first difference."""
    one, other = spelled(before), spelled(after)
    pairs = enumerate(zip(one, other, strict=False))
    differ = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, differ - CONTEXT) if max(len(one), len(other)) > LONG else 0
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    end = f"{text[start : start + LONG]}…" if len(text) > start + LONG else text[start:]
    return f"…{end}" if start else end
