"""A tape and its steps as plain text: what `show` prints. Control characters are made harmless."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from rich.cells import cell_len

from ..replay.boundary import boundary, summary
from ..replay.children import children
from ..replay.environment import spelled
from ..tape.reader import Tape
from ..tape.steps import Exchange, Headers, Step
from ..tape.stretches import Stretches
from ..wire import decode, told_of
from ..wire.steps import brief
from ..wire.visible import visible
from .imported import START_TIMES, lacks, origin

LABEL = 40
"""The cells that a label has, whatever its call site takes."""


def table(tape: Tape, width: int, whole_sites: bool = True) -> Iterator[str]:
    """One line a step or a run of draws, then the outcome and what was not captured. A call site
    that goes beyond the width is shortened where that is asked for."""
    header = tape.header
    command = spelled(header.get("command"))
    total, shown = tape.index.steps, len(tape.steps)
    many = f"{total}" if shown == total else f"{shown} of {total}"
    yield visible(f"{tape.path}  {many} step{'s' * (total != 1)}  {command}".rstrip())
    parent = header.get("parent")
    if isinstance(parent, dict):
        what = parent.get("intervention") or "no intervention"
        yield visible(f"fork of {parent.get('file')} at step {parent.get('step')}: {what}")
    if origin(tape):
        yield visible(origin(tape))
    timed = START_TIMES not in lacks(tape)
    digits = len(str(total))
    fork = isinstance(parent, dict)
    for step, count in _folded(tape):
        mark = "●" if step.kind == "exchange" else "◇"
        source = f"{step.provenance:<8} " if fork else ""
        site = f"  {step.call_site[0]}" if step.call_site else ""
        room = max(20, width - digits - len(source) - 14)
        if not whole_sites:
            site = _site(site, room - LABEL)
            room -= len(site)
        line = visible(_told(tape, step, count, room).replace("\n", " "))
        at = f"{step.at:>8.3f}s " if timed else ""
        start = f"{step.n:>{digits}} {mark} {at}{source}"
        gap = " " * (room - cell_len(line) - 1) if site and not whole_sites else ""
        yield f"{start}{_cut(line, room)}{gap}{visible(site)}"
    yield from footing(tape)


def _folded(tape: Tape) -> Iterator[tuple[Step, int]]:
    """The steps, of a run of draws the first and how many there are; each by itself where some
    are left out, and in a fork, where they are of several origins.
    """
    steps, stretches, at = tape.steps, Stretches(tape.index), 0
    whole = len(steps) == tape.index.steps and not tape.header.get("parent")
    while at < len(steps):
        step = steps[at]
        stretch = stretches.of(step.n) if whole else None
        count = stretch[1] - step.n if stretch is not None else 1
        yield step, count
        at += count


def _told(tape: Tape, step: Step, count: int, room: int) -> str:
    """A step, or a run of draws from it on: its first value, or the names of what was drawn."""
    if count == 1:
        return told_of(step, room)
    names, n = dict[str, None](), step.n
    while n < step.n + count and (run := tape.index.run_of(n)) is not None:
        names |= dict.fromkeys(str(tape.atom(source[3])) for source in tape.sources(n)[0])
        n += run[1]
    times = f"×{count} "
    told = told_of(step, room - len(times)) if len(names) == 1 else ", ".join(names)
    return times + told


def _site(site: str, room: int) -> str:
    """As much of a place in code as there is room for: with its function, its path, or neither."""
    place = site.partition(" in ")[0]
    tries = (site, place, f"  {os.path.basename(place.strip())}" if place else "")
    return next((one for one in tries if len(one) <= room), "")


def footing(tape: Tape) -> Iterator[str]:
    """The outcome, what was not captured, and damage."""
    outcome = tape.outcome
    if outcome is not None:
        more = f"  {outcome.exception}" if outcome.exception else ""
        yield visible(f"ended: {outcome.how}{more}")
    yield f"fingerprint {tape.fingerprint}"
    sides = boundary(tape)
    yield visible(next(summary(sides)))
    for effect in sides.named:
        where = f"  ({effect.site[0]})" if effect.site else ""
        yield visible(f"{effect.kind}: {effect.what}{where}")
    for effect in sides.refused:
        where = f"  ({effect.site[0]})" if effect.site else ""
        yield visible(f"{effect.kind}: {effect.what}{where}")
    for note in tape.notes:
        if note.kind == "imported":
            yield visible(f"imported: {note.data.get('what') or note.data.get('message') or ''}")
    for child in children(tape):
        own = os.path.basename(child.path) or "no tape of its own"
        site = f"  ({child.site})" if child.site else ""
        yield visible(f"{child.label}: {own}{site}")
    for line in tape.damage:
        yield f"damage: {line}"


def whole(tape: Tape, n: int) -> Iterator[str]:
    """Step `n` with everything that is on the tape."""
    step = tape.step(n)
    at = "" if START_TIMES in lacks(tape) else f" · t+{step.at:.3f}s"
    yield visible(f"step {step.n} · {step.kind} · {step.provenance}{at}")
    for frame in step.call_site:
        yield visible(f"  at {frame}")
    if step.task:
        yield visible(f"  in {step.task}")
    if not isinstance(step, Exchange):
        if step.given is not None:
            yield visible(f"given {step.given!r}")
        yield visible(f"{step.name} ({step.type}) = {step.value!r}")
        return
    request, response = step.request, step.response
    yield ""
    yield visible(f"{request.method} {request.url}")
    yield from _headers(request.headers)
    yield from _body(request.body, request.headers)
    if response is not None:
        yield ""
        yield visible(f"{response.http_version} {response.status} {response.reason}".strip())
        yield from _headers(response.headers)
        yield from _body(response.body, response.headers)
    if step.error is not None:
        yield ""
        yield visible(str(step.error))
    if not step.ended:
        yield "\nno end was recorded: the agent died waiting"


def _headers(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        yield visible(f"{name}: {value}")


def _body(body: bytes, headers: Headers) -> Iterator[str]:
    yield ""
    text = decode(body, headers).decode("utf-8", "replace")
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        pass
    for line in text.splitlines():
        yield visible(line)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


__all__ = ["brief", "footing", "table", "whole"]
