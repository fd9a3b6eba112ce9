"""A tape that answers: a replay, and the forks that leave it."""

from __future__ import annotations

import re
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..tape import records
from ..tape.answer import Answer
from ..tape.errors import Divergence, Halt
from .feeding import Draws, Key, Replies
from .policy import (
    CUT_UPLOAD,
    EDITED,
    LIVE,
    NO_STEP,
    RECORDED,
    SCRIPTED,
    STALE,
    WITHIN,
    Asked,
    DrawVerdict,
    Uploads,
    Verdict,
)

if TYPE_CHECKING:
    from ..tape.reader import Tape

NEVER = 1 << 62


class Replaying:
    """A tape answers. With `at`, the run follows it up to that step only.

    `answers`: what is served at step `at`, one an attempt, before the recorded reply;
    `keep_reply`: whether the recorded reply of step `at` can still be served after them.
    `tail`: "" (a plain replay), "offline", "strict" or "live"; `script` answers what the offline
    tail has no equal for.
    """

    feeds = True

    def __init__(
        self,
        parent: Tape,
        at: int = 0,
        answers: list[Answer] | None = None,
        provenance: int = EDITED,
        keep_reply: bool = False,
        draw: list[Any] | None = None,
        tail: str = "",
        script: Any = None,
        max_calls: int = 0,
        max_steps: int = 0,
    ) -> None:
        self.parent = parent
        self.at = at
        self.forked = False
        self._answers = deque(answers or ())
        self._provenance = provenance
        self._keep_reply = keep_reply
        self._draw = draw
        self._tail = tail
        self._script = script
        self._max_calls = max_calls
        self._max_steps = max_steps
        self._calls = 0
        self.ahead = False
        """Whether a thread that is ahead of the fork's step is answered all the same."""
        self._last = at or -1
        self._begins = False
        self._asking: str | None = None
        self._exchanges: dict[Key, deque[int]] = {}
        self._asked: dict[int, Key] = {}
        self._replies = Replies(parent, self._asked)
        self._tasks: dict[int, str] = {}
        self._prefix: set[int] = set()
        self._by_path: dict[tuple[str, str], list[int]] = {}
        self._draws = Draws(parent)
        self._drawless = _lacks_draws(parent)
        self._within: dict[int, list[Any]] | None = None
        self._used: set[int] = set()
        self._cut = {note.data["step"] for note in parent.notes if note.kind == CUT_UPLOAD}
        self._read()

    def _read(self) -> None:
        tape = self.parent
        for n in sorted(set(tape.index.owners_of(records.SEND))):
            first = tape.head_of(n)
            if first[0] == records.SEND:
                method = tape.atom(first[6])
                url = tape.canonical_url(tape.atom(first[7]))
                key = self._asked[n] = method, url, first[11]
                self._exchanges.setdefault(key, deque()).append(n)
                self._tasks[n] = tape.atom(first[3])
                if n < self.at:
                    self._prefix.add(n)
                self._by_path.setdefault((method, _path(url)), []).append(n)

    @property
    def replaying(self) -> bool:
        """True while the tape answers: time is the tape's, nothing sleeps."""
        return not (self.forked and self._tail == "live")

    @property
    def offline(self) -> bool:
        """True where no connection may be opened."""
        return self.replaying

    @property
    def over(self) -> bool:
        """True when all that the tape has was asked for."""
        sent = len(self.parent.index.first) - self._draws.count
        return len(self._used) >= sent and not self._draws.left

    # Exchanges

    def exchange(self, asked: Asked) -> Verdict:
        n = self._equal(asked)
        if n is not None and self._follows(n):
            return self._recorded(n, n)
        if n is not None and n == self.at:
            self._fork()
        elif n is not None and self.ahead and not self.forked:
            return self._recorded(n, self._next())
        if not self.forked:
            raise Divergence(self._missing(n))
        if n == self.at and self._answers and self._asking in (None, asked.task):
            self._asking = asked.task
            return self._intervene()
        return self._after(asked, n)

    def early(self, asked: Asked) -> bool:
        """True for what is on the tape after the fork's step while that was not asked for, and for
        the fork's step while one before it was not.
        """
        return self._ahead(self._equal(asked))

    def early_draw(self, name: str, task: str, asked: bytes = b"") -> bool:
        found = self._draws.first(name, task, asked)
        return self._ahead(found.n if found is not None else None)

    def _ahead(self, n: int | None) -> bool:
        if not self.at or self.forked or self.ahead or n is None or n < self.at:
            return False
        return n > self.at or bool(self._prefix) or self._draws.before(n)

    def uploads(self, method: str, url: str) -> Uploads:
        """The requests on the tape that an upload to `url` may be."""
        keys = [key for key in self._exchanges if key[:2] == (method, url)] if self._cut else []
        steps = sorted(n for key in keys for n in self._exchanges[key] if n not in self._used)
        return Uploads(self.parent, steps, self._cut)

    def _equal(self, asked: Asked) -> int | None:
        waiting = self._exchanges.get((asked.method, asked.url, asked.digest))
        while waiting and waiting[0] in self._used:
            waiting.popleft()
        if not waiting:
            return None
        same = (n for n in waiting if n not in self._used and self._tasks[n] == asked.task)
        return next(same, waiting[0])

    def _follows(self, n: int) -> bool:
        """True for what the prefix, or in a plain replay the whole tape, must answer."""
        return not self.at or n < self.at

    def _intervene(self) -> Verdict:
        answer = self._answers.popleft()
        if not self._answers and not self._keep_reply:
            self._used.add(self.at)
        return Verdict(self._next(), self._provenance, answer)

    def _recorded(self, n: int, number: int) -> Verdict:
        self._used.add(n)
        self._prefix.discard(n)
        answer, ended = self._replies.take(n)
        return Verdict(number, RECORDED, answer, n, ended)

    def _after(self, asked: Asked, n: int | None) -> Verdict:
        self._cap_steps()
        if self._tail == "live":
            self._calls += 1
            if self._max_calls and self._calls > self._max_calls:
                raise Halt(f"stopped after {self._max_calls} live calls (--max-calls)")
            return Verdict(self._next(), LIVE)
        if n is not None:
            return self._recorded(n, self._next())
        if self._script is not None:
            answer = self._script(asked)
            if answer is not None:
                return Verdict(self._next(), SCRIPTED, answer)
        if self._tail == "strict":
            raise Halt("stopped: the tape holds no equal request (--strict)")
        stale = self._stale(asked)
        if stale is None:
            raise Halt("the tape has no more answers; run the tail live to go on")
        return self._recorded(stale, self._next())._replace(provenance=STALE)

    def _stale(self, asked: Asked) -> int | None:
        """The next unconsumed reply of the same method, path and stream flag; one to this task, if
        there is any.
        """
        streamed = asks_stream(asked.body)
        alike = self._by_path.get((asked.method, _path(asked.url)), [])
        for n in chain((n for n in alike if self._tasks[n] == asked.task), alike):
            if n in self._used or n <= self.at:
                continue
            step: Any = self.parent.step(n)
            if asks_stream(step.request.body) == streamed:
                return n
        return None

    # Draws

    def draw(self, name: str, task: str, asked: bytes = b"") -> DrawVerdict:
        """A call that was given something else than any on the tape is not the recorded one: a
        divergence, or in a tail stale; a live tail makes the call.
        """
        if self._drawless and not self.forked:
            return DrawVerdict(NO_STEP, LIVE)
        if asked and self.forked and self._tail == "live":
            return self._draw_unknown(name)
        provenance = RECORDED
        found = self._draws.first(name, task, asked)
        if found is None and self._draws.has(name):
            if not self.forked:
                raise Divergence(f"the agent called {name} with other arguments than recorded")
            if self._tail == "strict":
                raise Halt(f"stopped: the tape holds no equal call of {name} (--strict)")
            found, provenance = self._draws.first(name, task), STALE
        if found is None:
            return self._draw_unknown(name)
        n = found.n
        if n == self.at:
            self._fork()
        elif not self._follows(n) and not self.forked and not self.ahead:
            raise Divergence(
                f"the agent drew {name} more often than the tape before step {self.at}"
            )
        if not self._follows(n):
            self._cap_steps()
        follows = self._follows(n)
        value, kind = found.take(0 if self.forked else self.at or NEVER)
        number = n if follows else self._next()
        if n == self.at and self._draw is not None:
            kind, value = self._draw
            return DrawVerdict(number, self._provenance, True, value, kind)
        more = found if follows and found.fit else None
        return DrawVerdict(number, provenance, True, value, kind, more)

    def holds(self, name: str) -> bool:
        """True where a draw of this name is left to be fed."""
        return self._draws.has(name)

    def live(self) -> DrawVerdict:
        """A draw of the real world, whatever the tape holds."""
        self._cap_steps()
        return DrawVerdict(self._next(), LIVE)

    def drawn_within(self, n: int) -> list[Any]:
        """What the call that is step `n` drew when it was recorded: [name, kind, value]."""
        if self._within is None:
            notes = (note.data for note in self.parent.notes if note.kind == WITHIN)
            self._within = {int(data["step"]): list(data["draws"]) for data in notes}
        return self._within.get(n, [])

    def _draw_unknown(self, name: str) -> DrawVerdict:
        if not self.forked:
            raise Divergence(f"the agent drew {name}, which the tape does not hold any more of")
        return self.live()

    def drawn(self, count: int) -> None:
        """So many draws were fed without asking."""

    def newest(self, n: int) -> bool:
        return True

    def _cap_steps(self) -> None:
        if self._max_steps and self._last - self.at >= self._max_steps:
            raise Halt(f"stopped after {self._max_steps} steps (--max-steps)")

    def _fork(self) -> None:
        self._begins = not self.forked
        self.forked = True

    def _next(self) -> int:
        """The number of what is decided now; the fork's own is kept for its step."""
        if self._begins:
            self._begins = False
            return self.at
        self._last += 1
        return self._last

    def _missing(self, n: int | None) -> str:
        if n is not None:
            return f"the agent sent the request of step {n} before step {self.at}"
        where = f" before step {self.at}" if self.at else ""
        return f"the agent sent a request that the tape does not hold{where}"


def _lacks_draws(tape: Tape) -> bool:
    """True for a tape from a tool that recorded no draws: what is drawn is then the agent's own."""
    imported = tape.header.get("imported")
    return isinstance(imported, dict) and "draws" in imported.get("lacks", ())


_STREAM = rb'"stream"\s*:\s*true'


def _path(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).path


def asks_stream(body: bytes) -> bool:
    if not re.search(_STREAM, body):
        return False
    import json

    try:
        data = json.loads(body)
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("stream") is True
