"""Where objects lie in memory. No seam can hold it: it is named where the user's code asks for it
with `id`, and where a request or what was printed tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import Session

KIND = "address"
ASKS = "id"
MARK = b" at 0x"
TOLD = re.compile(rb"<((?:[^<>]|<\w+>){1,160}) at 0x[0-9a-f]{6,16}[>\s,;:]")
SPELLED = re.compile(rb"(?<![\w.])id\b")


def asked(session: Session, code: CodeType) -> None:
    """Name the lines of code about to be executed that ask where an object lies."""
    for inner, line in _asking(code):
        site = f"{session.callers.shown(inner.co_filename)}:{line} in {inner.co_name}"
        what = "id() gives where an object lies in memory"
        session.note(KIND, {"what": what, "site": [site]}, once=site)


def told(session: Session, where: str, data: bytes, start: int, site: list[str]) -> None:
    """Name the objects whose place `data` tells, from `start` on."""
    if data.find(MARK, start) < 0:
        return
    for match in TOLD.finditer(data, start):
        thing = match[1].decode("utf-8", "replace")
        what = f"{where} tells where an object lies in memory: <{thing} at …>"
        session.note(KIND, {"what": what, "site": site}, once=(where, thing))


def _asking(code: CodeType) -> list[tuple[CodeType, int]]:
    """The code within `code` that asks for the builtin, and its lines; none where it is hidden by
    a global of that name.
    """
    found: list[tuple[CodeType, int]] = []
    for inner in all_of(code):
        if ASKS not in inner.co_names:
            continue
        loads, stores = _uses(inner)
        if "STORE_GLOBAL" in stores or (stores and inner is code):
            return []
        found.extend((inner, line) for line in sorted(loads) if not stores)
    return found


def all_of(code: CodeType) -> Iterator[CodeType]:
    """The code, and what is defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from all_of(constant)


def _uses(code: CodeType) -> tuple[set[int], set[str]]:
    """The lines that load the name, and by what instructions it is stored."""
    import dis

    loads, stores, line = set(), set(), code.co_firstlineno
    starts = dict(dis.findlinestarts(code))
    for step in dis.get_instructions(code):
        line = starts.get(step.offset) or line
        if step.argval == ASKS and step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            loads.add(line)
        if step.argval == ASKS and step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            stores.add(step.opname)
    return loads, stores
