"""What may stand at the cursor: fields, paths, operators, and texts that a field has."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import QueryError
from .expression import compile
from .facts import Facts
from .fields import ALIASES, FIELDS, FUNCTIONS, MESSAGE_PARTS
from .grammar import LONGEST, tokens_after
from .places import WORD

if TYPE_CHECKING:
    from ..tape.reader import Tape

MOST = 50
SAMPLED = 40
"""Steps of a tape that are looked at for keys and texts."""
PATIENCE = 0.15
"""Seconds after which a few steps have to do: bodies may be megabytes."""
FEW = 4
SHOWN = 60

NAME = r"[^\W\d][\w$]*"
PATH = rf"{NAME}(?:\.{NAME}|\[(?:-?\d+|\*|\"[^\"]*\"|'[^']*')\])*"
TYPED = re.compile(rf"(?:({PATH})\.)?({NAME})?\Z")
PLACE = re.compile(rf"({PATH})\[\Z")
WHOLE_TEXT = re.compile(r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL)
COMPARED = re.compile(rf"({PATH})\s*(?:==|!=|=~|!~|\w+)\s*\Z")

JUDGED = re.compile(r"(?:[=!<>]=?|=~|\b(?:in|contains|matches)\b)(?:(?!\b(?:and|or)\b)[^(])*\Z")
"""Behind a comparison, where `and` is likelier than another one."""

GIVEN = "the value only where this is true"
OPERATORS = {
    "==": "equal",
    "!=": "not equal",
    "<": "less",
    "<=": "at most",
    ">": "more",
    ">=": "at least",
    "in": "one of a list, or a part of a text",
    "contains": "plain text within; a capital makes case count",
    "=~": "a pattern",
}


class Completion(NamedTuple):
    """Put `text` in the place of the characters from `start` to `end`."""

    text: str
    start: int
    end: int
    kind: str
    help: str = ""


def complete(text: str, cursor: int, tape: Tape | None = None) -> list[Completion]:
    """What may stand at the cursor, the likeliest first. `tape`: keys and texts are its own.

    Never raises.
    """
    before = text[: min(cursor, LONGEST)]
    quote = _open_quote(before)
    if quote is not None:
        return _texts(before, quote, tape)[:MOST]
    place = PLACE.search(before)
    if place:
        return _indices(place[1], len(before), tape)
    typed = TYPED.search(before)
    path, word = (typed[1], typed[2] or "") if typed else (None, "")
    start = len(before) - len(word)
    if path:
        return _keys(path, word, start, tape)[:MOST]
    return _words(before[:start], word, start)[:MOST]


def _words(head: str, word: str, start: int) -> list[Completion]:
    kinds = tokens_after(head)
    end = start + len(word)
    if "NAME" in kinds:
        names = [(field.name, "field", field.help) for field in FIELDS.values()]
        names += [(f"{name}(", "function", help) for name, help in FUNCTIONS.items()]
        names += [("not ", "operator", "the opposite")] if "_NOT" in kinds else []
    else:
        signs = [(sign, "operator", help) for sign, help in OPERATORS.items() if "OP" in kinds]
        joins = [(w, "operator", "") for w in ("and", "or") if f"_{w.upper()}" in kinds]
        names = joins + signs if JUDGED.search(head) else signs + joins
        names += [("if", "operator", GIVEN)] if "_IF" in kinds else []
    return [Completion(name, start, end, kind, help) for name, kind, help in _near(names, word)]


def _near(names: list[tuple[str, str, str]], word: str) -> list[tuple[str, str, str]]:
    """Those that start with the word, then those that hold it."""
    word = word.lower()
    starting = [one for one in names if one[0].lower().startswith(word)]
    holding = [one for one in names if word in one[0].lower() and one not in starting]
    return starting + holding


def _keys(path: str, word: str, start: int, tape: Tape | None) -> list[Completion]:
    """The keys that may follow on a path and a dot."""
    parts = MESSAGE_PARTS.get(path, {})
    found = Counter(key for value in _sampled(path, tape) for key in _keys_of(value))
    headers = path.endswith(".headers")
    names = [(key, "path", help) for key, help in parts.items()]
    for key, _ in found.most_common():
        name = key.replace("-", "_") if headers else key
        if name not in parts:
            names.append((name, "path", ""))
    end = start + len(word)
    return [
        Completion(name, start, end, kind, help)
        if WORD.fullmatch(name)
        else Completion(f'["{name}"]', start - 1, end, kind, help)
        for name, kind, help in _near(names, word)
        if '"' not in name and "\\" not in name
    ]


def _keys_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [key for key in value if key and len(key) <= SHOWN]
    return []


def _indices(path: str, at: int, tape: Tape | None) -> list[Completion]:
    places = {"-1]": "the last", "0]": "the first", "*]": "any of them"}
    return [Completion(text, at, at, "path", help) for text, help in places.items()]


def _texts(before: str, quote: int, tape: Tape | None) -> list[Completion]:
    """The texts that the field on the left of an open quote has."""
    compared = COMPARED.search(before[:quote])
    if not compared:
        return []
    path, typed = compared[1], before[quote + 1 :]
    field = FIELDS.get(ALIASES.get(path, path))
    known = Counter(dict.fromkeys(field.choices if field else (), 1))
    if not known:
        values = _sampled(path, tape)
        known = Counter(text for value in values for text in _short_texts(value))
    mark = before[quote]
    plain = [text for text, _ in known.most_common() if text and not {mark, "\\"} & set(text)]
    names = _near([(text, "text", "") for text in plain], typed)
    return [Completion(f"{name}{mark}", quote + 1, len(before), kind) for name, kind, _ in names]


def _short_texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [
        one for one in found if isinstance(one, str) and len(one) <= SHOWN and one.isprintable()
    ]


def _sampled(path: str, tape: Tape | None) -> Iterator[Any]:
    """The values at a path in some steps of the tape that are of its kind, the newest first."""
    if tape is None:
        return
    try:
        query = compile(path)
    except QueryError:
        return
    draws = bool(query.fields & {"name", "value", "value_type", "source"})
    seen = 0
    until = time.perf_counter() + PATIENCE
    count = len(tape.index.first)
    for n in range(count, 0, -max(1, count // (SAMPLED * 25))):
        facts = Facts(tape, n)
        if (facts.kind == "draw") != draws:
            continue
        yield query.run(facts)
        seen += 1
        if seen >= SAMPLED or (seen >= FEW and time.perf_counter() > until):
            return


def _open_quote(text: str) -> int | None:
    """Where a text begins that is not closed."""
    at = 0
    while True:
        starts = [found for found in (text.find('"', at), text.find("'", at)) if found >= 0]
        if not starts:
            return None
        closed = WHOLE_TEXT.match(text, min(starts))
        if not closed:
            return min(starts)
        at = closed.end()
