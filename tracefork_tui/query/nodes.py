"""The parts of a compiled expression: functions over the facts of a step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from . import values
from .facts import Facts
from .fields import MANY, MESSAGE_PARTS, Form

Run = Callable[[Facts], Any]
Test = Callable[[Any, Any], bool]
Trailer = str | int | None
"""A key, a place in a list, or None for `[*]`."""


class Node(NamedTuple):
    """A part of an expression. `many`: it has several values at once, as a list, which as a value
    is the list or, unless `listed`, the one that there is.

    `field` names the field that it is; `known` is set where `constant` is its value.
    """

    run: Run
    form: Form
    start: int
    end: int
    many: bool = False
    listed: bool = False
    field: str = ""
    known: bool = False
    constant: Any = None

    @property
    def is_null(self) -> bool:
        return self.known and self.constant is None

    @property
    def truth(self) -> Run:
        """Whether its value is neither null, false, 0 nor empty."""
        if self.form == "flag" and not self.field:
            return self.run
        run = self.collapsed.run
        return lambda facts: bool(run(facts))

    @property
    def collapsed(self) -> Node:
        """One value where there may be several: nothing, the one, or the list of them."""
        if not self.many or self.listed:
            return self
        run = self.run

        def one(facts: Facts) -> Any:
            found = run(facts)
            return found if len(found) > 1 else found[0] if found else None

        return self._replace(run=one, many=False)


def constant(value: Any, start: int, end: int) -> Node:
    form: Form = "null"
    if isinstance(value, bool):
        form = "flag"
    elif isinstance(value, str):
        form = "text"
    elif isinstance(value, list):
        form = "list"
    elif value is not None:
        form = "number"
    return Node(lambda _: value, form, start, end, known=True, constant=value)


def reading(name: str, form: Form, trailers: list[Trailer], start: int, end: int) -> Node:
    """A field, or what a path into it leads to."""
    run: Run = operator.attrgetter(name)
    if name in MESSAGE_PARTS and trailers:
        run, trailers = _message(name, trailers)
        form = "json"
    elif not trailers:
        return Node(run, form, start, end, many=name in MANY, field=name)
    listed = None in trailers
    if name in MANY or listed:
        spread = _spread(run, trailers, name in MANY)
        return Node(spread, "json", start, end, many=True, listed=listed)
    return Node(_followed(run, cast("list[str | int]", trailers)), "json", start, end)


def tested(left: Node, test: Test, right: Node, negated: bool) -> Run:
    """The comparison as a function; false where either side is missing, negated or not."""
    run, other = left.run, right.collapsed.run
    if left.many:

        def any_of(facts: Facts) -> bool:
            found, wanted = run(facts), other(facts)
            if not found or wanted is None:
                return False
            return any(test(one, wanted) for one in found) != negated

        return any_of
    if right.known and isinstance(right.constant, str) and test is values.same:
        constant = right.constant
        if negated:
            return lambda facts: run(facts) not in (None, constant)
        return lambda facts: bool(run(facts) == constant)

    def holds(facts: Facts) -> bool:
        found, wanted = run(facts), other(facts)
        return found is not None and wanted is not None and test(found, wanted) != negated

    return holds


def calculation(first: Run, rest: list[tuple[str, Run]]) -> Run:
    """The result of signs and figures from left to right."""

    def result(facts: Facts) -> Any:
        found = first(facts)
        for sign, run in rest:
            found = values.calculated(sign, found, run(facts))
        return found

    return result


def _message(name: str, trailers: list[Trailer]) -> tuple[Run, list[Trailer]]:
    """What a path into the request or the response starts from, and the rest of the path."""
    first, *rest = trailers
    if name == "request" and first == "body" and rest and isinstance(rest[0], str):
        return _member(rest)
    if first in MESSAGE_PARTS[name]:
        part = str(first)
        if part == "headers" and rest and isinstance(rest[0], str):
            rest[0] = rest[0].lower().replace("_", "-")
        read = Facts.request_part if name == "request" else Facts.response_part
        return lambda facts: read(facts, part), rest
    if name == "request" and isinstance(first, str):
        return _member(trailers)
    return operator.attrgetter(name), trailers


def _member(trailers: list[Trailer]) -> tuple[Run, list[Trailer]]:
    """A part of the request's JSON, which alone is decoded."""
    key, *rest = trailers
    name, index = str(key), None
    if rest and isinstance(rest[0], int):
        index, *rest = rest
    place = index if isinstance(index, int) else None
    return lambda facts: facts.request_member(name, place), rest


def _followed(run: Run, path: list[str | int]) -> Run:
    """The value at a path from what `run` gives."""
    if not path:
        return run

    def value(facts: Facts) -> Any:
        found = run(facts)
        for key in path:
            if found is None:
                return None
            found = values.part(found, key)
        return found

    return value


def _spread(run: Run, trailers: Sequence[Trailer], many: bool) -> Run:
    """All values at a path with `[*]`, or from several values; what is missing is left out."""

    def value(facts: Facts) -> list[Any]:
        found = run(facts) if many else [run(facts)]
        for key in trailers:
            if key is None:
                found = [item for one in found for item in values.items(one)]
            else:
                found = [values.part(one, key) for one in found]
            found = [one for one in found if one is not None]
        return found

    return value
