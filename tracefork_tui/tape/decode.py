"""From a step's records to the step, and to the hash of what it means.

All that is given to these functions may be hostile; what does not fit raises ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from . import chain, records
from .answer import Answer, Error
from .columns import Run
from .steps import Chunk, Draw, Exchange, Headers, Request, Response, Step

if TYPE_CHECKING:
    from .proven import Proven
    from .reader import Tape

SECOND = 1e6
ALONE = (records.DRAW, records.CALL)
T = TypeVar("T")
Asked = tuple[str, str, bytes]  # of a request: method, canonical URL, SHA-256 of the body


class Parts(NamedTuple):
    """The records of an exchange by kind; `head` and `end` are None where they did not come."""

    send: list[Any]
    head: list[Any] | None
    chunks: list[list[Any]]
    end: list[Any] | None


def parts(found: list[list[Any]]) -> Parts:
    """The records of an exchange, in the one order that they can have."""
    send, *chunks = found
    if send[0] != records.SEND:
        raise ValueError("its request is missing")
    end = chunks.pop() if chunks and chunks[-1][0] == records.END else None
    head = chunks.pop(0) if chunks and chunks[0][0] == records.HEAD else None
    for record in chunks:
        if record[0] != records.CHUNK or head is None:
            raise ValueError("its records do not follow on each other")
    return Parts(send, head, chunks, end)


def step(tape: Tape, n: int, found: list[list[Any]]) -> Step:
    """Step `n` from its records."""
    return _draw(tape, found) if found[0][0] in ALONE else _exchange(tape, n, parts(found))


def meaning(tape: Proven, found: list[list[Any]], asked: Asked | None = None) -> bytes:
    """What a step means: see chain.py. `asked`: of an exchange, where its request is known."""
    first = found[0]
    if first[0] in ALONE:
        _alone(found)
        name, kind = tape.atom(first[6]), tape.atom(first[7])
        given = first[8] if first[0] == records.CALL else b""
        return chain.draw_meaning(name, kind, first[-1], given)
    send, head, _, end = parts(found)
    how, failure, digest = "", None, chain.EMPTY
    if end is not None:
        how, failure, digest = _one_of(records.ENDS, end[3]), end[4], end[5]
    if asked is None:
        asked = tape.atom(send[6]), tape.canonical_url(tape.atom(send[7])), send[11]
    return chain.exchange_meaning(
        *asked,
        (head[3], headers(tape, head[6])) if head is not None else None,
        digest,
        how,
        failure,
    )


def meanings(tape: Proven, run: Run, steps: range) -> list[bytes]:
    """What the draws of a run mean. Raises ValueError where they are not those of `steps`."""
    if run.n != steps.start or len(run.times) != len(steps):
        raise ValueError("it is another run")
    said = [(tape.atom(name), tape.atom(kind)) for _, _, _, name, kind in run.sources]
    return [chain.draw_meaning(*said[at], value) for at, value in zip(run.which, run.values)]


def answer(tape: Proven, found: list[list[Any]]) -> tuple[Answer, str]:
    """What an exchange received, to be served again, and how it ended: no more is decoded."""
    _, head, chunks, end = parts(found)
    error = Error.unpacked(end[4]) if end is not None else None
    ended = _one_of(records.ENDS, end[3]) if end is not None else ""
    if head is None:
        return Answer(status=None, error=error), ended
    _, _, _, status, reason, version, pairs = head
    data = [chunk[3] for chunk in chunks]
    said = {"reason": tape.atom(reason), "http_version": tape.atom(version)}
    return Answer(status, headers(tape, pairs), data, error, **said), ended


def headers(tape: Proven, pairs: list[Any]) -> Headers:
    """Header pairs: each the atom of a pair, or the atom of a name with a value."""
    return [_header(tape, pair) for pair in pairs]


def _header(tape: Proven, pair: Any) -> tuple[str, str]:
    if isinstance(pair, list):
        if len(pair) != 2 or not isinstance(pair[1], str):
            raise ValueError("a header is not a name and a value")
        return tape.atom(pair[0]), pair[1]
    known = tape.atom(pair, list)
    if len(known) != 2:
        raise ValueError("a header is not a name and a value")
    return known[0], known[1]


def _draw(tape: Tape, found: list[list[Any]]) -> Draw:
    _alone(found)
    _, n, t, task, site, provenance, name, kind = found[0][:8]
    return Draw(
        n,
        t / SECOND,
        tape.atom(task),
        tuple(tape.atom(site, list)),
        _one_of(records.PROVENANCES, provenance),
        tape,
        tape.atom(name),
        tape.atom(kind),
        found[0][-1],
        found[0][9] if found[0][0] == records.CALL else None,
    )


def _exchange(tape: Tape, n: int, of: Parts) -> Exchange:
    _, _, t, task, site, provenance, method, url, pairs, _, size, digest = of.send
    chunks = [Chunk(at / SECOND, data) for _, _, at, data in of.chunks]
    response: Response | None = None
    if of.head is not None:
        _, _, _, status, reason, version, received = of.head
        response = Response(
            status, tape.atom(reason), tape.atom(version), headers(tape, received), chunks
        )
    request = Request(
        tape, n, tape.atom(method), tape.atom(url), headers(tape, pairs), size, digest
    )
    end = of.end
    return Exchange(
        n,
        t / SECOND,
        tape.atom(task),
        tuple(tape.atom(site, list)),
        _one_of(records.PROVENANCES, provenance),
        tape,
        request,
        response,
        Error.unpacked(end[4]) if end is not None else None,
        _one_of(records.ENDS, end[3]) if end is not None else "",
        of.head[2] / SECOND if of.head is not None else None,
        end[2] / SECOND if end is not None else None,
    )


def _alone(found: list[list[Any]]) -> None:
    if len(found) > 1:
        raise ValueError("it is a draw, and more than that")


def _one_of(names: Sequence[T], number: int) -> T:
    if not 0 <= number < len(names):
        raise ValueError(f"it names the unknown {number} of {', '.join(map(str, names))}")
    return names[number]
