"""A sample of an Inspect log as a run: model calls are exchanges, tools' results are draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ...tape.answer import Error
from ...tape.codec import packable
from ...wire.body import dump
from ...wire.loose import obj, seq, string
from . import inspect_chat
from .guess import api_path, content_type
from .har import moment
from .model import Run, Traffic, Value, json_bytes, number, text

LACKS = (
    "command", "call sites", "exit code", "chunk boundaries", "draws but tool results",
    "URL (an address of scheme inspect: stands for it)", "headers", "exact request bytes",
)  # fmt: skip
REBUILT = "the model API's own requests and responses (rebuilt from the log's messages)"

_KEPT = ("model", "tool")
_PROTOCOLS = ("attachment://", "tc://")


def run_of(log: dict[str, Any], sample: dict[str, Any]) -> Run:
    """The run of one sample; `log` is the archive's header, or a whole JSON log."""
    found = list(_flat(seq(sample.get("events"))))
    reader = _Reader(sample, found)
    run = Run([reader.event(event) for event in found if event.get("event") in _KEPT], LACKS)
    run.notes = reader.notes
    if reader.rebuilt:
        run.lacks = (*LACKS, REBUILT)
    if any(isinstance(event, Traffic) and event.status == 200 for event in run.events):
        run.lacks = (*run.lacks, "status (200 stands for a reply)")
    starts = [event.at for event in run.events if event.at is not None]
    run.started = min(starts) if starts else None
    task = text(obj(log.get("eval")).get("task"))
    sample_id, epoch = text(sample.get("id")), text(sample.get("epoch"))
    run.name = f"{task} {sample_id}" + (f" epoch {epoch}" if epoch not in ("", "1") else "")
    left = Counter(text(event.get("event")) for event in found if event.get("event") not in _KEPT)
    run.about = {
        "task": task,
        "sample": sample_id,
        "epoch": number(sample.get("epoch")),
        "scores": dump(sample.get("scores")),
        "error": text(obj(sample.get("error")).get("message")),
        "limit": text(obj(sample.get("limit")).get("type")),
        "left out": {name: left[name] for name in sorted(left)},
    }
    return run


def _flat(events: list[Any]) -> Iterator[dict[str, Any]]:
    """Events with those that older logs keep inside of tools and subtasks."""
    waiting = list(reversed(events))
    while waiting:
        event = obj(waiting.pop())
        yield event
        waiting += reversed(seq(event.get("events")))


class _Reader:
    """Reads events of one sample, with its attachments, pools and spans."""

    def __init__(self, sample: dict[str, Any], events: list[dict[str, Any]]) -> None:
        pools = obj(sample.get("events_data"))
        self.notes: list[str] = []
        self.rebuilt = False
        self._attachments = obj(sample.get("attachments"))
        self._messages = seq(pools.get("messages"))
        self._calls = seq(pools.get("calls"))
        self._spans = {str(e.get("id")): e for e in events if e.get("event") == "span_begin"}

    def event(self, event: dict[str, Any]) -> Traffic | Value:
        read = self._model if event.get("event") == "model" else self._tool
        return read(obj(self._whole(event)))

    def _model(self, event: dict[str, Any]) -> Traffic:
        asked, came = self._bodies(event)
        at, ended = _times(event)
        error = text(event.get("error")) or ("" if came else "no reply is in the log")
        body = json_bytes(came) if came else b""
        answered = bool(came) and not (event.get("error") and self.rebuilt)
        provider = string(event.get("model")).partition("/")[0] or "model"
        if event.get("retries"):
            self._note(f"{text(event['retries'])} retries before it are not in the log", event)
        if event.get("cache") == "read":
            self._note("Inspect answered from its cache, the model was not called", event)
        failed = bool(event.get("error")) or bool(obj(event.get("call")).get("error"))
        return Traffic(
            method="POST",
            url=f"inspect://{quote(provider, safe='')}{api_path(asked, came)}",
            body=json_bytes(asked),
            status=(_failed_status(event) if failed else 200) if answered else None,
            response_headers=content_type(body),
            chunks=[body] if answered else [],
            error=error if failed or not answered else "",
            pending=event.get("pending") is True,
            at=at,
            ended_at=ended,
            task=self._agent(event),
        )

    def _bodies(self, event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Request and response as the provider's API had them, else rebuilt."""
        call = obj(event.get("call"))
        asked, came = obj(call.get("request")), obj(call.get("response"))
        if call.get("call_refs") is not None:
            pooled = _pooled(call["call_refs"], self._calls)
            asked = {**asked, string(call.get("call_key")) or "messages": self._whole(pooled)}
        if api_path(asked, came) and (came or event.get("error")):
            return asked, came
        self.rebuilt = True
        if event.get("input_refs") is not None:
            pooled = _pooled(event["input_refs"], self._messages)
            event = {**event, "input": self._whole(pooled)}
        return inspect_chat.request(event), inspect_chat.response(event)

    def _tool(self, event: dict[str, Any]) -> Value:
        at, _ = _times(event)
        name, task = text(event.get("function")) or "tool", self._agent(event)
        error = obj(event.get("error"))
        if error and not event.get("result"):
            raised = Error("", text(error.get("type")) or "Error", string(error.get("message")))
            return Value(name, "raised", raised.packed(), at, task)
        result = event.get("result")
        return Value(name, "value", result if packable(result) else dump(result), at, task)

    def _agent(self, event: dict[str, Any]) -> str:
        """The agent in whose span an event lies."""
        span, seen = self._spans.get(str(event.get("span_id"))), 0
        while span is not None and span.get("type") != "agent" and seen < len(self._spans):
            span, seen = self._spans.get(str(span.get("parent_id"))), seen + 1
        return text(span.get("name")) if span is not None and span.get("type") == "agent" else ""

    def _whole(self, value: Any) -> Any:
        """With attachments put where they belong."""
        if isinstance(value, str) and value.startswith(_PROTOCOLS):
            return self._attachments.get(value.partition("://")[2], value)
        if isinstance(value, list):
            return [self._whole(item) for item in value]
        if isinstance(value, dict):
            return {key: self._whole(item) for key, item in value.items()}
        return value

    def _note(self, what: str, event: dict[str, Any]) -> None:
        self.notes.append(f"model call of {text(event.get('timestamp'))}: {what}")


def _failed_status(event: dict[str, Any]) -> int | None:
    known = [number(obj(one).get("status")) for one in seq(event.get("request_ids"))]
    return next((status for status in reversed(known) if status), None)


def _pooled(refs: Any, pool: list[Any]) -> list[Any]:
    """What ranges [start, end) name of a pool."""
    return [item for start, end in seq(refs) for item in pool[start:end]]


def _times(event: dict[str, Any]) -> tuple[float | None, float | None]:
    """Start and end in seconds since 1970."""
    at, ended = moment(event.get("timestamp")), moment(event.get("completed"))
    if at is None or ended is not None:
        return at, ended
    took = obj(event.get("output")).get("time") or obj(event.get("call")).get("time")
    return at, at + took if isinstance(took, int | float) and took >= 0 else None
