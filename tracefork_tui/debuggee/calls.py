"""Calls that are draws: what a tool or an explicit seam is given and gives, or raises.

What a tool draws belongs to it: it is on the tape only where a replay has to make the call again,
because it talks to a model, or because the tape cannot hold its value. An explicit seam covers
all that happens within, and is never called again.
"""

from __future__ import annotations

import threading
from collections import deque
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from ..tape.codec import pack, packable
from ..tape.errors import Divergence
from ..tape.hashing import sha256
from . import forms
from .flight import Pending
from .names import in_loop, task_name
from .policy import WITHIN
from .raising import raised, raised_whole, revived

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .session import Session

VALUE, OPAQUE, RAN, RAISED = "value", "opaque", "ran", "raised"
RERUN = "rerun"
TURN = 1 << 40
LONGEST = 2000
MOST_WITHIN = 1 << 16

Encode = Callable[[Any], Any]


class What(NamedTuple):
    """A call: its name, who makes it, and what it is given, if that is to match on replay.
    `kind`: the type that its value has on the tape.

    `covers`: an explicit seam. `fresh`: a replay makes the call and compares what it gives.
    `function`: what is called, whose place is told where no frame of the user's is on the stack.
    """

    name: str
    frame: Optional[FrameType]  # noqa: UP045
    arguments: Any = None
    encode: Optional[Encode] = None  # noqa: UP045
    decode: Optional[Encode] = None  # noqa: UP045
    covers: bool = False
    fresh: bool = False
    kind: str = VALUE
    function: Any = None


class _Entry(NamedTuple):
    """A draw within a call, that may have to go on the tape."""

    name: str
    kind: str
    value: Any
    task: str
    site: list[str]
    given: Any
    inner: Optional[list[Any]]  # noqa: UP045, of a call: what it drew


def call(session: Session, what: What, real: Callable[[], Any]) -> Any:
    """What `real()` gives or raises: the world's, recorded, or the tape's. Raises Divergence."""
    made = Call(session, what)
    if made.fed:
        made.turn()
        return made.feed()
    with made:
        value = real()
        made.done(value, what.kind)
    return value


async def call_async(session: Session, what: What, real: Callable[[], Any]) -> Any:
    """`call` for a function that is awaited."""
    made = Call(session, what)
    if made.fed:
        await made.turn_async()
        return made.feed()
    made.awaited = True
    with made:
        value = await real()
        made.done(value)
    return value


class Call:
    """A call under way. `waiting`: what it drew so far, while that is its own affair.

    `quiet` until an exchange is made within: what happens meanwhile, a replay may never come to.
    """

    def __init__(self, session: Session, what: What) -> None:
        self.awaited = False
        self.waiting: list[_Entry] | None = None if what.covers else []
        self._session = session
        self._what = what
        self._given = _given(session, what.arguments)
        self._pending: Pending | None = None
        self._kept = False
        self._before: Any = None
        self._reruns = False
        self.quiet = True
        self._outer: Call | None = session.within.get()
        outers = self._outer._drawn if self._outer is not None else {}
        self._drawn: dict[str, deque[tuple[str, Any]]] = outers
        if self._outer is None or self._outer.waiting is None:
            self._ask()

    @property
    def step(self) -> int:
        """The step that this call, or the one that it belongs to, is; 0 where there is none."""
        if self._pending is not None:
            return self._pending.verdict.n
        return self._outer.step if self._outer is not None else 0

    @property
    def over(self) -> bool:
        """True when a replay takes its value from the tape, and that is known."""
        return self._kept and self.waiting is not None

    def _ask(self) -> None:
        session, what = self._session, self._what
        digest = self._given[0] if self._given else b""
        self._pending = session.ask(what.name, what.frame, digest, what.fresh)
        verdict = self._pending.verdict
        self._pending.given = self._given
        self._pending.defined_at(_defined(session, what.function))
        if what.fresh:
            self._drawn = {}
            for name, kind, value in session.policy.drawn_within(verdict.n):
                self._drawn.setdefault(name, deque()).append((kind, value))
        if verdict.kind not in (OPAQUE, RAN):
            return
        if what.covers:
            raise session.fail(
                Divergence(
                    f"the value of the draw {what.name} could not be kept when it was recorded: it "
                    f"is of type {verdict.value}; give it an encode and a decode"
                ),
                {"draw": what.name, "site": session.callers.site(what.frame)},
            )
        self._reruns, self.waiting = True, None

    # Fed by the tape

    @property
    def fed(self) -> bool:
        return self._pending is not None and self._pending.verdict.fed and not self._reruns

    @property
    def verdict_kind(self) -> str:
        """What kind of draw the tape has here."""
        return self._pending.verdict.kind if self._pending is not None else ""

    def feed(self) -> Any:
        assert self._pending is not None
        verdict = self._pending.verdict
        self._pending.keep(verdict.kind, verdict.value)
        if verdict.kind == RAISED:
            raise revived(verdict.value)
        if self._what.decode is not None:
            return self._what.decode(verdict.value)
        try:
            return forms.restore(verdict.value)
        except forms.Unkept:
            failure = Divergence(
                f"the recorded value of {self._what.name} is of a class that is not loaded"
            )
            raise self._session.fail(failure, {"draw": self._what.name}) from None

    def turn(self) -> None:
        """Wait until it is this call's turn to end."""
        gate, turn = self._session.gate, self._turn()
        if gate is not None and gate.has(turn):
            gate.wait(turn)
            self._passed()

    async def turn_async(self) -> None:
        gate, turn = self._session.gate, self._turn()
        if gate is None or not gate.has(turn):
            return
        try:
            if self._cancelled():
                await gate.stall()
            await gate.wait_async(turn)
        except BaseException as error:
            gate.over(turn)
            if self._pending is not None and not isinstance(error, Divergence):
                self._pending.keep(RAISED, raised_whole(error))
            raise
        self._passed()

    def _cancelled(self) -> bool:
        """True where the recorded call was cancelled: it waits until it is again."""
        assert self._pending is not None
        verdict = self._pending.verdict
        return verdict.kind == RAISED and str(verdict.value[1]) == "CancelledError"

    def _turn(self) -> int:
        assert self._pending is not None
        return -(TURN + self._pending.verdict.n)

    def _passed(self) -> None:
        self._session.timed(-self._turn())
        if self._session.gate is not None:
            self._session.gate.passed(self._turn())

    # Made

    def __enter__(self) -> Call:
        session = self._session
        if self._reruns:
            what = {"what": self._what.name, "site": session.callers.site(self._what.frame)}
            session.note(RERUN, what, once=self._what.name)
        if self._what.covers:
            self._before, session.inside.value = session.inside.value, True
        else:
            self._before = session.within.get()
            session.within.set(self)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        session = self._session
        if self._what.covers:
            session.inside.value = self._before
        else:
            session.within.set(self._before)
        if error is not None and not isinstance(error, Divergence) and not self._kept:
            self._keep(RAISED, raised_whole(error))

    def done(self, value: Any, kind: str = VALUE) -> None:
        """The call gave `value`."""
        try:
            stored, kept = self._stored(value), True
        except forms.Unkept:
            stored, kept = forms.type_name(value), False
        if not kept and not self._what.covers:
            self._spill()
        self._keep(kind if kept else OPAQUE, stored)

    def _stored(self, value: Any) -> Any:
        if self._what.encode is None:
            return forms.kept(value)
        stored = self._what.encode(value)
        if not packable(stored):
            raise forms.Unkept
        return stored

    def _keep(self, kind: str, stored: Any) -> None:
        self._kept = True
        opened = self.waiting is None and not self._what.covers
        if opened and kind != OPAQUE:
            kind, stored = RAN, {"raised": stored} if kind == RAISED else stored
        if self._pending is None and self._outer is not None:
            outer, frame = self._outer, self._what.frame
            if outer.waiting is not None:
                outer.add(self._what.name, kind, stored, frame, self._given, self.waiting or [])
                return
            self._pending = outer.number(self._what.name, task_name(), frame, self._given)
        assert self._pending is not None
        if self.waiting and kind in (VALUE, RAISED):
            self._note_within(self.waiting)
        if self.awaited or (threading.active_count() > 1 and not in_loop()):
            self._passed()
        self._pending.keep(kind, stored)

    def _note_within(self, waiting: list[_Entry]) -> None:
        """What the call drew, for a replay that makes it again."""
        assert self._pending is not None
        drawn = [[entry.name, entry.kind, entry.value] for entry in _leaves(waiting)]
        try:
            if len(pack(drawn)) > MOST_WITHIN:
                return
        except (TypeError, ValueError, OverflowError):
            return
        self._session.note(WITHIN, {"step": self._pending.verdict.n, "draws": drawn})

    # What is drawn within

    def draw(
        self,
        name: str,
        kind: str,
        real: Callable[[], Any],
        frame: FrameType | None,
        encode: Encode | None,
        decode: Encode | None = None,
    ) -> Any:
        """The value of a draw within this call: the world's, or the tape's where it has it."""
        known = self._drawn.get(name) if kind != "command" else None
        if known:
            kind, value = known.popleft()
            self.add(name, kind, value, frame)
            if kind == RAISED:
                raise revived(value)
            return decode(value) if decode else value
        inside = self._session.inside
        inside.value = True
        try:
            value = real()
            self.add(name, kind, encode(value) if encode else value, frame)
        except Divergence:
            raise
        except BaseException as error:
            self.add(name, RAISED, raised(error), frame)
            raise
        finally:
            inside.value = False
        return value

    def add(
        self,
        name: str,
        kind: str,
        value: Any,
        frame: FrameType | None,
        given: Any = None,
        inner: list[_Entry] | None = None,
    ) -> None:
        site = self._session.callers.site(frame)
        entry = _Entry(name, kind, value, task_name(), site, given, inner)
        with self._session.lock:
            if self.waiting is None:
                self._write(entry)
            else:
                self.waiting.append(entry)

    def open(self) -> None:
        """An exchange is made within: from now on every draw within is a step, those before too."""
        with self._session.lock:
            self.quiet = False
            if self._outer is not None:
                self._outer.open()
            if self.waiting is not None:
                self._spill()

    def _spill(self) -> None:
        """What was drawn goes on the tape, or to the outer call."""
        with self._session.lock:
            waiting, self.waiting = self.waiting or [], None
            outer = self._outer
            if outer is not None and outer.waiting is not None:
                outer.waiting.extend(waiting)
                return
            if self._pending is None and outer is not None:
                frame = self._what.frame
                self._pending = outer.number(self._what.name, task_name(), frame, self._given)
            for entry in waiting:
                self._write(entry)

    def _write(self, entry: _Entry) -> None:
        pending = self._numbered(entry.name, entry.task, entry.site, entry.given)
        pending.keep(entry.kind, entry.value)

    def number(self, name: str, task: str, frame: FrameType | None, given: Any) -> Pending:
        """A step for a call within this one."""
        return self._numbered(name, task, self._session.callers.site(frame), given)

    def _numbered(self, name: str, task: str, site: list[str], given: Any) -> Pending:
        pending = Pending(self._session, self._session.policy.live(), name, task, site)
        pending.given = given
        return pending


class _Aside:
    """In the place of a call: what a seam does by itself."""

    quiet = True
    over = False
    waiting = None
    step = -1

    def __init__(self) -> None:
        self._drawn: dict[str, Any] = {}

    def open(self) -> None:
        pass


class aside:
    """What is begun within is a seam's own, and nothing of it waits for a turn."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._before: Any = None

    def __enter__(self) -> None:
        self._before = self._session.within.get()
        self._session.within.set(_Aside())

    def __exit__(self, *_: object) -> None:
        self._session.within.set(self._before)


def _defined(session: Session, function: Any) -> list[str]:
    """Where a function of the user's is defined, as a call site."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or not session.callers.user_file(code.co_filename):
        return []
    name = getattr(code, "co_qualname", code.co_name)
    return [f"{session.callers.shown(code.co_filename)}:{code.co_firstlineno} in {name}"]


def _leaves(entries: list[_Entry]) -> Iterator[_Entry]:
    for entry in entries:
        if entry.inner is None:
            yield entry
        else:
            yield from _leaves(entry.inner)


def _given(session: Session, arguments: Any) -> tuple[bytes, Any] | None:
    """The hash of what a call was given, and that as it is shown; None for nothing to match."""
    if arguments is None:
        return None
    stored = session.redactor.value(forms.shown(arguments))
    shown = stored if len(str(stored)) <= LONGEST else f"{str(stored)[:LONGEST]}…"
    return sha256(pack(stored)).digest(), shown


__all__ = ["Call", "What", "aside", "call", "call_async"]
