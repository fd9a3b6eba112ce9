"""What a request added to those before it, as the tape's pieces tell: without joining its body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..tape import records
from ..tape.steps import Exchange

if TYPE_CHECKING:
    from ..tape.reader import Tape

_BORDER = re.compile(rb'\s*(?:,\s*\{\s*"|\]\s*[,}])')


class Added(NamedTuple):
    """The bytes of a body that no earlier request has sent, in runs, the first at `start`.

    `apart`: what is new is set apart from what is not by a `}`, so that no text without one
    reaches from one into the other.
    """

    start: int
    runs: list[bytes]
    apart: bool


def added(tape: Tape, n: int) -> Added | None:
    """What exchange `n` added; None where its record does not tell. Raises TapeError."""
    start, position, apart, known = -1, 0, True, False
    runs: list[bytearray] = []
    for piece in tape.head_of(n)[9]:
        data = piece if isinstance(piece, bytes) else _said(tape, piece)
        if data is not None:
            if known or not runs:
                apart = apart and (not position or _BORDER.match(data) is not None)
                start = position if start < 0 else start
                runs.append(bytearray())
            runs[-1] += data
            position += len(data)
        elif _is_reference(piece):
            apart = apart and (known or not runs or runs[-1].endswith(b"}"))
            position += piece[3]
        else:
            return None
        known = data is None
    return Added(max(start, 0), [bytes(run) for run in runs], apart)


def _is_reference(piece: Any) -> bool:
    return isinstance(piece, list) and len(piece) == 4


def _said(tape: Tape, piece: Any) -> bytes | None:
    """What an earlier response holds, if the piece refers to one: new to the requests."""
    if not _is_reference(piece) or piece[1] != records.RESPONSE:
        return None
    step = tape.step(piece[0])
    response = step.response if isinstance(step, Exchange) else None
    return response.body[piece[2] : piece[2] + piece[3]] if response else b""
