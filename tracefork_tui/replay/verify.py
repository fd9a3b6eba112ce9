"""What a replay proves: its tape compared with the tape that it replayed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from ..debuggee.further import cut_short
from ..tape import records
from ..tape.reader import Tape
from ..tape.steps import Note
from .boundary import of_family
from .changed import changes_since
from .children import children
from .underway import broken_off

if TYPE_CHECKING:
    from .explain import Explanation

SINGLE = (records.DRAW, records.CALL)


@dataclass(frozen=True)
class Receipt:
    """The result of a replay or of a fork's prefix.

    Counts are (as replayed, on the tape). `failures`: one line for each thing that did not hold;
    `unproven`: what could not be proven though nothing contradicted it; `uncaptured`: what the
    seam did not see, with its call site; `changed`: code and input files that are not as they were;
    `stopped`: the user ended it, says this line; `unfired`: calls of tools that the tape answered,
    counted where something did not hold; `children`: a line for each child process.
    """

    exchanges: tuple[int, int]
    draws: tuple[int, int]
    bodies: tuple[int, int]
    leftover: list[int]
    fingerprint: str
    recorded_fingerprint: str
    outcome: str
    recorded_outcome: str
    failures: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    uncaptured: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    explanation: Explanation | None = None
    stopped: str = ""
    unfired: int = 0
    children: list[str] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        return {"proven": self.proven, **asdict(self)}


def verify_replay(parent: Tape, child: Tape) -> Receipt:
    """Compare a whole replay with its tape, and those of its children with theirs."""
    receipt = _verify(parent, child, len(parent.index.first), whole=True)
    lines, failures = _children(parent, child)
    return replace(receipt, children=lines, failures=receipt.failures + failures)


def _children(parent: Tape, replayed: Tape) -> tuple[list[str], list[str]]:
    """What came of the recorded children, a line each; and what did not hold."""
    again = {one.number: one for one in children(replayed)}
    lines, failures = [], []
    for one in children(parent):
        now = again.pop(one.number, None)
        if now is None and one.within:
            lines.append(f"{one.label}: not run again, step {one.step} has its result")
        elif now is None:
            failures.append(f"{one.label} was not started again")
        elif not one.path and now.path:
            lines.append(f"{one.label}: NOT PROVEN, there is no tape of it")
            failures.append(f"{one.label}: {_stopping(now.path)}")
        elif not one.path:
            lines.append(f"{one.label}: no step of its own")
        elif not now.path:
            failures.append(f"{one.label} made no step")
        else:
            with Tape(one.path) as recorded, Tape(now.path) as tape:
                receipt = verify_replay(recorded, tape)
                early = cut_short(recorded) and _only_draws_left(recorded, tape, receipt)
            if early:
                rest = f"before its last {len(receipt.leftover)} draws"
                lines.append(f"{one.label}: proven until it was ended from outside, {rest}")
                continue
            counts = f"{receipt.exchanges[0]} exchanges, {receipt.draws[0]} draws"
            state = "proven" if receipt.proven else "NOT PROVEN"
            lines.append(f"{one.label}: {state}, {counts}")
            if not receipt.proven:
                lines += [f"  {line}" for line in _why(receipt)]
            lines += [f"  {line}" for line in receipt.children]
            lines += [f"  not proven: {line}" for line in receipt.unproven]
            failures += [f"{one.label}: {line}" for line in receipt.failures]
    failures += [f"{one.label} was not started when it was recorded" for one in again.values()]
    return lines, failures


def _stopping(path: str) -> str:
    """Why a child stopped that no tape answered."""
    with Tape(path) as tape:
        return _message(tape, "divergence") or "no tape of it was kept, or it is gone"


def _why(receipt: Receipt) -> Iterator[str]:
    if receipt.explanation is not None:
        yield from receipt.explanation.lines()
    for line in receipt.changed:
        yield f"changed since: {line}" if line[0] != " " else f"    {line}"


def _only_draws_left(recorded: Tape, replayed: Tape, receipt: Receipt) -> bool:
    """True where all was as recorded but for the last draws, which it did not come to."""
    left, last = receipt.leftover, len(recorded.index.first)
    if not left or len(receipt.failures) > 1 or left != list(range(left[0], last + 1)):
        return False
    drawn = all(recorded.index.kind_of(n) in records.DRAW_KINDS for n in left)
    before = left[0] - 1
    return drawn and recorded.fingerprint_at(before) == replayed.fingerprint_at(before)


def verify_prefix(parent: Tape, child: Tape, at: int) -> Receipt:
    """Compare a fork's steps before `at` with its parent's."""
    return _verify(parent, child, at - 1, whole=False)


def _verify(parent: Tape, child: Tape, upto: int, whole: bool) -> Receipt:
    failures: list[str] = []
    exchanges, draws, same_bodies = [0, 0], [0, 0], 0
    leftover = []
    kinds = zip(parent.index.kinds_of(upto), child.index.kinds_of(upto), strict=True)
    for n, (there, here) in enumerate(kinds, 1):
        if there < 0:
            continue
        count = draws if there in records.DRAW_KINDS else exchanges
        count[1] += 1
        if here < 0:
            leftover.append(n)
        elif (here in records.DRAW_KINDS) == (count is draws):
            count[0] += 1
            if count is exchanges:
                same_bodies += child.head_of(n)[11] == parent.head_of(n)[11]
    stopped = _stopped(child)
    ended = _message(child, "stopped")
    unasked = chain(leftover, range(upto + 1, len(parent.index.first) + 1))
    if stopped is not None:
        failures.append(str(stopped.data.get("message", "the replay diverged")))
    if leftover:
        failures.append(f"not asked for again: {_steps(leftover)}")
    extra = len(child.index.first) - upto
    if whole and extra > 0:
        failures.append(f"{extra} steps more than the tape has")
    recorded, replayed = parent.fingerprint_at(upto), child.fingerprint_at(upto)
    broken: list[int] = []
    if recorded != replayed and not failures:
        broken = [] if whole else broken_off(parent, child, upto + 1)
        if not broken:
            failures.append(f"step {_first_difference(parent, child, upto)} is not as recorded")
    before, after = _outcome(parent), _outcome(child)
    if whole and before != after and before:
        failures.append(f"it ended with {after or 'no outcome'}, the recorded run with {before}")
    return Receipt(
        exchanges=(exchanges[0], exchanges[1]),
        draws=(draws[0], draws[1]),
        bodies=(same_bodies, exchanges[1]),
        leftover=leftover,
        fingerprint=replayed,
        recorded_fingerprint=recorded,
        outcome=after,
        recorded_outcome=before,
        failures=failures,
        unproven=[] if failures else _unproven(parent, child, upto, whole, broken),
        uncaptured=uncaptured(child),
        changed=changes_since(parent, child, touched=bool(failures)),
        explanation=_explained(parent, child, stopped, unasked)
        if stopped or (leftover and not ended)
        else None,
        stopped=ended,
        unfired=_unfired(child) if failures else 0,
    )


def _explained(
    parent: Tape, child: Tape, stopped: Note | None, unasked: Iterable[int]
) -> Explanation:
    from .explain import explain

    return explain(parent, child, stopped, unasked)


def _unfired(child: Tape) -> int:
    """How many calls of tools the tape answered."""
    count = 0
    for n in range(1, len(child.index.first) + 1):
        if child.index.kind_of(n) in (records.DRAW, records.CALL):
            head = child.head_of(n)
            recorded = records.PROVENANCES[head[5]] == "recorded"
            fed = str(child.atom(head[7])) not in ("ran", "opaque")
            count += recorded and fed and str(child.atom(head[6])).startswith(("tool ", "mcp "))
    return count


def _stopped(child: Tape) -> Note | None:
    kinds = ("divergence",)
    return next((note for note in child.notes if note.kind in kinds), None)


def halted(child: Tape) -> str:
    """Why the run was ended on purpose, or ""."""
    return _message(child, "halt")


def _message(tape: Tape, kind: str) -> str:
    note = next((note for note in tape.notes if note.kind == kind), None)
    return str(note.data.get("message", "")) if note else ""


def uncaptured(tape: Tape) -> list[str]:
    """What the seam did not see, one line each, with the call site."""
    return [effect.line for effect in of_family(tape)]


def _unproven(parent: Tape, child: Tape, upto: int, whole: bool, broken: list[int]) -> list[str]:
    found = []
    if broken:
        found.append(f"the rest of {_steps(broken)}: under way at the fork, which broke it off")
    if whole and parent.order != child.order:
        found.append("the order in which concurrent steps were completed")
    elif any(note.kind == "order" for note in child.notes):
        found.append("the order of concurrent answers")
    found += _drawn_by_others(parent, child, upto)
    if whole:
        found += _printed_otherwise(parent, child)
    return found


def _drawn_by_others(parent: Tape, child: Tape, upto: int) -> list[str]:
    """Draws that went to another task or thread than when they were recorded."""
    others = []
    kinds = zip(parent.index.kinds_of(upto), child.index.kinds_of(upto), strict=True)
    for n, (there, here) in enumerate(kinds, 1):
        if there == here and here in SINGLE:
            was, now = parent.atom(parent.head_of(n)[3]), child.atom(child.head_of(n)[3])
            others += [n] if was != now else []
    return [f"which task drew what: {_steps(others)}"] if others else []


def _printed_otherwise(parent: Tape, child: Tape) -> list[str]:
    before, after = _printed(parent), _printed(child)
    if before == after:
        return []
    pairs = enumerate(zip_longest(before, after), 1)
    line = next(at for at, (was, now) in pairs if was != now)
    return [f"what it printed: line {line} is not as recorded"]


def _printed(tape: Tape) -> list[str]:
    return "".join(text for _, stream, text in tape.output() if stream == 1).splitlines()


def _first_difference(parent: Tape, child: Tape, upto: int) -> int:
    low, high = 0, upto
    while low < high:
        middle = (low + high) // 2
        if parent.fingerprint_at(middle + 1) == child.fingerprint_at(middle + 1):
            low = middle + 1
        else:
            high = middle
    return low + 1


def _outcome(tape: Tape) -> str:
    outcome = tape.outcome
    if outcome is None:
        return ""
    if outcome.signal is not None:
        return f"signal {outcome.signal}"
    return "" if outcome.exit_code is None else f"exit code {outcome.exit_code}"


def _steps(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    more = f" and {len(numbers) - 6} more" if len(numbers) > 6 else ""
    return f"step{'s' if len(numbers) > 1 else ''} {shown}{more}"
