"""How values compare: JSON's rules, where what is missing compares false and nothing raises."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from typing import Any

Key = str | int
LARGEST = 1 << 1024


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON values: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    try:
        return bool(one == other)
    except RecursionError:
        return False


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison that holds only between two numbers or two texts."""

    def holds(one: Any, other: Any) -> bool:
        if isinstance(one, str):
            return isinstance(other, str) and compare(one, other)
        return is_number(one) and is_number(other) and compare(one, other)

    return holds


def member(one: Any, other: Any) -> bool:
    """An item of a list, a key of an object, a part of a text (case counts)."""
    if isinstance(other, list):
        return any(same(one, item) for item in other)
    if isinstance(other, (str, dict)):
        return isinstance(one, str) and one in other
    return False


def contains(value: Any, text: Any) -> bool:
    """The text, or any text within, contains `text`; a capital in it makes case count."""
    if not isinstance(text, str):
        return isinstance(value, list) and member(text, value)
    if text != text.lower():
        return any(text in one for one in texts(value))
    return any(text in one.lower() for one in texts(value))


def texts(value: Any) -> Iterator[str]:
    """A text or number as text; of a list or object, every text and number in it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            waiting.extend(reversed(list(one.values())))
        elif is_number(one):
            yield repr(one)


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


def calculated(sign: str, one: Any, other: Any) -> int | float | None:
    """The result for two numbers; None for anything else, and where there is no result."""
    if not (is_number(one) and is_number(other)):
        return None
    try:
        found: int | float = ARITHMETIC[sign](one, other)
    except ArithmeticError:
        return None
    return None if isinstance(found, int) and abs(found) > LARGEST else found


def part(value: Any, key: Key) -> Any:
    """What an object or a list holds under a key, None where it holds nothing.

    A path goes on into a text that is JSON itself, as the result of a tool often is.
    """
    if isinstance(value, str):
        value = inner_json(value)
    if isinstance(key, int):
        if isinstance(value, list) and -len(value) <= key < len(value):
            return value[key]
        return None
    return value.get(key) if isinstance(value, dict) else None


def items(value: Any) -> list[Any]:
    """The items of a list, the values of an object."""
    if isinstance(value, str):
        value = inner_json(value)
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def inner_json(text: str) -> Any:
    """The JSON object or list that a text holds, else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def length(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, dict)) else None


def lower(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) else None


def number(value: Any) -> int | float | None:
    """A number, or the one that a text spells."""
    if is_number(value):
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str) or len(value) > 400:
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return None


def string(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return None


CALLS: dict[str, Callable[[Any], Any]] = {
    "len": length,
    "lower": lower,
    "number": number,
    "string": string,
}
