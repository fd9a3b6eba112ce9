"""The one decision point: every request and every draw asks the session what answers it."""

from __future__ import annotations

import os
import sys
import threading
import time
from _thread import start_new_thread
from collections.abc import Sequence
from functools import partial
from threading import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable

from ..tape.errors import Divergence, Halt, TapeError
from ..tape.redact import Pair, Redactor
from ..tape.urls import canonical_url
from ..tape.writer import Writer
from . import addresses
from .bursts import Burst
from .callers import Callers
from .failures import say
from .flight import Flight, Pending
from .names import in_loop, task_name
from .policy import LIVE, RECORDED, STALE, Asked, DrawVerdict
from .raising import raised, revived
from .variables import Variable

if TYPE_CHECKING:
    from ..tape.spans import Body

perf_counter_ns = time.perf_counter_ns
sleep = time.sleep
SWALLOWED = 3
DOOMED = 10.0  # seconds for an agent to end by itself after a divergence
MANY = 64
SLEPT = "slept"
RAISED = "raised"

active: Session | None = None


class Session:
    """Holds the tape that is being written and the policy that answers.

    After a divergence every further question diverges too; the third that the agent swallows
    ends the process.
    """

    def __init__(
        self,
        writer: Writer,
        policy: Any,
        callers: Callers,
        redactor: Redactor,
        origins: dict[str, str],
    ) -> None:
        self.policy = policy
        self.callers = callers
        self.redactor = redactor
        self.inside: Variable[bool] = Variable("tracefork_inside", False)
        """True in the task or thread where our own code runs, or a call that is a draw already."""
        self.within: Variable[Any] = Variable("tracefork_within", None)
        self.detached = False
        self.gate: Any = None
        self.ahead: Any = None
        self.breakpoints: Any = None
        self.fork_point: Any = None
        self.writer = writer
        writer.clean = redactor.value
        self._origins = origins
        self.clock = perf_counter_ns
        self.start = perf_counter_ns()
        self.lock: Any = threading.RLock()
        self._main = threading.main_thread().ident
        self.burst = Burst(self, perf_counter_ns)
        self._failure: Divergence | None = None
        self.failed_at = ""
        self._swallowed = 0
        self._seen: set[Any] = set()
        self._slept: list[Any] = []
        self._rounds = 0
        self.rounds = 0
        self.rested = True

    # Exchanges

    def begin(
        self,
        method: str,
        url: str,
        raw: Sequence[Pair],
        body: bytes | None,
        frame: FrameType | None,
    ) -> Flight:
        """Decide an exchange and put its request on the tape. Raises Divergence.

        A `body` that is None is on its way: `Flight.sent` tells what it was.
        """
        call = self.within.get()
        if call is not None:
            call.open()
        redactor = self.redactor
        headers = redactor.headers(raw)
        on_its_way = body is None
        clean = partial(redactor.body, url)
        taken = self.writer.take(body or b"", clean, redactor.edition)
        url = redactor.url(url)
        task = task_name()
        site = self.callers.site(frame)
        self._name_thread(site)
        addresses.told(self, "a request", taken.data, taken.known, site)
        canonical = canonical_url(url, self._origins)
        asked = Asked(method, canonical, taken.data, taken.digest, task)
        with self.lock:
            self._come(lambda: self.policy.early(asked))
            self._still_true()
            self.burst.shut()
            try:
                verdict = self.policy.exchange(asked)
            except Divergence as failure:
                what = {"method": method, "url": url, "headers": headers, "body": taken.data}
                raise self.fail(failure, {**what, "site": site, "task": task}) from None
            flight = Flight(self, verdict)
            flight.url = url
            where = (task, site, verdict.provenance, method, url, headers)

            def send(body: bytes | Body) -> None:
                self.write(lambda w, t: w.send(verdict.n, t, *where, body))

            if on_its_way:
                flight._send = send
            else:
                send(taken)
            self._asked(left=True)
            if self.breakpoints is not None:
                self.breakpoints.reached(verdict.n, f"{method} {url}", frame)
        return flight

    def enough_of(self, method: str, url: str) -> Callable[[bytes], bool]:
        """For an upload on replay: a test whether the recorded run sent no more than this."""
        redactor = self.redactor
        canonical = canonical_url(redactor.url(url), self._origins)
        uploads = self.policy.uploads(method, canonical)
        return lambda body: uploads.enough(redactor.body(url, body))

    # Draws

    def draw(
        self,
        name: str,
        kind: str,
        real: Callable[[], Any],
        frame: FrameType | None,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        fresh: bool = False,
        fits: Callable[[Any], bool] | None = None,
    ) -> Any:
        """The value of a draw: the agent's own world's, recorded, or the tape's. Raises Divergence.

        `encode` and `decode` turn the value into what msgpack holds, and back. An exception that
        `real` raises is recorded and raised again. `fresh`: a replay takes the step from the tape
        but its value from the world. `fits`: whether a value can be given here; a tape's that does
        not is a divergence, or after a fork drawn anew. What a finalizer draws in the middle of our
        own work is not recorded.
        """
        if self.detached or self.lock._is_owned():
            return real()
        call = self.within.get()
        if call is not None and call.waiting is not None:
            return call.draw(name, kind, real, frame, encode, decode)
        self.inside.value = True
        try:
            return self._draw(self._decide(name, frame, fresh, fits), kind, real, encode, decode)
        finally:
            self.inside.value = False

    def quiet(self) -> bool:
        """True within a call that a replay may not make: nothing there is waited for."""
        call = self.within.get()
        return bool(self.inside.value) or (call is not None and call.quiet)

    def aside(self, real: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call what is not recorded; what it draws in turn is not either."""
        before, self.inside.value = self.inside.value, True
        try:
            return real(*args, **kwargs)
        finally:
            self.inside.value = before

    def _draw(self, pending: Pending, kind: str, real: Any, encode: Any, decode: Any) -> Any:
        if pending.verdict.fed:
            return _feed(pending.verdict, decode)
        try:
            value = real()
            pending.keep(kind, encode(value) if encode else value)
        except Divergence:
            raise
        except BaseException as error:
            pending.keep(RAISED, raised(error))
            raise
        return value

    def _decide(
        self,
        name: str,
        frame: FrameType | None,
        fresh: bool = False,
        fits: Callable[[Any], bool] | None = None,
    ) -> Pending:
        """What answers a draw; a value from the tape is on the new tape already."""
        pending = self.ask(name, frame, fresh=fresh)
        if fits is not None and pending.verdict.fed and pending.verdict.kind != RAISED:
            self._fit(pending, name, frame, fits)
        if pending.verdict.fed:
            pending.keep(pending.verdict.kind, pending.verdict.value)
        return pending

    def _fit(
        self, pending: Pending, name: str, frame: FrameType | None, fits: Callable[[Any], bool]
    ) -> None:
        verdict = pending.verdict
        if fits(verdict.value):
            return
        follows = self.policy.replaying and not self.policy.forked
        if verdict.provenance in (LIVE, RECORDED, STALE) and not follows:
            pending.anew()
            return
        failure = Divergence(f"the agent draws {name} from other items than those of its value")
        raise self.fail(failure, {"draw": name, "site": self.callers.site(frame)})

    def ask(
        self, name: str, frame: FrameType | None, asked: bytes = b"", fresh: bool = False
    ) -> Pending:
        """What answers a draw. Raises Divergence. `asked`: a hash of what a call was given."""
        task = task_name()
        site = self.callers.site(frame)
        self._name_thread(site)
        with self.lock:
            self._come(lambda: self.policy.early_draw(name, task, asked))
            self._still_true()
            self.burst.shut()
            try:
                verdict: DrawVerdict = self.policy.draw(name, task, asked)
            except Divergence as failure:
                raise self.fail(failure, {"draw": name, "site": site, "task": task}) from None
            if fresh:
                verdict = verdict._replace(fed=False)
            pending = Pending(self, verdict, name, task, site)
            self._asked(left=verdict.fed)
            if self.breakpoints is not None:
                self.breakpoints.reached(verdict.n, name, frame)
        if verdict.fed and self._among_threads():
            pending.verdict = verdict._replace(more=None)
            self.due(verdict.n)
        return pending

    def _among_threads(self) -> bool:
        return self.gate is not None and bool(self.gate.completion)

    def due(self, n: int) -> None:
        """Wait, in a thread, until what was completed before step `n` is."""
        if self._among_threads():
            self.gate.completion.wait(n, in_loop())

    def completed(self, n: int) -> None:
        """Step `n` is on the tape whole."""
        if self.gate is not None:
            self.gate.completion.done(n)

    def keep(
        self,
        verdict: DrawVerdict,
        said: tuple[Any, ...],
        value: Any,
        given: tuple[bytes, Any] | None = None,
    ) -> None:
        """Put a draw on the tape; `said`: (task, site, provenance, name, type)."""
        with self.lock:
            if self.detached:
                return
            n = verdict.n
            if given or self._slept or not self.burst.take(n, said, value, verdict.more):
                task, site, provenance, name, kind = said
                self.write(
                    lambda w, t: w.draw(n, t, task, site, provenance, name, kind, value, given)
                )
        self.completed(n)

    # The run

    def note(self, kind: str, data: dict[str, Any], once: Any = None) -> None:
        """Something about the run; with `once`, said once for that key."""
        if once is not None:
            if (kind, once) in self._seen:
                return
            self._seen.add((kind, once))
        self.write(lambda w, t: w.note(t, kind, self.redactor.value(data)))

    def covered(self, url: str) -> None:
        """An exchange within a draw that stands for all that happens in it: no step of its own."""
        site = self.callers.site(sys._getframe(1))
        url = self.redactor.url(url)
        self.note("covered", {"what": f"request to {url}", "site": site}, once=(url, *site[:1]))

    def output(self, stream: int, text: str) -> None:
        clean = self.redactor.text(text)
        addresses.told(self, "what was printed", clean.encode("utf-8", "replace"), 0, [])
        self.write(lambda w, t: w.output(t, stream, clean))

    def timed(self, number: int | list[Any]) -> None:
        """A sleep or a timer has ended, or what a thread did; told before the next record."""
        self.turn()
        self._slept.append(number)
        if len(self._slept) >= MANY:
            self.flush()

    def turn(self) -> None:
        """Something that came from outside reaches the agent: a delivery, or a timer.

        Where its loop has not rested since the last one, the rounds that it made meanwhile are
        told, as a number that is not above zero. What reaches a thread is no concern of a loop's.
        """
        if not in_loop():
            return
        if not self.rested:
            self._slept.append(-min(self.rounds - self._rounds, MANY))
        self.rested, self._rounds = not self.rounds, self.rounds

    def flush(self) -> None:
        """Write what waits for the next record."""
        self.write(lambda w, t: None)

    def write(self, record: Callable[[Writer, int], Any]) -> None:
        """Append a record, stamped with the time; a tape that fails never fails the agent."""
        if self.detached:
            return
        with self.lock:
            now = (perf_counter_ns() - self.start) // 1000
            try:
                self.burst.close()
                if self._slept:
                    over, self._slept = self._slept, []
                    self.writer.note(now, SLEPT, {"over": self.redactor.value(over)})
                record(self.writer, now)
            except TapeError as error:
                self.stop(error)

    def stop(self, error: TapeError) -> None:
        """The tape takes nothing more; the agent goes on."""
        self.detached = True
        self.burst.off()
        say(f"recording stopped: {error}")

    def fail(self, failure: Divergence, data: dict[str, Any]) -> Divergence:
        """Put a divergence on the tape; from now on nothing is answered."""
        kind = "halt" if isinstance(failure, Halt) else "divergence"
        self._failure = failure
        headers = [list(pair) for pair in data.pop("headers", [])]
        self.note(kind, {"message": str(failure), "headers": headers, **data})
        if self.gate is not None:
            self.gate.open()
        if self.failed_at:
            os.close(self.aside(os.open, (self.failed_at, os.O_WRONLY | os.O_CREAT, 0o600), {}))
        if self.breakpoints is None:
            start_new_thread(self._end_late, ())
        return failure

    def detach(self) -> None:
        """In a forked child: the tape is the parent's."""
        self.detached = True
        self.burst.off()
        self.writer.close()

    def again(self, writer: Writer, policy: Any) -> None:
        """Begin anew, in a forked child, on a tape of its own."""
        inside, within = self.inside, self.within
        Session.__init__(self, writer, policy, self.callers, self.redactor, self._origins)
        self.inside, self.within = inside, within

    @property
    def failed(self) -> bool:
        return self._failure is not None

    def _still_true(self) -> None:
        if self._failure is None:
            return
        self._swallowed += 1
        if self._swallowed >= SWALLOWED:
            self.end()
        raise self._failure

    def _end_late(self) -> None:
        """What waits for a thread that is gone, or serves for ever, ends too."""
        sleep(DOOMED)
        self.end()

    def end(self) -> None:
        """End the process: a divergence, here or in a process beside, was not the end of it."""
        self.note("ended", {"message": "the agent went on after the divergence"})
        if self._failure is not None:
            say(str(self._failure))
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(1)

    def _name_thread(self, site: list[str]) -> None:
        """Say once that more than one thread asks and draws."""
        if get_ident() != self._main:
            what = f"{threading.current_thread().name} asks and draws beside the main one"
            self.note("threads", {"what": what, "site": site}, once="")

    def _come(self, early: Callable[[], bool]) -> None:
        """Wait where the run is ahead of its fork; the lock is held."""
        if self.fork_point is not None:
            self.fork_point.wait(early)

    def _asked(self, left: bool) -> None:
        """A step was asked for. `left`: where a fork begins, it has left the tape."""
        if self.fork_point is not None:
            self.fork_point.asked()
        if left and self.gate is not None and self.policy.forked:
            self.gate.open()


def _feed(verdict: DrawVerdict, decode: Any) -> Any:
    if verdict.kind == RAISED:
        raise revived(verdict.value)
    return decode(verdict.value) if decode else verdict.value


__all__ = ["Session", "active", "task_name"]
