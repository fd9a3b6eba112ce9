"""From what the user gives (a message, bytes, a fault's name, a value) to an intervention."""

from __future__ import annotations

import json
from typing import Any

from .. import faults, wire
from ..faults.recorded import Recorded
from ..tape.answer import Answer
from ..tape.errors import TapeError
from ..tape.steps import Draw, Exchange, Step
from .plan import Intervention


class Refused(TapeError):
    """The intervention does not fit the step. The message is one line that says why."""


def reply(step: Step, text: str) -> Intervention:
    """The recorded exchange answered with a message, given as JSON. Raises Refused."""
    exchange = _exchange(step, "a reply")
    try:
        message = json.loads(text)
    except ValueError as error:
        raise Refused(f"the reply is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise Refused("the reply is no message: it must be a JSON object with `content`")
    response = exchange.response
    url = exchange.request.url
    headers = response.headers if response else []
    chunks = [chunk.data for chunk in response.chunks] if response else []
    try:
        wire.check_message(message, url)
        new_headers, new_chunks = wire.encode_reply(
            message, url, headers, chunks, stream=Recorded(exchange).streamed
        )
    except wire.NotAMessage as error:
        raise Refused(f"the reply is no message: {error}") from None
    answer = Answer(200, list(new_headers), list(new_chunks), reason="OK")
    return Intervention("reply", f"edited reply at step {step.n}", [answer])


def raw(step: Step, body: bytes) -> Intervention:
    """The recorded exchange answered with these bytes, under its recorded headers."""
    exchange = _exchange(step, "a reply")
    response = exchange.response
    drop = ("content-length", "content-encoding", "transfer-encoding")
    headers = [p for p in response.headers if p[0].lower() not in drop] if response else []
    answer = Answer(response.status if response else 200, headers, [body], reason="OK")
    return Intervention("raw", f"{len(body)} raw bytes at step {step.n}", [answer])


def fault(step: Step, text: str) -> Intervention:
    """A fault from the catalogue, as `NAME[:k=v,...]`. Raises Refused."""
    try:
        spec = faults.parse(text)
    except faults.FaultError as error:
        raise Refused(str(error)) from None
    why = faults.refusal(spec, step)
    if why:
        raise Refused(f"{spec.fault.name} does not apply to step {step.n}: {why}")
    said = f"{faults.describe(spec)} at step {step.n}"
    try:
        if isinstance(step, Draw):
            return Intervention("fault", said, draw=_drawn(step, faults.compile_draw(spec, step)))
        return Intervention("fault", said, list(faults.compile_fault(spec, step)))
    except faults.FaultError as error:
        raise Refused(str(error)) from None


def draw(step: Step, text: str) -> Intervention:
    """An edited draw; the text is read as the recorded draw's type. Raises Refused."""
    if not isinstance(step, Draw):
        raise Refused(f"step {step.n} is an exchange; edit it with a reply or a fault")
    value = parse_value(step, text)
    return Intervention(
        "draw", f"{step.name} = {value!r} at step {step.n}", draw=(step.type, value)
    )


def parse_value(step: Draw, text: str) -> Any:
    """`text` as a value of the type that the draw has on the tape. Raises Refused."""
    old = step.value
    try:
        if isinstance(old, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(old, int):
            return int(text)
        if isinstance(old, float):
            return float(text)
        if isinstance(old, bytes):
            return bytes.fromhex(text)
        if isinstance(old, str):
            _check_text(step, text)
            return text
        return json.loads(text)
    except (ValueError, KeyError) as error:
        why = str(error) if isinstance(error, ValueError) else "true or false is expected"
        raise Refused(f"{text!r} is no value for {step.name} ({step.type}): {why}") from None


def _check_text(step: Draw, text: str) -> None:
    import datetime
    import uuid

    if step.type == "uuid":
        uuid.UUID(text)
    elif step.type == "datetime":
        datetime.datetime.fromisoformat(text)
    elif step.type == "date":
        datetime.date.fromisoformat(text)


def _drawn(step: Draw, value: Any) -> tuple[str, Any]:
    packed = getattr(value, "packed", None)
    if packed is not None:
        return "raised", packed()
    return ("value" if step.type in ("raised", "ran", "opaque") else step.type), value


def _exchange(step: Step, what: str) -> Exchange:
    if not isinstance(step, Exchange):
        raise Refused(f"step {step.n} is a draw; {what} goes to an exchange")
    return step
