"""Is an agent replayable? Its tape is replayed under one changed condition after the other."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..diff.values import ABSENT
from ..tape.errors import TapeError
from ..tape.reader import Tape
from .boundary import named
from .causes import UNRECORDED
from .changed import IN_COPY
from .conditions import CONDITIONS, Condition, Trial
from .copying import copied_home
from .explain import Explanation
from .replay import Replaying
from .verify import Receipt

NOTE = "disturbed"
SDKS = ("anthropic", "httpx", "httpx2", "openai")
MOST_LOOKS = 4
TELLING = ("clock", "directory order")
"""Conditions whose looks may be what drifts with nothing changed, too."""
LOOK_ON = "see what it looks at, below"


@dataclass(frozen=True)
class Finding:
    """What became of the replays under a condition.

    `changed`: what was, in the replay that failed or in the last; `step`, `path`, `recorded`,
    `replayed`, `site` (the user's frames, the innermost first): where it drifted; `looks`: what
    the user's code looked at, itself or through a library, that was not as when it was recorded;
    `files`: what changed on disk;
    `ended`: the exception that ended the agent; `as_unchanged`: it fails in the same way with
    nothing changed; `skipped`: why the condition was not tried.
    """

    condition: str
    changed: str = ""
    proven: bool = False
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    step: int = 0
    path: str = ""
    recorded: Any = None
    replayed: Any = None
    site: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    ended: str = ""
    cause: str = ""
    remedy: str = ""
    as_unchanged: bool = False
    skipped: str = ""

    def fails_like(self, other: Finding) -> bool:
        same = (self.step, self._place, self.site) == (other.step, other._place, other.site)
        return not self.proven and not other.proven and same

    @property
    def _place(self) -> str:
        """The path, whichever of a list's values it is."""
        return re.sub(r"\[\d+\]", "[]", self.path)


@dataclass(frozen=True)
class Diagnosis:
    """All findings on a tape."""

    tape: str
    fingerprint: str
    steps: int
    findings: list[Finding]

    @property
    def tried(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.skipped]

    @property
    def failed(self) -> list[Finding]:
        return [finding for finding in self.tried if not finding.proven]

    @property
    def replayable(self) -> bool:
        return bool(self.tried) and not self.failed

    def as_json(self) -> dict[str, Any]:
        return {
            "replayable": self.replayable,
            "score": [len(self.tried) - len(self.failed), len(self.tried)],
            "tape": self.tape,
            "fingerprint": self.fingerprint,
            "steps": self.steps,
            "conditions": [_plain(asdict(finding)) for finding in self.findings],
        }


def _plain(finding: dict[str, Any]) -> dict[str, Any]:
    """What JSON can hold: of a value that one side has not, its name."""
    return {name: repr(value) if value is ABSENT else value for name, value in finding.items()}


def examine(
    tape: Tape,
    command: list[str] | None,
    runs: int,
    timeout: float,
    tell: Callable[[Finding], None],
) -> Diagnosis:
    """Replay a tape under every condition; `tell` hears of each finding as it is made. Where what
    the recorded run made is in the way, all replays are in copies of its folder.

    `runs`: replays where chance plays a part; `timeout`: seconds for each.
    """
    findings: list[Finding] = []
    copied = False
    for condition in CONDITIONS:
        finding = _find(tape, command, condition, runs, timeout, copied)
        if not findings and any(line.endswith(IN_COPY) for line in finding.files):
            copied = True
            finding = _find(tape, command, condition, runs, timeout, copied)
            finding = replace(finding, changed="in a copy, as what the recorded run made was there")
        if findings and finding.fails_like(findings[0]):
            seen = finding.looks if _unknown(findings[0]) and condition.name in TELLING else []
            finding = replace(finding, as_unchanged=True, cause="", remedy="", looks=seen)
        findings.append(finding)
        tell(finding)
    return Diagnosis(tape.path, tape.fingerprint, len(tape.index.first), findings)


def _find(
    tape: Tape,
    command: list[str] | None,
    condition: Condition,
    runs: int,
    timeout: float,
    copied: bool,
) -> Finding:
    finding, count = Finding(condition.name, skipped="there is nothing to change"), 0
    trials = condition.trials(tape, runs)
    try:
        for trial in trials:
            count += 1
            with _placed(tape, trial, copied) as placed:
                finding = _judge(tape, command, condition, placed, count, timeout)
            if not finding.proven:
                break
    except TapeError as error:
        return Finding(condition.name, skipped=str(error))
    finally:
        trials.close()
    return finding


@contextlib.contextmanager
def _placed(tape: Tape, trial: Trial, copied: bool) -> Iterator[Trial]:
    if not copied or trial.manner.folder:
        yield trial
        return
    with copied_home(tape) as folder:
        yield replace(trial, manner=replace(trial.manner, folder=folder))


def _judge(
    tape: Tape,
    command: list[str] | None,
    condition: Condition,
    trial: Trial,
    count: int,
    timeout: float,
) -> Finding:
    out = subprocess.DEVNULL
    replaying = Replaying(tape, command, out, out, apart=True, manner=trial.manner)
    looks: list[str] = []
    ended: list[str] = []

    def look(child: Tape) -> None:
        looks.extend(_looks(child))
        ended.append(child.outcome.exception if child.outcome else "")

    failures = []
    try:
        replaying.run.wait(timeout)
    except subprocess.TimeoutExpired:
        failures.append(f"the replay had not ended after {timeout:g} seconds")
    finally:
        if replaying.poll() is None:
            replaying.run.cancel()
    receipt = replaying.receipt(look)
    if receipt.proven and not failures:
        return Finding(condition.name, trial.changed, True, count, unproven=list(receipt.unproven))
    failures += receipt.failures
    return _drifted(tape, condition, trial, count, receipt, failures, looks, ended[0])


def _drifted(
    tape: Tape,
    condition: Condition,
    trial: Trial,
    count: int,
    receipt: Receipt,
    failures: list[str],
    looks: list[str],
    ended: str,
) -> Finding:
    why = receipt.explanation
    first = receipt.leftover[0] if receipt.leftover else 0
    step = (why.step if why else 0) or first
    return Finding(
        condition=condition.name,
        changed=trial.changed,
        runs=count,
        failures=failures,
        step=step,
        path=why.path if why else "",
        recorded=why.recorded if why else None,
        replayed=why.replayed if why else None,
        site=list(tape.step(step).call_site) if step else [why.site] if why else [],
        looks=looks,
        files=list(receipt.changed),
        unproven=list(receipt.unproven),
        ended=ended,
        cause=(condition.cause or (why.cause if why else "")) + _or_else(tape),
        remedy=condition.remedy or _remedy(why),
    )


def _remedy(why: Explanation | None) -> str:
    if why is None:
        return ""
    return LOOK_ON if why.cause == UNRECORDED else why.remedy


def _unknown(finding: Finding) -> bool:
    return finding.cause.startswith(UNRECORDED)


def _or_else(tape: Tape) -> str:
    """A source that is not recorded drifts under any condition, or by chance under none."""
    found = next((effect for effect in named(tape) if effect.kind == "source"), None)
    if found is None:
        return ""
    where = f" at {found.site[0]}" if found.site else ""
    return f"; or {found.what}{where}, which no tape holds"


def _looks(child: Tape) -> list[str]:
    """What the agent looked at that was changed: the user's own looks first, then the last ones.

    What modules look at while they are imported is named only where there is nothing else.
    """
    own: list[str] = []
    others: list[str] = []
    importing: list[str] = []
    for note in child.notes:
        if note.kind in ("divergence", "halt"):
            break
        if note.kind != NOTE:
            continue
        via, site = str(note.data.get("via", "")), (note.data.get("site") or [""])[0]
        if via.partition("/")[0] in SDKS:
            continue
        line = f"{note.data.get('what')} at {site}"
        kind = importing if note.data.get("importing") else others if via else own
        kind.append(f"{line}, by {via}" if via else line)
    return (own + others[::-1] or importing)[:MOST_LOOKS]
