"""What answers a request or a draw: the agent's own world, a tape, or an intervention.

The session asks a policy for a Verdict; recording, replaying, forking and running live are
policies, not modes spread over the code. Those that follow a tape are in `replaying`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..tape import records
from .feeding import Draws, Stretch

if TYPE_CHECKING:
    from ..tape.answer import Answer
    from ..tape.reader import Tape

LIVE, RECORDED, STALE, EDITED, FAULT, SCRIPTED, HUMAN = range(len(records.PROVENANCES))

NO_STEP = 0
CUT_UPLOAD = "cut upload"
WITHIN = "within"


class Asked(NamedTuple):
    """A request as policies see it: canonical URL, body with secrets replaced, and its hash."""

    method: str
    url: str
    body: bytes
    digest: bytes
    task: str


class Verdict(NamedTuple):
    """The step's number, where its answer comes from, and the answer; None is the real world.

    `source`: the step of the parent's tape that was consumed, 0 for none. `ended`: how the
    recorded exchange ended, where it is one.
    """

    n: int
    provenance: int
    answer: Answer | None = None
    source: int = 0
    ended: str = "eof"


class DrawVerdict(NamedTuple):
    """The step's number, provenance, and the value to feed, if `fed`; `more`: where it came from,
    if the next ones there can be fed without asking.
    """

    n: int
    provenance: int
    fed: bool = False
    value: Any = None
    kind: str = ""
    more: Stretch | None = None


class Uploads:
    """Requests that an upload may be, in their order; those `cut` were not sent whole."""

    def __init__(self, tape: Any, steps: list[int], cut: set[int]) -> None:
        self._tape = tape
        self._steps = steps if cut.intersection(steps) else []
        self._cut = cut

    def enough(self, body: bytes) -> bool:
        """True if the first that begins like `body` was cut right there."""
        for n in self._steps:
            sent = self._tape.request_body(n)
            if sent.startswith(body):
                return n in self._cut and len(sent) == len(body)
        return False


class Recording:
    """Everything comes from the real world."""

    parent: Any = None
    """The tape that answers."""
    replaying = False
    offline = False
    forked = False
    feeds = False
    """Whether draws are fed from a tape."""

    def __init__(self) -> None:
        self._last = 0

    def exchange(self, asked: Asked) -> Verdict:
        return Verdict(self._next(), LIVE)

    def draw(self, name: str, task: str, asked: bytes = b"") -> DrawVerdict:
        """`asked`: a hash of what a call was given, where it is to match."""
        return DrawVerdict(self._next(), LIVE)

    def live(self) -> DrawVerdict:
        """A draw of the real world, whatever the tape holds."""
        return DrawVerdict(self._next(), LIVE)

    def early(self, asked: Asked) -> bool:
        """True for a request that other threads have to ask before."""
        return False

    def early_draw(self, name: str, task: str, asked: bytes = b"") -> bool:
        """`early`, of a draw."""
        return False

    def drawn_within(self, n: int) -> list[Any]:
        """What the call that is step `n` drew when it was recorded: [name, kind, value]."""
        return []

    def uploads(self, method: str, url: str) -> Uploads:
        """The requests on the tape that an upload to `url` may be."""
        return Uploads(None, [], set())

    def holds(self, name: str) -> bool:
        """True where a draw of this name is left to be fed."""
        return False

    def drawn(self, count: int) -> None:
        """So many draws were numbered without asking."""
        self._last += count

    def newest(self, n: int) -> bool:
        """True where the next draw is step `n` + 1, whoever asks."""
        return n == self._last

    def _next(self) -> int:
        self._last += 1
        return self._last


class Redrawing(Recording):
    """A recording whose draws are an older tape's, so that it can come out equal."""

    feeds = True

    def __init__(self, old: Tape) -> None:
        super().__init__()
        self._draws = Draws(old)

    def holds(self, name: str) -> bool:
        return self._draws.has(name)

    def draw(self, name: str, task: str, asked: bytes = b"") -> DrawVerdict:
        found = self._draws.first(name, task)
        if found is None:
            return super().draw(name, task)
        value, kind = found.take(0)
        return DrawVerdict(self._next(), LIVE, True, value, kind)
