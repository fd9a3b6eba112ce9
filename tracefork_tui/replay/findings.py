"""What `doctor` found, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..wire.visible import visible
from .causes import spelled
from .doctor import Diagnosis, Finding

LONGEST = 120
MOST_FILES = 6
MOST_FRAMES = 4


def finding_lines(finding: Finding) -> Iterator[str]:
    """A condition and what came of it."""
    name = f"  {finding.condition:<18}"
    if finding.skipped:
        yield visible(f"{name} not tried: {finding.skipped}")
        return
    changed = f"  ({finding.changed})" if finding.changed else ""
    if finding.proven:
        yield f"{name} proven{f'  ({finding.runs} replays)' if finding.runs > 1 else changed}"
        for line in finding.unproven:
            yield visible(f"    but for {line}")
        return
    yield f"{name} NOT PROVEN{changed}"
    if finding.as_unchanged:
        yield "    it drifts as it does with nothing changed"
        for look in finding.looks:
            yield visible(f"    it looked at {look}")
        return
    for line in _drift(finding):
        yield visible(f"    {line}")


def _drift(finding: Finding) -> Iterator[str]:
    yield from finding.failures[: 1 if finding.path else 2]
    if finding.ended and not finding.ended.startswith("Divergence"):
        yield f"the agent ended with {finding.ended}"
    if finding.path:
        yield f"step {finding.step} differs at {finding.path}"
        yield f"  recorded  {_short(finding.recorded)}"
        yield f"  replayed  {_short(finding.replayed)}"
    if finding.site:
        yield f"asked for at {', from '.join(finding.site[:MOST_FRAMES])}"
    for look in finding.looks:
        yield f"it looked at {look}"
    for line in finding.files[:MOST_FILES]:
        yield f"changed since: {line}"
    if finding.cause:
        yield f"likely cause: {finding.cause}"
    if finding.remedy:
        yield f"remedy: {finding.remedy}"


def verdict(diagnosis: Diagnosis) -> str:
    """The score, in one line."""
    tried, failed = len(diagnosis.tried), diagnosis.failed
    score = f"{tried - len(failed)} of {tried} conditions proven"
    if diagnosis.replayable:
        return f"replayable: {score}"
    return (
        f"NOT replayable: {score}, not under {', '.join(finding.condition for finding in failed)}"
    )


def _short(value: Any) -> str:
    text = spelled(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
