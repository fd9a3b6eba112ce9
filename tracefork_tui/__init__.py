"""A time-travel debugger for LLM agents, in a terminal.

    tracefork_tui.open(path)             a recorded tape, read-only
    tracefork_tui.record(path)           a context manager that records this process
    tracefork_tui.draw(name, fn, *args)  call `fn` once, its result on the tape
    @tracefork_tui.drawn                 the same for every call of a function
    TapeError, Divergence                what goes wrong

Nothing here is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .debuggee.seams import draw as draw
    from .debuggee.seams import drawn as drawn
    from .replay.inprocess import record as record
    from .tape.errors import Divergence as Divergence
    from .tape.errors import TapeError as TapeError
    from .tape.reader import Tape as Tape
    from .tape.reader import Tape as open

__version__ = "0.1.0"

_HOME = {
    "Divergence": ("tape.errors", "Divergence"),
    "Tape": ("tape.reader", "Tape"),
    "TapeError": ("tape.errors", "TapeError"),
    "draw": ("debuggee.seams", "draw"),
    "drawn": ("debuggee.seams", "drawn"),
    "open": ("tape.reader", "Tape"),
    "record": ("replay.inprocess", "record"),
}

__all__ = ["Divergence", "Tape", "TapeError", "draw", "drawn", "open", "record"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOME[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
