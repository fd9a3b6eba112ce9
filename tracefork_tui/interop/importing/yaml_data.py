"""YAML as plain data: no tag makes an object, no word becomes a date, depth is bounded.

PyYAML's own loaders refuse the Python and Ruby tags that cassettes hold, turn a version such as
2023-06-01 into a date, and recurse on nesting. Here the parser's events are put together without
recursion, and a tagged value is what it holds.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Any

DEPTH = 500
WEIGHT = 256 * 1024 * 1024
"""How much text a document may stand for, aliases followed."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}
_NO_KEY = object()


def documents(source: bytes) -> list[Any]:
    """The documents of a YAML file. Raises ValueError, with the line, for what is none."""
    import yaml

    parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(_build(yaml.parse(source, parser)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ValueError(f"not valid YAML{where}: {problem}") from None


class _Open:
    """A list or mapping that is being filled; `weight`: what it stands for, aliases followed."""

    __slots__ = ("anchor", "items", "key", "tag", "weight")

    def __init__(self, items: Any, tag: str | None = None, anchor: str | None = None) -> None:
        self.items = items
        self.tag = tag or ""
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.weight = 1

    def put(self, value: Any, weight: int) -> None:
        self.weight += weight
        if self.weight > WEIGHT:
            raise ValueError("its aliases stand for too much")
        if isinstance(self.items, list):
            self.items.append(value)
        elif self.key is _NO_KEY:
            self.key = value if isinstance(value, str) else str(value)
        else:
            self.items[self.key] = value
            self.key = _NO_KEY


def _build(events: Iterable[Any]) -> Iterator[Any]:
    stack: list[_Open] = []
    anchors: dict[str, tuple[Any, int]] = {}
    for event in events:
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            stack, anchors = [_Open([])], {}
        elif kind == "DocumentEndEvent":
            yield from stack[0].items
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            if len(stack) > DEPTH:
                raise ValueError(f"nested deeper than {DEPTH} levels")
            stack.append(_Open([] if kind[0] == "S" else {}, event.tag, event.anchor))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            closed = stack.pop()
            found = _untagged(closed.tag, closed.items), closed.weight
            _keep(anchors, closed.anchor, found)
            stack[-1].put(*found)
        elif kind == "ScalarEvent":
            found = _scalar(event), 1 + len(event.value)
            _keep(anchors, event.anchor, found)
            stack[-1].put(*found)
        elif kind == "AliasEvent":
            stack[-1].put(*anchors.get(event.anchor, (None, 1)))


def _keep(anchors: dict[str, tuple[Any, int]], name: str | None, found: tuple[Any, int]) -> None:
    """Under its anchor; a node is known only when it is whole, so that none holds itself."""
    if name:
        anchors[name] = found


def _scalar(event: Any) -> Any:
    tag = event.tag or ""
    if tag.endswith("binary"):
        return base64.b64decode(event.value)
    if (event.implicit[0] and not tag) or tag.endswith((":int", ":float", ":bool", ":null")):
        return resolved(event.value)
    return event.value


def resolved(word: str) -> Any:
    """What a plain word stands for: null, a boolean, a number, else itself."""
    if word in _WORDS:
        return _WORDS[word]
    if _INT.fullmatch(word):
        return int(word)
    return float(word) if _FLOAT.fullmatch(word) else word


def _untagged(tag: str, items: Any) -> Any:
    """What a Python object of a cassette was made from: a string's subclass, a file in memory."""
    if "python/object/" not in tag:
        return items
    if isinstance(items, dict):
        state = items.get("state", items.get("args"))
        items = state if isinstance(state, list) else items
    return items[0] if isinstance(items, list) and items else items
