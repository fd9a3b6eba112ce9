"""What was under way where a fork left its tape: asked for before that, and answered after it.

The agent may break it off because of what it was told at the fork's step: that is the fork's
doing, and nothing before it came out otherwise.
"""

from __future__ import annotations

from ..tape import records
from ..tape.reader import Tape
from ..tape.steps import Draw, Exchange

BROKEN_OFF = ("closed", "cancelled", "")


def broken_off(parent: Tape, fork: Tape, at: int) -> list[int]:
    """The steps before `at` that the fork broke off; none where one differs in anything else."""
    if fork.index.start_of(at) < 0:
        return []
    others = [n for n in range(1, at) if parent.meaning(n) != fork.meaning(n)]
    under_way = all(_outlives(tape, n, at) for n in others for tape in (parent, fork))
    return others if under_way and all(_same_so_far(parent, fork, n) for n in others) else []


def _outlives(tape: Tape, n: int, at: int) -> bool:
    """True if step `n` was not over when step `at` was asked for."""
    if tape.index.start_of(n) < 0:
        return False
    ends = tape.index.kind_of(n) in records.DRAW_KINDS or tape.index.of_step(n, records.END)
    return not ends or tape.index.last[n - 1] > _asked(tape, at)


def _asked(tape: Tape, n: int) -> int:
    """The place of the record with which step `n` was asked for; of a draw, whose record comes when
    it is over, the last place before which it surely was not.
    """
    while n > 1 and tape.index.kind_of(n) in records.DRAW_KINDS:
        n -= 1
    return tape.index.first[n - 1]


def _same_so_far(parent: Tape, fork: Tape, n: int) -> bool:
    whole, part = parent.step(n), fork.step(n)
    if isinstance(whole, Draw) and isinstance(part, Draw):
        cancelled = part.type == "raised" and part.value[1] == "CancelledError"
        return cancelled and (whole.name, whole.given) == (part.name, part.given)
    if not isinstance(whole, Exchange) or not isinstance(part, Exchange):
        return False
    return _sent(parent, whole) == _sent(fork, part) and _begins(whole, part)


def _sent(tape: Tape, step: Exchange) -> tuple[str, str, bytes]:
    request = step.request
    return request.method, tape.canonical_url(request.url), tape.head_of(step.n)[11]


def _begins(whole: Exchange, part: Exchange) -> bool:
    """True if what was received in part is how the whole of it begins."""
    if part.ended not in BROKEN_OFF or part.error is not None:
        return False
    if whole.response is None or part.response is None:
        return part.response is None
    same = part.response.status == whole.response.status
    same = same and part.response.headers == whole.response.headers
    return same and whole.response.body.startswith(part.response.body)
