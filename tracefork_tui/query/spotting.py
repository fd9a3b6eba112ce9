"""Whether a word may be in what an exchange holds, told from the bytes of its records: a body that
was sent again is not looked through again."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..tape.bodies import size_of
from ..tape.records import REQUEST, RESPONSE
from ..tape.steps import Exchange
from ..wire import is_stream, message_of, reply_of
from ..wire.body import decode_chunks, header

if TYPE_CHECKING:
    from ..tape.reader import Tape

_OTHERWISE = re.compile(
    rb"\\u00[014-7][0-9a-fA-F]|\\u0130|\\u212[aA]|\0|%s|%s" % ("\u0130".encode(), "\u212a".encode())
)
"""What may be read as other letters than those that are there: escapes of ASCII, the two signs
that are ASCII in lower case, encodings of two bytes."""

_LONGEST_ESCAPE = 6


class Spotter:
    """Looks for a word of ASCII letters in lower case, whatever their case on the tape. What may
    hold it is told to do so; what does not for certain is not.

    Not for two threads at once.
    """

    def __init__(self, word: str) -> None:
        self._word = word.encode("ascii")
        self._reach = max(len(word), _LONGEST_ESCAPE)
        self._asks: dict[int, bool] = {}
        self._sent: dict[int, bool] = {}
        self._came: dict[int, bool] = {}

    def exchange(self, tape: Tape, n: int) -> bool:
        """Whether any text of exchange `n` may hold the word."""
        try:
            step = tape.step(n)
            if not isinstance(step, Exchange):
                return True
            return self.request(tape, n) or self._around(step) or self._answered(step)
        except Exception:  # whatever a damaged or hostile tape holds
            return True

    def request(self, tape: Tape, n: int) -> bool:
        """Whether what exchange `n` sent may hold it."""
        if n not in self._asks:
            try:
                self._asks[n] = self._asked(tape, n)
            except Exception:  # whatever a damaged or hostile tape holds
                self._asks[n] = True
        return self._asks[n]

    def within(self, data: bytes) -> bool:
        """Whether a text may hold the word, as it is or in JSON's escapes."""
        return self._word in data.lower() or _OTHERWISE.search(data) is not None

    def _around(self, step: Exchange) -> bool:
        """Whether what is around the bodies holds it."""
        request, response = step.request, step.response
        lines = [request.method, request.url, *step.call_site]
        lines += [text for pair in request.headers for text in pair]
        if response is not None:
            lines += [response.reason, response.http_version]
            lines += [text for pair in response.headers for text in pair]
        error = step.error
        while error is not None:
            lines += [error.name, error.message]
            error = error.cause
        return self.within("\n".join(lines).encode("utf-8", "surrogatepass"))

    def _answered(self, step: Exchange) -> bool:
        response = step.response
        if response is None:
            return False
        chunks = [chunk.data for chunk in response.chunks]
        decoded = decode_chunks(chunks, response.headers)
        body = b"".join(decoded.chunks)
        if decoded.problem or self.within(body):
            return True
        if not is_stream(response.headers, body):
            return False
        said = reply_of(step), message_of(step.request.url, response.headers, chunks)
        return self.within(repr(said).encode("utf-8", "surrogatepass"))

    def _asked(self, tape: Tape, n: int) -> bool:
        step = tape.step(n)
        if not isinstance(step, Exchange):
            return True
        request = step.request
        if not header(request.headers, "content-encoding"):
            return self._body(tape, n)
        decoded = decode_chunks([request.body], request.headers)
        return bool(decoded.problem) or self.within(b"".join(decoded.chunks))

    def _body(self, tape: Tape, n: int) -> bool:
        """Whether a body's own bytes hold it, or those that it refers to."""
        sent, waiting = self._sent, [n]
        while waiting:
            at = waiting[-1]
            pieces = tape.head_of(at)[9]
            before = {piece[0] for piece in pieces if _is_of(piece, REQUEST)}
            unknown = [one for one in before if one not in sent and one < at]
            if unknown and at not in sent:
                waiting += unknown
                continue
            sent[at] = (
                any(sent.get(one, True) for one in before)
                or any(self._reply(tape, piece[0]) for piece in pieces if _is_of(piece, RESPONSE))
                or self._own(tape, at, pieces)
            )
            waiting.pop()
        return sent[n]

    def _reply(self, tape: Tape, n: int) -> bool:
        """Whether the bytes of an answer hold it, of which a request has some."""
        if n not in self._came:
            step = tape.step(n)
            response = step.response if isinstance(step, Exchange) else None
            self._came[n] = response is None or self.within(response.body)
        return self._came[n]

    def _own(self, tape: Tape, n: int, pieces: list[Any]) -> bool:
        """Whether what stands in a request for the first time holds it, or a seam does."""
        if any(isinstance(piece, bytes) and self.within(piece) for piece in pieces):
            return True
        seams = list(accumulate(map(size_of, pieces[:-1])))
        starts = [max(0, at - self._reach) for at in seams]
        size = tape.head_of(n)[10]
        return any(
            self.within(tape.request_part(n, start, min(2 * self._reach, size - start)))
            for start in starts
        )


def _is_of(piece: Any, side: int) -> bool:
    return isinstance(piece, list) and piece[1] == side
