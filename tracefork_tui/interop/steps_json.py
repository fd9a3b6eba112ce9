"""A tape and its steps as JSON documents: what `show --json` prints."""

from __future__ import annotations

import base64
from collections.abc import Set as AbstractSet
from typing import Any

from ..replay.boundary import boundary
from ..tape.reader import Tape
from ..tape.steps import Exchange, Headers, Step
from ..wire import conversation_of, label_of, reply_of
from .imported import DURATIONS, START_TIMES, lacks


def document(tape: Tape) -> dict[str, Any]:
    """The whole tape: fingerprint, header, outcome, notes, damage, one row a step."""
    outcome, absent = tape.outcome, lacks(tape)
    return {
        "fingerprint": tape.fingerprint,
        "order": tape.order,
        "header": plain(tape.header),
        "outcome": None if outcome is None else plain(vars(outcome)),
        "damage": tape.damage,
        "notes": [
            {"at_s": _at(note.at, absent), "kind": note.kind, **plain(note.data)}
            for note in tape.notes
        ],
        "boundary": plain(boundary(tape).as_json()),
        "steps": [row(step, absent) for step in tape.steps],
    }


def row(step: Step, absent: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """One step without its bodies; times that the tape's source lacks are null."""
    common = {
        "n": step.n,
        "kind": step.kind,
        "label": label_of(step),
        "provenance": step.provenance,
        "at_s": _at(step.at, absent),
        "task": step.task,
        "call_site": list(step.call_site),
    }
    if not isinstance(step, Exchange):
        value = plain(step.value)
        given = {} if step.given is None else {"given": plain(step.given)}
        return {**common, "name": step.name, **given, "value": value, "value_type": step.type}
    said = reply_of(step)
    asked = None if said is not None and said.model else conversation_of(step)
    usage = said.usage if said else None
    calls = [p for p in said.parts if p.kind in ("tool_use", "server_tool_use")] if said else []
    return {
        **common,
        "method": step.request.method,
        "url": step.request.url,
        "status": step.response.status if step.response else None,
        "error": str(step.error) if step.error else None,
        "ended": step.ended or None,
        "model": (said.model if said else "") or (asked.model if asked else None),
        "stop_reason": said.stop_reason if said else None,
        "tools": [part.name for part in calls],
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "duration_s": None if DURATIONS in absent else step.duration,
    }


def _at(seconds: float, absent: AbstractSet[str]) -> float | None:
    return None if START_TIMES in absent else seconds


def whole(tape: Tape, n: int) -> dict[str, Any]:
    """Step `n` with everything that is on the tape; bodies as text, else as base64."""
    step, absent = tape.step(n), lacks(tape)
    timed = not absent & {START_TIMES, DURATIONS}
    found = {**row(step, absent), "fingerprint": step.fingerprint}
    if not isinstance(step, Exchange):
        return found
    found["request"] = {
        "method": step.request.method,
        "url": step.request.url,
        "headers": _pairs(step.request.headers),
        "body": plain(step.request.body),
    }
    response = step.response
    found["response"] = response and {
        "status": response.status,
        "reason": response.reason,
        "http_version": response.http_version,
        "headers": _pairs(response.headers),
        "body": plain(response.body),
        "chunks": [
            {"at_s": chunk.at if timed else None, "size": len(chunk.data)}
            for chunk in response.chunks
        ],
    }
    return found


def plain(value: Any) -> Any:
    """A tape's value as JSON: bytes become text where they are UTF-8, else {"base64": ...}."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return repr(value)
    if isinstance(value, str | int | float | bool | None):
        return value
    return repr(value)


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]
