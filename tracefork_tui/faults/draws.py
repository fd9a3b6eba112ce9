"""Faults of draws: a tool that fails or says something else, a clock that is off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tracefork_tui.tape.steps import Draw

from . import results
from .model import Fault, FaultError, Param, Params, Sight, Sights, shown


def a_clock(draw: Draw) -> str | None:
    known = draw.name.startswith(("time.", "datetime.")) and draw.type in _SKEWED
    return None if known else f"{shown(draw.name)} does not read a clock"


def something_returned(draw: Draw) -> str | None:
    if draw.type == "raised" or draw.value != results.empty(draw):
        return None
    return "the tool returned nothing already"


def _tool_error(draw: Draw, params: Params) -> Any:
    return results.failed(draw)


def _tool_empty(draw: Draw, params: Params) -> Any:
    return results.empty(draw)


def _tool_text(draw: Draw, params: Params) -> Any:
    return results.said(draw, str(params["text"]))


_SKEWED: dict[str, Callable[[Any, float], Any]] = {
    "float": lambda value, seconds: value + seconds,
    "int": lambda value, seconds: value + int(seconds * 1e9),
    "datetime": lambda value, seconds: (
        datetime.fromisoformat(value) + timedelta(seconds=seconds)
    ).isoformat(),
    "date": lambda value, seconds: (
        date.fromisoformat(value) + timedelta(seconds=seconds)
    ).isoformat(),
}


def _clock_skew(draw: Draw, params: Params) -> Any:
    try:
        return _SKEWED[draw.type](draw.value, params["seconds"])
    except (TypeError, ValueError, OverflowError) as error:
        raise FaultError(f"the clock cannot be moved: {error}") from None


FAULTS = (
    Fault(
        "tool_error",
        "draw",
        "the tool fails",
        Sights(Sight("RuntimeError from the tool; of a command exit code 1, of MCP an error")),
        _tool_error,
        needs=(results.no_tool,),
    ),
    Fault(
        "tool_empty",
        "draw",
        "the tool returns nothing",
        Sights(Sight("an empty result of the recorded type: '', [], {} or None")),
        _tool_empty,
        needs=(results.no_tool, something_returned),
    ),
    Fault(
        "tool_text",
        "draw",
        "the tool returns another text",
        Sights(Sight("the text in place of the recorded result")),
        _tool_text,
        params=(Param("text", "text", required=True, help="what it returns"),),
        needs=(results.no_tool, results.no_text),
    ),
    Fault(
        "clock_skew",
        "draw",
        "the clock is off",
        Sights(Sight("a time that is off by that many seconds, at this one reading")),
        _clock_skew,
        params=(Param("seconds", "number", required=True, help="how far, negative for the past"),),
        needs=(a_clock,),
    ),
)
