"""The boundary of a run: what was captured, what could only be named, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from ..tape import records
from ..tape.reader import Tape
from ..tape.steps import Note
from .children import children

NAMED = {
    "socket": "connection outside the seam",
    "subprocess": "subprocess",
    "fork": "forked child",
    "child not recorded": "child process",
    "file": "file",
    "unpatched": "library outside the seam",
    "unseen": "no place for a seam",
    "thread exception": "exception in a thread",
    "covered": "within a draw",
    "rerun": "called again on replay",
    "machine": "outside of Python's sight",
    "signal": "signal",
    "source": "source outside the seams",
    "address": "address in memory",
    "threads": "threads",
    "trio": "trio",
    "program": "program",
    "mcp": "called by an MCP server",
    "lacks": "not seen",
}
MEANING = {
    "socket": "What went over it is not on the tape. A replay refuses the connection and diverges.",
    "subprocess": "What it did is not on the tape. A replay starts it again.",
    "fork": "A child without a tape of its own: what it asked and drew is not on this one.",
    "child not recorded": "It has no tape of its own: what it did is not known.",
    "file": "A replay does this again, unless it runs in a copy: --in-copy.",
    "unpatched": "What it sends is not on the tape, and its connections cannot be seen.",
    "unseen": "What is sent, drawn or done there is not on the tape.",
    "thread exception": "It ended a thread and not the run.",
    "covered": "It belongs to a draw that stands for it, and is no step of its own.",
    "rerun": "A replay has to call this tool again: it talks to a model, or its value could not be "
    "kept. Its exchanges and draws are the tape's, its other effects happen again.",
    "machine": "Nothing of it can be recorded or refused from within Python.",
    "mcp": "What a server says of its own is not on the tape, and a replay does not call this.",
    "lacks": "A run that is recorded from within is seen from there on. Record its command to have "
    "all of it.",
    "signal": "When a signal comes is not on the tape, and a replay waits for none.",
    "source": "Its value is not on the tape: a replay reads another one.",
    "address": "It is another one in each run, which nothing can hold: a request that tells it "
    "diverges on replay.",
    "program": "A replay has no such input, and no program: save it in a file, and record that.",
    "trio": "Which of its tasks goes on first is chance, and a replay takes the time that they "
    "sleep.",
    "threads": "Their steps are matched by what was asked; in which order they came is held as far "
    "as it can be, and the receipt says where it was not.",
}
NOT_AGAIN = "It was done within a call that a replay does not make again."
IN_COPIES_TOO = "A replay does this again, in a copy too: it is outside of the working directory."
HELD = frozenset(
    ("module", "code", "code text", "input", "input data", "gone", "served", "looked up")
)
HELD |= {"kept", "variable", "within", "slept", "child", "exception", "queue turn", "pool grew"}
HELD |= {"transport", "process began", "process ended", "arrived", "found"}
HELD |= {"never begun"}
"""Kinds of notes of what the tape does hold; any other is shown, known or not."""
REFUSED = {"divergence": "divergence", "halt": "halt", "refused": "refused"}
TOUCHING = ("file", "subprocess", "fork")
FAMILIES = (
    (("time.", "datetime.", "loop.time", "logging.", "httpx.", "httpx2."), "clock reading"),
    (("uuid.", "uuid_utils.", "fastuuid.", "secrets.", "os.urandom", "os.getrandom"), "id"),
    (("random.", "numpy."), "random number"),
    (("os.environ",), "environment variable"),
    (("stdin",), "input"),
    (("subprocess.", "asyncio.subprocess", "os.system", "os.popen"), "command"),
    (("tool ", "mcp "), "tool"),
)
MOST_SITES = 200
SEAMS_OWN = -1
"""In the place of a step: done by a seam, which does nothing of the kind on replay."""


@dataclass
class Captured:
    """A kind of step or file: how often, by what name and where; `first`: its first step."""

    what: str
    count: int = 0
    first: int = 0
    names: dict[str, int] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """Something that was named, not captured, or refused; `again`: a replay would do it again, and
    `outside`: in a copy of the working directory too.
    """

    kind: str
    what: str
    site: list[str]
    again: bool = False
    outside: bool = False

    @property
    def meaning(self) -> str:
        """What it means for a replay; "" for what tells itself."""
        if self.kind not in TOUCHING or self.what.startswith("reads "):
            return MEANING.get(self.kind, "")
        if not self.again:
            return NOT_AGAIN
        return IN_COPIES_TOO if self.outside else MEANING[self.kind]

    @property
    def line(self) -> str:
        """In one line, with its call site."""
        where = f"  ({self.site[0]})" if self.site else ""
        return f"{NAMED.get(self.kind, self.kind)}: {self.what}{where}"


@dataclass(frozen=True)
class Boundary:
    """All three sides; `captured` with the largest first."""

    captured: list[Captured]
    named: list[Effect]
    refused: list[Effect]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def boundary(tape: Tape, go_on: Callable[[], bool] = lambda: True) -> Boundary:
    """Read the boundary of a run; ends early, with what it has, when `go_on` says no."""
    found: dict[str, Captured] = {}
    n, last, looked = 1, len(tape.index.first), 0
    while n <= last:
        looked += 1
        if not looked % 1000 and not go_on():
            break
        run = tape.index.run_of(n)
        if run is not None:
            _count_run(found, tape, n)
        elif tape.index.of_step(n):
            _count(found, *_step(tape, n), n)
        n = n + 1 if run is None else run[0] + run[1]
    for note in tape.notes:
        if note.kind in ("code", "input"):
            what = "code file" if note.kind == "code" else "input file"
            _count(found, what, str(note.data.get("what")), _site(note), 0)
    largest = sorted(found.values(), key=lambda one: -one.count)
    return Boundary(largest, list(of_family(tape)), list(refused(tape)))


def named(tape: Tape) -> Iterator[Effect]:
    """What the seam saw and could not capture, in its order."""
    for note in tape.notes:
        if note.kind in NAMED:
            what = str(note.data.get("what") or note.data.get("name") or "")
            outside, again = bool(note.data.get("outside")), _again(tape, note, what)
            what += ", outside of the working directory" * outside
            yield Effect(note.kind, what, _site(note), again, outside)


def made(tape: Tape) -> set[str]:
    """What a run made in its working directory, and a replay would make again."""
    found: set[str] = set()
    ended: set[str] = set()
    for note in tape.notes:
        if note.kind == "file" and not note.data.get("outside"):
            what = str(note.data.get("what"))
            new = str(note.data.get("made") or "")
            if new and new not in ended and _again(tape, note, what):
                found.add(new)
            ended.add(what.partition(" ")[2])
    return found


def of_family(tape: Tape) -> Iterator[Effect]:
    """What was named on a tape, and on those of its children."""
    yield from named(tape)
    for child in children(tape):
        if child.path:
            with Tape(child.path) as own:
                for effect in of_family(own):
                    again = effect.again and not child.within
                    what = f"{effect.what}, in {child.label}"
                    yield replace(effect, what=what, again=again)


def refused(tape: Tape) -> Iterator[Effect]:
    """What was not allowed, or not answered."""
    for note in tape.notes:
        if note.kind in REFUSED:
            what = str(note.data.get("message") or note.data.get("what") or "")
            yield Effect(note.kind, what, _site(note))


def summary(found: Boundary) -> Iterator[str]:
    """The three sides, one line each."""
    parts = (f"{one.count:,} {plural(one.what, one.count)}" for one in found.captured)
    yield f"captured: {', '.join(parts) or 'nothing'}"
    counts: dict[str, int] = {}
    for effect in found.named:
        what = NAMED[effect.kind]
        counts[what] = counts.get(what, 0) + 1
    parts = (f"{count} × {what}" for what, count in counts.items())
    yield f"named: {', '.join(parts) or 'nothing'}"
    yield f"refused: {len(found.refused) or 'nothing'}"


def plural(what: str, count: int) -> str:
    """`clock` as `clocks` where there is not just one."""
    if count == 1:
        return what
    return f"{what}s"


def _step(tape: Tape, n: int) -> tuple[str, str, list[str]]:
    head = tape.head_of(n)
    site = [str(one) for one in tape.atom(head[4], list)]
    if head[0] == records.SEND:
        parts = urlsplit(str(tape.atom(head[7])))
        return "request", f"{tape.atom(head[6])} {parts.netloc}{parts.path}", site
    name = str(tape.atom(head[6]))
    return _family(name, str(tape.atom(head[7]))), name, site


def _family(name: str, kind: str) -> str:
    if kind in ("value", "raised", "opaque", "item") and "." not in name:
        return "tool"
    found = (family for starts, family in FAMILIES if name.startswith(starts))
    return next(found, "tool" if kind == "value" else "machine fact")


def _count_run(found: dict[str, Captured], tape: Tape, n: int) -> None:
    """The run of draws that begins with step `n`."""
    sources, which = tape.sources(n)
    for place, (_, site, _, name, kind) in enumerate(sources):
        if place not in which:
            continue  # as a forged tape may have it
        said, sites = str(tape.atom(name)), [str(one) for one in tape.atom(site, list)]
        what = _family(said, str(tape.atom(kind)))
        _count(found, what, said, sites, n + which.index(place), which.count(place))


def _count(
    found: dict[str, Captured], what: str, name: str, site: list[str], n: int, times: int = 1
) -> None:
    one = found.setdefault(what, Captured(what, first=n))
    one.count += times
    one.names[name] = one.names.get(name, 0) + times
    for where in site[:1]:
        if where in one.sites or len(one.sites) < MOST_SITES:
            one.sites[where] = one.sites.get(where, 0) + times


def _site(note: Note) -> list[str]:
    return [str(one) for one in note.data.get("site") or ()]


def _again(tape: Tape, note: Note, what: str) -> bool:
    """True for what a replay would do to the world once more."""
    if note.kind not in TOUCHING or what.startswith("reads "):
        return False
    n = note.data.get("within")
    if n == SEAMS_OWN:
        return False
    if not isinstance(n, int) or not 1 <= n <= len(tape.index.first) or not tape.index.of_step(n):
        return True
    head = tape.head_of(n)
    return head[0] not in records.DRAW_KINDS or str(tape.atom(head[7])) in ("ran", "opaque")
