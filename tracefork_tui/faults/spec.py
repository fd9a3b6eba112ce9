"""Faults as text: `NAME`, `NAME:k=v,k=v` or `NAME:{json}`, and back."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from .catalogue import BY_NAME
from .model import TIMES, Fault, FaultError, Param, Spec, shown

_COMMA = re.compile(r",\s*(?=\w+\s*=)")
_TYPES = {"int": (int,), "number": (int, float), "text": (str,)}
_KINDS = {"int": "a whole number", "number": "a number", "text": "a text"}


def parse(text: str) -> Spec:
    """The fault that a text asks for. Raises FaultError, which says what is wrong in one line.

    A comma parts two parameters only where `name=` follows; the JSON form holds anything.
    """
    name, _, rest = text.strip().partition(":")
    fault = find(name.strip())
    if rest.lstrip().startswith("{"):
        return make(fault, _object(fault, rest))
    known = {param.name: param for param in accepted(fault)}
    given: dict[str, Any] = {}
    for pair in _COMMA.split(rest) if rest.strip() else []:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals:
            raise FaultError(f"{fault.name}: {pair!r} is not of the form name=value")
        if key in given:
            raise FaultError(f"{fault.name}: {key} is given twice")
        given[key] = _typed(fault, known[key], value) if key in known else value
    return make(fault, given)


def find(name: str) -> Fault:
    """The fault of that name. Raises FaultError with the nearest name there is."""
    fault = BY_NAME.get(name)
    if fault is None:
        near = difflib.get_close_matches(name, BY_NAME, 1)
        hint = f"did you mean {near[0]}?" if near else "`tracefork-tui faults` lists them all"
        raise FaultError(f"there is no fault {name!r}; {hint}")
    return fault


def accepted(fault: Fault) -> tuple[Param, ...]:
    """The parameters that can be given for a fault."""
    return (*fault.params, TIMES) if fault.on == "exchange" else fault.params


def make(fault: Fault, given: Mapping[str, Any]) -> Spec:
    """The fault with these values, checked, and defaults for the rest. Raises FaultError."""
    known = {param.name: param for param in accepted(fault)}
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes no parameters"
            raise FaultError(f"{fault.name}: there is no parameter {name!r}; {takes}")
    values: dict[str, Any] = {}
    for param in known.values():
        if param.required and param.name not in given:
            raise FaultError(f"{fault.name}: {param.name} is missing ({param.help})")
        value = given.get(param.name, param.default)
        values[param.name] = value if param.name not in given else _checked(fault, param, value)
    times = values.pop(TIMES.name, 1)
    return Spec(fault, values, times)


def describe(spec: Spec) -> str:
    """The text that `parse` reads as this fault, without what is at its default."""
    given = {
        param.name: value
        for param, value in _values(spec)
        if param.required or value != param.default or type(value) is not type(param.default)
    }
    if not given:
        return spec.fault.name
    types = {param.name: param.type for param in accepted(spec.fault)}
    pairs = ",".join(f"{name}={_plain(types[name], value)}" for name, value in given.items())
    plain = f"{spec.fault.name}:{pairs}"
    if _reads_as(plain, spec):
        return plain
    return f"{spec.fault.name}:{json.dumps(given, ensure_ascii=False)}"


def _values(spec: Spec) -> list[tuple[Param, Any]]:
    values = dict(spec.params) | {TIMES.name: spec.times}
    return [(param, values.get(param.name, param.default)) for param in accepted(spec.fault)]


def _plain(kind: str, value: Any) -> str:
    if isinstance(value, str) and (kind == "text" or not _is_json(value)):
        return value
    return json.dumps(value, ensure_ascii=False)


def _reads_as(text: str, spec: Spec) -> bool:
    try:
        read = parse(text)
    except FaultError:
        return False
    return json.dumps([read.params, read.times]) == json.dumps([spec.params, spec.times])


def _object(fault: Fault, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FaultError(f"{fault.name}: its parameters are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise FaultError(f"{fault.name}: its parameters are not a JSON object")
    return value


def _typed(fault: Fault, param: Param, text: str) -> Any:
    if param.type == "text":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if param.type == "json":
            return text
    raise FaultError(_unlike(fault, param, text))


def _unlike(fault: Fault, param: Param, text: str) -> str:
    return f"{fault.name}: {param.name} must be {_KINDS[param.type]}, not {shown(text)}"


def _finite(fault: Fault, param: Param, value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise FaultError(f"{fault.name}: {param.name} is not JSON: {error}") from None
    return value


def _checked(fault: Fault, param: Param, value: Any) -> Any:
    if param.type == "json":
        return _finite(fault, param, value)
    right = isinstance(value, _TYPES[param.type]) and not isinstance(value, bool)
    if not right or (isinstance(value, float) and not math.isfinite(value)):
        raise FaultError(_unlike(fault, param, json.dumps(value)))
    if param.least is not None and value < param.least:
        raise FaultError(f"{fault.name}: {param.name} must be {param.least:g} or more, not {value}")
    return value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
