"""The catalogue of faults as JSON rows and as plain text: what `faults` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from .. import faults
from ..faults import Fault


def as_rows() -> list[dict[str, Any]]:
    return [
        {
            "name": fault.name,
            "on": fault.on,
            "summary": fault.summary,
            "sees": fault.sees,
            "params": [
                {
                    "name": param.name,
                    "type": param.type,
                    "default": param.default,
                    "required": param.required,
                    "help": param.help,
                }
                for param in faults.accepted(fault)
            ],
        }
        for fault in faults.catalogue()
    ]


def as_text(width: int) -> Iterator[str]:
    for on, title in (("exchange", "On exchanges"), ("draw", "On draws")):
        yield f"{title}:"
        for fault in faults.catalogue():
            if fault.on == on:
                yield f"  {signature(fault)}"
                room = max(40, width)
                yield from textwrap.wrap(
                    fault.summary, room, initial_indent=" " * 6, subsequent_indent=" " * 6
                )
                yield from textwrap.wrap(
                    f"the agent sees: {fault.sees}",
                    room,
                    initial_indent=" " * 6,
                    subsequent_indent=" " * 8,
                )
        yield ""
    yield "times=K repeats an exchange's fault on K attempts."


def signature(fault: Fault) -> str:
    """`rate_limited:retry_after=S`, with the optional parameters in brackets."""
    words = []
    for param in fault.params:
        word = f"{param.name}={param.type.upper()}"
        words.append(word if param.required else f"[{word}]")
    return f"{fault.name}{':' + ','.join(words) if words else ''}"
