"""Receipts and reports as plain lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..wire.visible import visible

if TYPE_CHECKING:
    from .fork import ForkReport
    from .verify import Receipt

MOST = 12


def lines(receipt: Receipt) -> Iterator[str]:
    """The receipt of a replay."""
    yield f"replay: {'proven' if receipt.proven else 'NOT PROVEN'}"
    yield from _counts(receipt)
    recorded = receipt.recorded_outcome or "none"
    yield f"  outcome       {receipt.outcome or 'none'} (recorded: {recorded})"
    yield from _rest(receipt)


def fork_lines(report: ForkReport) -> Iterator[str]:
    """The report of a fork."""
    parent = report.tape.header.get("parent") or {}
    at = int(parent.get("step", 0))
    held = report.receipt.proven
    yield f"fork: {report.tape.path}"
    proven = f"steps 1 to {at - 1} proven" if at > 1 else "none: step 1 is the first"
    yield f"  prefix        {proven if held else 'NOT PROVEN'}"
    yield from _rest(report.receipt)
    served = parent.get("intervention") or "no intervention"
    yield visible(f"  step {at:<8} {served if report.reached else 'was not reached'}")
    after = provenances(report, at)
    if after:
        yield "  tail          " + ", ".join(f"{count} {name}" for name, count in after.items())
    if report.halted:
        yield visible(f"  halted        {report.halted}")
    yield f"  outcome       {report.receipt.outcome or 'none'}"


def fork_document(report: ForkReport) -> dict[str, Any]:
    """The report of a fork as JSON."""
    parent = report.tape.header.get("parent") or {}
    return {
        "tape": report.tape.path,
        "held": report.held,
        "reached": report.reached,
        "halted": report.halted,
        "step": parent.get("step"),
        "intervention": parent.get("intervention"),
        "fingerprint": report.tape.fingerprint,
        "provenances": provenances(report, int(parent.get("step", 0))),
        "prefix": report.receipt.as_json(),
    }


def provenances(report: ForkReport, at: int) -> dict[str, int]:
    """How many of the steps after `at` came from where."""
    counts: dict[str, int] = {}
    tape = report.tape
    for n in range(at + 1, len(tape.index.first) + 1):
        if tape.index.of_step(n):
            name = tape.step(n).provenance
            counts[name] = counts.get(name, 0) + 1
    return counts


def _counts(receipt: Receipt) -> Iterator[str]:
    yield f"  exchanges     {receipt.exchanges[0]} of {receipt.exchanges[1]}"
    yield f"  draws         {receipt.draws[0]} of {receipt.draws[1]}"
    yield f"  request bodies {receipt.bodies[0]} of {receipt.bodies[1]} equal"
    yield f"  leftovers     {len(receipt.leftover)}"
    yield f"  recorded      {receipt.recorded_fingerprint}"
    yield f"  replayed      {receipt.fingerprint}"


def _rest(receipt: Receipt) -> Iterator[str]:
    for failure in receipt.failures:
        yield visible(f"  failed: {failure}")
    if receipt.explanation is not None:
        for line in receipt.explanation.lines():
            yield visible(f"    {line}")
    if receipt.failures and receipt.unfired:
        calls = f"{receipt.unfired} tool call{'s' * (receipt.unfired != 1)}"
        yield f"    {calls} answered by the tape, not made: where a tool changes what the"
        yield "    agent remembers, --rerun-tools makes its calls"
    for line in receipt.changed:
        yield visible(f"  changed since: {line}" if line[0] != " " else f"      {line}")
    for line in receipt.children:
        yield visible(f"  {line}")
    for line in receipt.unproven:
        yield f"  not proven: {line}"
    for line in receipt.uncaptured[:MOST]:
        yield visible(f"  not captured: {line}")
    if len(receipt.uncaptured) > MOST:
        yield f"  not captured: {len(receipt.uncaptured) - MOST} more"
