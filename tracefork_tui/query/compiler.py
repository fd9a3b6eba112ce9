"""From the tree of an expression to a function over the facts of a step."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, TypeAlias, cast

from . import values
from .errors import QueryError, meant
from .fields import ALIASES, CONSTANTS, FIELDS, FUNCTIONS, OPEN, Form
from .nodes import Node, Run, Test, Trailer, calculation, constant, reading, tested
from .patterns import Pattern, PatternError, regex_parts

if TYPE_CHECKING:
    from lark import Token, Tree

Item: TypeAlias = "Tree[Token] | Token"

DEEPEST = 60
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}

TESTS: dict[str, Test] = {
    "==": values.same,
    "<": values.ordered(operator.lt),
    "<=": values.ordered(operator.le),
    ">": values.ordered(operator.gt),
    ">=": values.ordered(operator.ge),
    "in": values.member,
    "contains": values.contains,
}
OPPOSITES = {"!=": "==", "not in": "in", "not contains": "contains"}
OF_SOURCES = ("==", "in")


class Compiler:
    """Compiles one text; `fields` collects the names that it uses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.fields: set[str] = set()

    def whole(self, tree: Tree[Token]) -> Node:
        return self.node(tree.children[0], 0)

    def node(self, item: Item, depth: int) -> Node:
        tree = cast("Tree[Token]", item)
        if depth > DEEPEST:
            raise self.error(f"nested deeper than {DEEPEST} levels", *_range(tree))
        made: Node = getattr(self, f"_{tree.data}")(tree, depth + 1)
        return made

    def error(self, message: str, start: int, end: int) -> QueryError:
        return QueryError(message, start, end - start, self.text)

    # Logic

    def _given(self, tree: Tree[Token], depth: int) -> Node:
        value = self.node(tree.children[0], depth).collapsed
        run, holds = value.run, self.node(tree.children[1], depth).truth
        start, end = _range(tree)
        return Node(lambda facts: run(facts) if holds(facts) else None, value.form, start, end)

    def _either(self, tree: Tree[Token], depth: int) -> Node:
        runs = [self.node(child, depth).truth for child in tree.children]
        return Node(lambda facts: any(run(facts) for run in runs), "flag", *_range(tree))

    def _both(self, tree: Tree[Token], depth: int) -> Node:
        runs = [self.node(child, depth).truth for child in tree.children]
        if len(runs) == 2:
            first, second = runs
            return Node(lambda facts: first(facts) and second(facts), "flag", *_range(tree))
        return Node(lambda facts: all(run(facts) for run in runs), "flag", *_range(tree))

    def _negation(self, tree: Tree[Token], depth: int) -> Node:
        run = self.node(tree.children[0], depth).truth
        return Node(lambda facts: not run(facts), "flag", *_range(tree))

    # Comparison

    def _compare(self, tree: Tree[Token], depth: int) -> Node:
        items = tree.children
        runs = []
        left = self.node(items[0], depth)
        for sign, item in zip(items[1::2], items[2::2], strict=True):
            name = " ".join(str(sign).split())
            if cast("Tree[Token]", item).data == "pattern":
                runs.append(self._matching(left, name, cast("Tree[Token]", item)))
                continue
            right = self.node(item, depth)
            runs.append(self._comparison(left, name, right))
            left = right
        if len(runs) == 1:
            return Node(runs[0], "flag", *_range(tree))
        return Node(lambda facts: all(run(facts) for run in runs), "flag", *_range(tree))

    def _comparison(self, left: Node, sign: str, right: Node) -> Run:
        name = OPPOSITES.get(sign, sign)
        negated = sign in OPPOSITES
        if name == "==" and (left.is_null or right.is_null):
            asked = left if right.is_null else right
            if asked.many:
                return lambda facts: bool(asked.run(facts)) == negated
            return lambda facts: (asked.run(facts) is not None) == negated
        if name == "==" and right.many:
            left, right = right, left
        if right.many and name == "in":
            right = right._replace(many=False)
        elif right.many and not left.many:
            place = right.start, right.end
            raise self.error("what may have several values stands on the left", *place)
        self._check(left, name, right)
        if left.field == "name" and name in OF_SOURCES:
            left = left._replace(run=operator.attrgetter("names"), many=True)
        return tested(left, TESTS[name], right, negated)

    def _check(self, left: Node, name: str, right: Node) -> None:
        """Refuse a comparison that can never hold."""
        for field, other in ((left, right), (right, left)):
            if not field.field or not other.known:
                continue
            text = isinstance(other.constant, str)
            place = other.start, other.end
            choices = FIELDS[field.field].choices
            if name == "==" and text and choices and other.constant not in choices:
                known = ", ".join(choice for choice in choices if choice)
                near = meant(other.constant, choices) or f"; it is one of {known}"
                raise self.error(f"no `{field.field}` is `{other.constant}`{near}", *place)
            if name == "in" and field is left and not isinstance(other.constant, str):
                continue
            wanted = {"number": "a number", "text": "a text in quotes"}.get(field.form)
            fits = other.form == field.form or name in ("contains", "in")
            if wanted and not fits and other.form in ("number", "text", "flag"):
                raise self.error(f"`{field.field}` is compared with {wanted}", *place)

    def _matching(self, left: Node, sign: str, tree: Tree[Token]) -> Run:
        token = cast("Token", tree.children[0])
        start, end = _range(tree)
        literal = token.type == "REGEX"
        source, ignore_case = regex_parts(token) if literal else (_unquoted(token), False)
        try:
            found = Pattern(source, ignore_case)
        except PatternError as error:
            at, stop = start, end
            if self.text[start + 1 : end].startswith(source):
                at = start + 1 + error.position
                stop = at + error.length
            raise self.error(f"the pattern is wrong: {error}", at, stop) from None

        always = constant(True, start, end)
        test: Test = lambda value, _: found.within(value)  # noqa: E731
        return tested(left, test, always, sign.startswith(("!", "not")))

    # Arithmetic

    def _sum(self, tree: Tree[Token], depth: int) -> Node:
        first, *rest = [self._figures(self.node(item, depth)) for item in tree.children[::2]]
        signs = [str(sign) for sign in tree.children[1::2]]
        run = calculation(first, list(zip(signs, rest, strict=True)))
        return Node(run, "number", *_range(tree))

    _term = _sum

    def _minus(self, tree: Tree[Token], depth: int) -> Node:
        inner = self.node(tree.children[0], depth)
        start, end = _range(tree)
        if inner.known and values.is_number(inner.constant):
            return constant(-inner.constant, start, end)
        run = calculation(lambda _: 0, [("-", self._figures(inner))])
        return Node(run, "number", start, end)

    def _figures(self, node: Node) -> Run:
        if node.form in ("text", "flag", "list"):
            message = "only numbers are calculated with; this is a " + node.form
            raise self.error(message, node.start, node.end)
        return node.collapsed.run

    # Operands

    def _number(self, tree: Tree[Token], depth: int) -> Node:
        return constant(self._figure(cast("Token", tree.children[0])), *_range(tree))

    def _figure(self, token: Token) -> int | float:
        digits = str(token).replace("_", "")
        try:
            return int(digits) if digits.isdecimal() else float(digits)
        except ValueError:
            place = token.start_pos or 0, token.end_pos or 0
            raise self.error("this number is too long", *place) from None

    def _text(self, tree: Tree[Token], depth: int) -> Node:
        return constant(_unquoted(cast("Token", tree.children[0])), *_range(tree))

    def _list(self, tree: Tree[Token], depth: int) -> Node:
        nodes = [self.node(child, depth) for child in tree.children if child is not None]
        if all(node.known for node in nodes):
            return constant([node.constant for node in nodes], *_range(tree))
        runs = [node.run for node in nodes]
        return Node(lambda facts: [run(facts) for run in runs], "list", *_range(tree))

    def _call(self, tree: Tree[Token], depth: int) -> Node:
        name, *given = tree.children
        token = cast("Token", name)
        place = token.start_pos or 0, token.end_pos or 0
        if token not in FUNCTIONS:
            near = meant(token, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            raise self.error(f"there is no function `{token}`{near}", *place)
        arguments = [self.node(child, depth) for child in given if child is not None]
        if len(arguments) != 1:
            raise self.error(f"`{token}` takes one value", *_range(tree))
        function, inner = values.CALLS[token], arguments[0].collapsed.run
        form: Form = "number" if token in ("len", "number") else "text"
        return Node(lambda facts: function(inner(facts)), form, *_range(tree))

    def _path(self, tree: Tree[Token], depth: int) -> Node:
        first, *rest = [cast("Token", child) for child in tree.children]
        start, end = _range(tree)
        name = ALIASES.get(first, str(first))
        if first in CONSTANTS and not rest:
            return constant(CONSTANTS[first], start, end)
        field = FIELDS.get(name)
        place = first.start_pos or 0, first.end_pos or 0
        if field is None:
            near = meant(name, FIELDS)
            quoted = near or f'; a text is written in quotes: "{name}"'
            raise self.error(f"there is no field `{name}`{quoted}", *place)
        if rest and field.form not in OPEN:
            raise self.error(
                f"`{name}` is a {field.form}: it has no parts", rest[0].start_pos or 0, end
            )
        self.fields.add(name)
        trailers = [self._trailer(token) for token in rest]
        return reading(name, field.form, trailers, start, end)

    def _trailer(self, token: Token) -> Trailer:
        if token.type == "STAR":
            return None
        if token.type == "STRING":
            return _unquoted(token)
        if token.type == "KEY":
            return str(token)
        number = self._figure(token) if token.type == "NUMBER" else int(token)
        if not isinstance(number, int):
            place = token.start_pos or 0, token.end_pos or 0
            raise self.error("a place in a list is a whole number", *place)
        return number


def _range(tree: Tree[Token]) -> tuple[int, int]:
    meta = tree.meta
    return (meta.start_pos, meta.end_pos) if not meta.empty else (0, 0)


def _unquoted(token: Token) -> str:
    """A text without its quotes; a backslash that escapes nothing stays, as patterns need it."""

    def plain(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        return ESCAPES.get(code, match[0])

    return ESCAPE.sub(plain, token[1:-1])
