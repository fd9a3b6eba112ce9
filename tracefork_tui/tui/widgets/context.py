"""The right column: what the step cost, the run so far, and what was noticed about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.widget import Widget

from ...tape.steps import Exchange, Note, Outcome
from ..look import Seen
from ..text import plain
from ..totals import Measure, Spent
from ..units import bars, count, money, since, span

if TYPE_CHECKING:
    from ... import wire

Part = tuple[str, str]
NOTES_SHOWN = 12
REFUSED = ("divergence", "halt", "refused", "ended", "stopped")


class Facts(NamedTuple):
    """What the column tells; what is not known yet is None."""

    step: Seen | None = None
    reply: wire.Reply | None = None
    spent: Spent | None = None
    before: Spent | None = None
    summed: str = ""
    recent: Sequence[Measure] = ()
    took: float | None = None
    to_head: float | None = None
    timed: bool = True
    origin: str = ""
    ended: bool = True
    notes: Sequence[Note] = ()
    outcome: Outcome | None = None
    damage: Sequence[str] = ()
    forks: Sequence[Part] = ()
    watches: Sequence[Part] = ()


def step_section(facts: Facts) -> list[Part]:
    """Tokens, cost and time of the step."""
    step, reply = facts.step, facts.reply
    if not isinstance(step, Exchange):
        return []
    parts: list[Part] = []
    usage = reply.usage if reply else None
    if usage is not None and usage.context_tokens is not None:
        parts += [(f"{count(usage.context_tokens):>8}", "bold"), (" tokens read\n", "")]
        if usage.cache_read_tokens:
            parts.append(
                (f"{count(usage.cache_read_tokens):>8} of them cached\n", "$foreground-muted")
            )
        if usage.cache_write_tokens:
            parts.append(
                (f"{count(usage.cache_write_tokens):>8} put in cache\n", "$foreground-muted")
            )
    if usage is not None and usage.output_tokens is not None:
        parts += [(f"{count(usage.output_tokens):>8}", "bold"), (" tokens written\n", "")]
    if facts.spent and facts.before and facts.spent.cost > facts.before.cost:
        price = money(facts.spent.cost - facts.before.cost)
        parts += [(f"{price:>8}", "bold"), (" this exchange\n", "")]
    if facts.took is not None:
        parts += [(f"{span(facts.took):>8}", "bold"), (" in all\n", "")]
    if facts.to_head is not None and facts.took:
        parts.append((f"{span(facts.to_head):>8} to the head\n", "$foreground-muted"))
    parts += _charts(facts.recent)
    return [("CONTEXT\n", "bold $text-primary"), *parts] if parts else []


def _charts(recent: Sequence[Measure]) -> list[Part]:
    """The last exchanges up to the step, a bar for each."""
    if len(recent) < 2:
        return []
    last, before = recent[-1], recent[-2]
    latency = 0 if isnan(last.latency) else last.latency
    told = (
        ([one.context for one in recent], f"{last.context - before.context:+,} read"),
        ([one.read for one in recent], f"{count(last.read)} cached"),
        ([one.output for one in recent], f"{count(last.output)} written"),
        ([0 if one.unpriced else one.cost for one in recent], money(last.cost)),
        ([0 if isnan(one.latency) else one.latency for one in recent], span(latency)),
    )
    parts: list[Part] = [("\n", "")]
    for values, words in told:
        if any(values):
            parts += [(bars(values), "$text-accent"), (f" {words}\n", "$foreground-muted")]
    return parts


def run_section(facts: Facts) -> list[Part]:
    """The sums up to the step."""
    spent = facts.spent
    parts: list[Part] = [("SO FAR\n", "bold $text-primary")]
    if spent is None:
        return [*parts, (f"{facts.summed or 'adding up…'}\n", "$foreground-muted")]
    parts.append((f"{spent.exchanges:>8,} exchange{'s' * (spent.exchanges != 1)}\n", ""))
    if spent.errors:
        parts.append((f"{spent.errors:>8,} failed\n", "$text-error"))
    parts.append((f"{count(spent.context):>8} tokens read\n", ""))
    parts.append((f"{count(spent.output):>8} tokens written\n", ""))
    if spent.cost or not spent.unpriced:
        parts.append((f"{money(spent.cost):>8}", "bold"))
        unknown = f" + {spent.unpriced} unpriced" if spent.unpriced else ""
        parts.append((f" spent{unknown}\n", ""))
    else:
        parts.append(("         price not known\n", "$foreground-muted"))
    return parts


def end_section(facts: Facts) -> list[Part]:
    """How the run ended."""
    parts: list[Part] = [("RUN\n", "bold $text-primary")]
    outcome = facts.outcome
    if outcome is None and facts.origin:
        return []
    if outcome is None:
        return [*parts, ("its end is not on the tape\n" if facts.ended else "going on\n", "")]
    if outcome.signal is not None:
        parts.append((f"✗ ended by signal {outcome.signal}", "$text-error"))
    elif outcome.exit_code:
        parts.append((f"✗ exit code {outcome.exit_code}", "$text-error"))
    else:
        parts.append((outcome.how, ""))
    parts.append((f" at {since(outcome.at)}\n" if facts.timed else "\n", "$foreground-muted"))
    if outcome.exception:
        parts.append((f"{plain(outcome.exception)[:300]}\n", "$text-error"))
    return parts


def origin_section(facts: Facts) -> list[Part]:
    """Where an imported tape is from, and what of a run it does not know."""
    if not facts.origin:
        return []
    source, _, absent = facts.origin.partition(", which lacks: ")
    parts = [("IMPORTED\n", "bold $text-primary"), (f"{plain(source)}\n", "")]
    return [*parts, (f"not known: {plain(absent)}\n", "$foreground-muted")] if absent else parts


def damage_section(facts: Facts) -> list[Part]:
    """What the file lost."""
    lines = [(f"✗ {plain(line)}\n", "$text-error") for line in facts.damage[:NOTES_SHOWN]]
    return [("DAMAGE\n", "bold $text-error"), *lines] if lines else []


def notes_section(facts: Facts) -> list[Part]:
    """What could not be recorded, or happened outside of the steps."""
    return _listed("NOT ON THE TAPE", [one for one in facts.notes if one.kind not in REFUSED])


def refused_section(facts: Facts) -> list[Part]:
    """What the tape had no answer for, and what came of that."""
    return _listed("REFUSED", [one for one in facts.notes if one.kind in REFUSED])


def _listed(title: str, notes: Sequence[Note]) -> list[Part]:
    if not notes:
        return []
    parts: list[Part] = [(f"{title}\n", "bold $text-primary")]
    for note in notes[:NOTES_SHOWN]:
        data = note.data if isinstance(note.data, dict) else {}
        said = data.get("what") or data.get("message") or data.get("name") or ""
        parts.append((f"{plain(note.kind)} ", "$text-warning"))
        parts.append((f"{plain(said)[:120]}\n", "$foreground-muted"))
    if len(notes) > NOTES_SHOWN:
        parts.append((f"and {len(notes) - NOTES_SHOWN} more\n", "$foreground-muted"))
    return parts


def forks_section(facts: Facts) -> list[Part]:
    """The tape's parent and its forks."""
    return [("FORKS\n", "bold $text-primary"), *facts.forks] if facts.forks else []


def watch_section(facts: Facts) -> list[Part]:
    """The values of what is watched."""
    return [("WATCH\n", "bold $text-primary"), *facts.watches] if facts.watches else []


Section = Callable[[Facts], list[Part]]
SECTIONS: list[Section] = [
    step_section,
    watch_section,
    run_section,
    end_section,
    origin_section,
    forks_section,
    damage_section,
    refused_section,
    notes_section,
]


class Context(Widget):
    """The sections, one below the other; a section that has nothing to tell is left out."""

    DEFAULT_CSS = """
    Context { height: 1fr; background: $background; padding: 0 0 0 2; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: list[Part] = []

    def show(self, facts: Facts) -> None:
        parts: list[Part] = []
        for section in SECTIONS:
            told = section(facts)
            if told and parts:
                parts.append(("\n", ""))
            parts += told
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render(self) -> Content:
        return Content.assemble(*self._parts)
