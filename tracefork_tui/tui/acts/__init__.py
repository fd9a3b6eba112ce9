"""The actions, one module a subject. To add one: write a function under `@action` in a module
here and name the module below; keys, hints, help, palette and command line follow."""

from __future__ import annotations

from . import (
    boundary,
    breaks,
    compare,
    filter,
    fork,
    jump,
    marks,
    move,
    origin,
    search,
    stack,
    tape,
    view,
    watch,
)

__all__ = [
    "boundary",
    "breaks",
    "compare",
    "filter",
    "fork",
    "jump",
    "marks",
    "move",
    "origin",
    "search",
    "stack",
    "tape",
    "view",
    "watch",
]
