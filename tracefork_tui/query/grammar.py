"""The grammar of expressions, and what is wrong with a text that does not follow it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .errors import QueryError

if TYPE_CHECKING:
    import lark
    from lark import Token, Tree
    from lark.parsers.lalr_interactive_parser import InteractiveParser

LONGEST = 2000
"""The most characters of an expression."""

GRAMMAR = r"""
start: _value

_value: given | _either
given: _either _IF _either
_either: either | _both
either: _both (_OR _both)+
_both: both | _negation
both: _negation (_AND _negation)+
_negation: negation | _compare
negation: _NOT _negation
_compare: compare | _sum
compare: _sum ((OP | CONTAINS) _sum | MATCHES pattern)+
pattern: STRING | REGEX
_sum: sum | _term
sum: _term ((PLUS | MINUS) _term)+
_term: term | _unary
term: _unary ((TIMES | OVER | MODULO) _unary)+
_unary: minus | _operand
minus: _MINUS _unary
_operand: path | call | list | number | text | "(" _value ")"
path: NAME _trailer*
_trailer: "." KEY | "[" _index "]"
_index: NUMBER | NEGATIVE | STRING | STAR
call: NAME "(" [_value ("," _value)*] ")"
list: "[" [_value ("," _value)*] "]"
number: NUMBER
text: STRING

_IF: /if\b/
_OR: /or\b|\|\|/
_AND: /and\b|&&/
_NOT: /not\b|!(?![=~])/
OP.3: /==|!=|<=|>=|<|>|not\s+in\b|in\b/
CONTAINS.3: /(not\s+)?contains\b/
MATCHES.3: /=~|!~|(not\s+)?matches\b/
PLUS: "+"
MINUS: "-"
_MINUS: "-"
TIMES: "*"
STAR: "*"
OVER: "/"
MODULO: "%"
NAME: /(?!(if|and|or|not|in|contains|matches)\b)[^\W\d]\w*/
KEY: /[^\W\d][\w$]*/
NUMBER: /(\d[\d_]*(\.\d+)?|\.\d+)([eE][+-]?\d+)?/
NEGATIVE: /-\d+/
STRING: /"[^"\\]*(\\.[^"\\]*)*"|'[^'\\]*(\\.[^'\\]*)*'/s
REGEX: /\/[^\/\\]+(\\.[^\/\\]*)*\/i?|\/(\\.[^\/\\]*)+\/i?/s
%ignore /\s+/
"""

WORDS = {
    "_IF": "`if`",
    "_OR": "`or`",
    "_AND": "`and`",
    "OP": "a comparison",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "NAME": "a field or a value",
    "KEY": "a name",
    "NEGATIVE": "a number",
    "STRING": "a text in quotes",
    "REGEX": "a /pattern/",
    "$END": "the end",
}


@cache
def parser() -> lark.Lark:
    """The parser; made, and its library imported, when it is first asked for."""
    import lark

    return lark.Lark(GRAMMAR, parser="lalr", propagate_positions=True)


def parse(text: str) -> Tree[Token]:
    """The tree of an expression. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError(f"an expression has at most {LONGEST} characters", LONGEST, 0, text)
    if not text.strip():
        raise QueryError('an expression is missing, as `tool == "bash"`', len(text), 0, text)
    from lark import UnexpectedCharacters, UnexpectedToken

    try:
        return parser().parse(text)
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        wanted = error.allowed or set()
        raise QueryError(_stray(text, at, wanted), at, _width(text, at), text) from None
    except UnexpectedToken as error:
        token = error.token
        at = len(text.rstrip()) if token.type == "$END" else token.start_pos or 0
        length = 0 if token.type == "$END" else len(token)
        wanted = error.accepts or error.expected or set()
        raise QueryError(_misplaced(token, wanted), at, length, text) from None


def tokens_after(text: str) -> set[str]:
    """The kinds of tokens that may follow on `text`; empty where it is wrong already."""
    from lark import UnexpectedInput

    try:
        reading: InteractiveParser = parser().parse_interactive(text)
        reading.exhaust_lexer()
        accepted: set[str] = reading.accepts()  # type: ignore[no-untyped-call]
        return accepted
    except UnexpectedInput:
        return set()


def _stray(text: str, at: int, wanted: set[str]) -> str:
    found = text[at]
    if found in "\"'":
        return f"the text that starts here has no closing {found}"
    if found == "=" and "OP" in wanted:
        return "`=` does not compare; write `==`, or `=~` for a pattern"
    if found in "&|":
        return f"write `{'and' if found == '&' else 'or'}`"
    if found.isdigit() and "KEY" in wanted:
        return "a place in a list is written as `[0]`"
    return f"`{found}` does not belong here; expected {_list(wanted)}"


def _misplaced(token: Token, wanted: set[str]) -> str:
    if token.type == "$END":
        return f"the expression stops too early; expected {_list(wanted)}"
    if "REGEX" in wanted and token.startswith("/"):
        return "the pattern that starts here has no closing /"
    if "REGEX" in wanted:
        return "a pattern is written as a text in quotes or as /pattern/"
    return f"`{token}` does not belong here; expected {_list(wanted)}"


def _list(wanted: set[str]) -> str:
    names = [words for kind, words in WORDS.items() if kind in wanted]
    if "NAME" in wanted:
        return WORDS["NAME"]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def _width(text: str, at: int) -> int:
    """A stray quote is wrong up to the end, any other character alone."""
    return len(text) - at if text[at] in "\"'" else 1
