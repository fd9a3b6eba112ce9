"""What is decided and not on the tape whole: an exchange on its way, a draw without its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable

from ..tape.hashing import sha256
from ..tape.redact import Pair
from .cleaning import Cleaning
from .policy import CUT_UPLOAD, LIVE, NO_STEP, DrawVerdict, Verdict

if TYPE_CHECKING:
    from ..tape.answer import Answer
    from .session import Session

LIBRARIES = ("httpx", "httpx2")


class Pending:
    """A draw that was decided and whose value is not on the tape yet."""

    def __init__(
        self, session: Session, verdict: DrawVerdict, name: str, task: str, site: list[str]
    ) -> None:
        self.verdict = verdict
        self._session = session
        self.given: tuple[bytes, Any] | None = None
        self._where = (task, tuple(site), verdict.provenance, name)

    def defined_at(self, site: list[str]) -> None:
        """Where no frame of the user's asked, the place of what is called."""
        task, where, provenance, name = self._where
        self._where = (task, where or tuple(site), provenance, name)

    def anew(self) -> None:
        """The value is the agent's own world's after all."""
        self.verdict = self.verdict._replace(provenance=LIVE, fed=False, more=None)
        task, where, _, name = self._where
        self._where = (task, where, LIVE, name)

    def keep(self, kind: str, value: Any) -> None:
        if self.verdict.n == NO_STEP:
            return
        clean = self._session.redactor.value(value)
        self._session.keep(self.verdict, (*self._where, kind), clean, self.given)


class Flight:
    """An exchange on its way. `answer` None: the real transport answers, and tells us."""

    def __init__(self, session: Session, verdict: Verdict) -> None:
        self.session = session
        self.n = verdict.n
        self.verdict = verdict
        self.answer: Answer | None = verdict.answer
        self.ended = False
        self._hash = sha256()
        self._cleaning: Cleaning | None = None
        self._send: Callable[[bytes], Any] | None = None

    def sent(self, body: bytes, whole: bool) -> None:
        """What was sent of a request whose body was on its way; the first time counts."""
        send, self._send = self._send, None
        if send is None:
            return
        if not whole:
            self.session.note(CUT_UPLOAD, {"step": self.n, "what": f"{len(body)} bytes were sent"})
        send(self.session.redactor.body(self.url, body))

    def head(self, status: int, reason: str, version: str, headers: Sequence[Pair]) -> None:
        session = self.session
        clean = session.redactor.headers(headers)
        self._cleaning = Cleaning(session.redactor, self.url, clean)
        session.turn()
        session.write(lambda w, t: w.head(self.n, t, status, reason, version, clean))

    def chunk(self, data: bytes) -> None:
        if self.ended:
            return
        session = self.session
        session.turn()
        for clean in self._cleaning.take(data) if self._cleaning else ():
            self._keep(clean)

    def _keep(self, clean: bytes) -> None:
        self._hash.update(clean)
        self.session.write(lambda w, t: w.chunk(self.n, t, clean))

    def end(self, how: str, error: list[Any] | None = None) -> None:
        """Only the first end counts: closing after the last byte changes nothing."""
        if self.ended:
            return
        self.ended = True
        self.session.turn()
        for clean in self._cleaning.rest() if self._cleaning else ():
            self._keep(clean)
        digest = self._hash.digest()
        self.session.write(lambda w, t: w.end(self.n, t, how, error, digest))
        self.session.completed(self.n)

    def whole(
        self, status: int, reason: str, version: str, headers: Sequence[Pair], body: bytes
    ) -> None:
        """A response that was read already: it goes to the file in one go."""
        writer = self.session.writer
        with self.session.lock:
            writer.holds = True
            try:
                self.head(status, reason, version, headers)
                if body:
                    self.chunk(body)
            finally:
                writer.holds = False
            self.end("eof")

    url = ""
