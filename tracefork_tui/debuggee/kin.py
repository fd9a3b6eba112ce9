"""What answers a child process: the tape that it recorded, if it has one."""

from __future__ import annotations

from typing import Any

from ..tape.errors import Divergence
from .further import cut_short
from .held import real_sleep
from .policy import Asked, DrawVerdict, Recording, Verdict
from .replaying import Replaying

ENDED_SOON = 10.0


class Silent(Recording):
    """A child that made no step when it was recorded must make none."""

    replaying = offline = True
    _tapeless = "when it was recorded it made no step, or its tape is not beside its parent's"

    def exchange(self, asked: Asked) -> Verdict:
        raise Divergence(f"a child sent a request; {self._tapeless}")

    def draw(self, name: str, task: str, asked: bytes = b"") -> DrawVerdict:
        raise Divergence(f"a child drew {name}; {self._tapeless}")

    def newest(self, n: int) -> bool:
        return False


class Following(Replaying):
    """The tape of a process that was ended from outside: where it is over, that is waited for."""

    def exchange(self, asked: Asked) -> Verdict:
        self._wait()
        return super().exchange(asked)

    def draw(self, name: str, task: str, asked: bytes = b"") -> DrawVerdict:
        self._wait()
        return super().draw(name, task, asked)

    def _wait(self) -> None:
        if self.over:
            real_sleep(ENDED_SOON)


def answers_of(plan: dict[str, Any]) -> tuple[Any, Any]:
    """The recorded tape of a child and the policy that answers it."""
    if plan.get("silent"):
        return None, Silent()
    if not plan.get("parent"):
        return None, Recording()
    from ..tape.reader import Tape

    parent = Tape(plan["parent"])
    return parent, Following(parent) if cut_short(parent) else Replaying(parent)
