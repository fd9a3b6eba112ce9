"""One tape as one thread reads it: what is damaged comes back as a value, not as an exception."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from ..tape import records
from ..tape.index import NOWHERE
from ..tape.reader import Tape
from ..tape.steps import Draw, Exchange

if TYPE_CHECKING:
    from .. import wire
    from .requests import Requests
    from .totals import Totals

T = TypeVar("T")
Kind = Literal["exchange", "draw", "damaged"]
KEPT = 8
FEW = 3
TALKS_KEPT = 512
HEAVY = 512 * 1024
LOOK_BACK = 12
THREAD_BACK = 500
USUAL = 2


class Damaged(NamedTuple):
    """A step that cannot be read; `reason` is one line for a user."""

    n: int
    reason: str
    kind: Literal["damaged"] = "damaged"


Seen = Exchange | Draw | Damaged


class Reader:
    """Steps, conversations and replies of a tape by number; the last few are kept.

    Not for two threads at once: each has its own.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.abandoned = any(line.startswith("it was not closed") for line in tape.damage)
        """Whether no writer held the tape when it was opened, and none had closed it."""
        self.lacks = _lacks(tape)
        """What the source of an imported tape did not have; empty for a tape that was recorded."""
        self.totals: Totals | None = None
        """The sums of the run, as far as they are known."""
        self._steps: OrderedDict[int, Seen] = OrderedDict()
        self._asked: OrderedDict[int, wire.Conversation | None] = OrderedDict()
        self._replies: OrderedDict[int, wire.Reply | None] = OrderedDict()
        self._talks: OrderedDict[int, int] = OrderedDict()

    @property
    def count(self) -> int:
        """The number of the last step, whatever is missing before it."""
        return len(self.tape.index.first)

    def kind(self, n: int) -> Kind:
        """What step `n` is, without reading it."""
        index = self.tape.index
        place = index.first[n - 1]
        if place == NOWHERE or place >= len(index.kinds):
            return "damaged"
        return "draw" if index.kinds[place] in records.DRAW_KINDS else "exchange"

    def step(self, n: int) -> Seen:
        return _kept(self._steps, n, 8 * KEPT, self._read)

    def _read(self, n: int) -> Seen:
        try:
            step = self.tape.step(n)
        except Exception as error:  # whatever a damaged file holds
            return Damaged(
                n, str(error).removeprefix(f"{self.tape.path}: ") or type(error).__name__
            )
        return step

    def conversation(self, n: int) -> wire.Conversation | None:
        """What exchange `n` asks of a model; None if that cannot be told."""
        heavy = self._heavy(n) or any(map(self._heavy, self._asked))
        return _kept(self._asked, n, FEW if heavy else KEPT, self._ask)

    def _heavy(self, n: int) -> bool:
        step = self._steps.get(n)
        return isinstance(step, Exchange) and step.request.size > HEAVY

    @cached_property
    def _requests(self) -> Requests:
        from .requests import Requests

        return Requests()

    def _ask(self, n: int) -> wire.Conversation | None:
        step = self.step(n)
        return self._requests.conversation(step.request) if isinstance(step, Exchange) else None

    def reply(self, n: int) -> wire.Reply | None:
        """What exchange `n` got from a model; None if that cannot be told."""
        return _kept(self._replies, n, KEPT, self._hear)

    def _hear(self, n: int) -> wire.Reply | None:
        from .. import wire

        step = self.step(n)
        if not isinstance(step, Exchange) or step.response is None:
            return None
        response = step.response
        chunks = [chunk.data for chunk in response.chunks]
        try:
            return wire.reply(step.request.url, response.status, response.headers, chunks)
        except Exception:  # records of another shape than any writer's
            return None

    def talk(self, n: int) -> int:
        """The same for the exchanges of one conversation, 0 for what belongs to none."""
        return _kept(self._talks, n, TALKS_KEPT, self._talk)

    def _talk(self, n: int) -> int:
        from .talks import key_of

        step = self.step(n)
        return key_of(self.tape, step) if isinstance(step, Exchange) else 0

    def neighbour(self, n: int, way: int, kind: Kind = "exchange") -> int | None:
        """The nearest step of that kind before (way -1) or after (way 1) step `n`."""
        n += way
        while 1 <= n <= self.count:
            found = self.kind(n)
            if found == kind:
                return n
            run = self.tape.index.run_of(n) if found == "draw" else None
            n = n + way if run is None else run[0] - 1 if way < 0 else run[0] + run[1]
        return None

    def before(self, n: int) -> int | None:
        """The exchange that exchange `n` goes on from: of the last ones, the one whose messages
        it repeats the most of, one of the same agent if there is any."""
        from .. import wire

        current, step = self.conversation(n), self.step(n)
        if current is None or not isinstance(step, Exchange):
            return None
        if current.previous_message_id is not None:
            return self._replied(n, current.previous_message_id)
        talk = self.talk(n)
        best: int | None = None
        most, other = (False, 0), n
        for _ in range(LOOK_BACK):
            found = self.neighbour(other, -1)
            if found is None:
                break
            other = found
            earlier = self.step(other)
            if not isinstance(earlier, Exchange) or earlier.request.size > step.request.size * 4:
                continue
            asked = self.conversation(other)
            if asked is None or asked.api != current.api:
                continue
            delta = wire.added(asked, current)
            shared = len(current.turns) - len(delta.added)
            same = self.talk(other) == talk
            if shared and (same, shared) > most:
                best, most = other, (same, shared)
            if same and shared and not delta.removed and len(delta.added) <= USUAL:
                break
        return best

    def _replied(self, n: int, message: str) -> int | None:
        """The exchange before exchange `n` that a message came from."""
        for _ in range(THREAD_BACK):
            other = self.neighbour(n, -1)
            if other is None:
                return None
            n, reply = other, self.reply(other)
            if reply is not None and reply.id == message:
                return n
        return None

    def refresh(self) -> bool:
        """Take in what was appended since; True if there was anything."""
        if self.tape.sealed or not self.tape.refresh():
            return False
        self._steps.clear()
        self._asked.clear()
        self._replies.clear()
        self._talks.clear()
        return True

    @property
    def ended(self) -> bool:
        """True once nothing more will be appended."""
        return self.tape.sealed or self.tape.index.kinds.rfind(records.OUTCOME) >= 0


def _kept(cache: OrderedDict[int, T], n: int, most: int, make: Callable[[int], T]) -> T:
    if n in cache:
        cache.move_to_end(n)
        return cache[n]
    value = cache[n] = make(n)
    while len(cache) > most:
        cache.popitem(last=False)
    return value


def _lacks(tape: Tape) -> frozenset[str]:
    if "imported" not in tape.header:
        return frozenset()
    from ..interop.imported import lacks

    return lacks(tape)


def command_of(header: dict[str, Any]) -> list[str]:
    """The command that a tape was recorded with."""
    command = header.get("command")
    if isinstance(command, str):
        return [command]
    return [str(word) for word in command] if isinstance(command, list) else []


def agent_of(header: dict[str, Any]) -> str:
    """What to call the agent: its script or module, without directories and suffix."""
    words = command_of(header)
    for before, word in zip(["", *words], words, strict=False):
        if before == "-m":
            return word
        if word.endswith(".py"):
            return word.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    return words[0].rpartition("/")[2] if words else ""


def model_near(reader: Reader, step: Exchange | Draw, last: str) -> str:
    """The model that answered a step; else the last one known, or that of a neighbour."""
    if isinstance(step, Exchange):
        reply = reader.reply(step.n)
        if reply and reply.model:
            return reply.model
    if last:
        return last
    for way in (-1, 1):
        other = reader.neighbour(step.n, way)
        reply = reader.reply(other) if other else None
        if reply and reply.model:
            return reply.model
    return ""
