"""A family of tapes: a recording, its forks, and theirs, as the headers in a folder tell it.

There is no database: forks name the fingerprint of the tape that they were made from, so files
may be moved and renamed. Nothing here touches the screen; it all may run on any thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..tape.errors import TapeError
from ..tape.peek import Peek, peek
from ..tape.reader import Tape
from ..tape.steps import Outcome

MOST_FILES = 4000
"""The most files of a folder that are looked at; those named as tapes first."""

MOST_SCANNED = 20
SCANNED_SIZE = 64 << 20
"""How many tapes that were not closed are read to learn their fingerprints, and how large."""

SUFFIX = ".msgpack"
Stop = Callable[[], bool]


def never() -> bool:
    return False


@dataclass(frozen=True)
class Folder:
    """The tapes of a folder. `left`: how many files were not looked at; `unread`: names of those
    that have a tape's suffix and cannot be read as one."""

    path: str
    tapes: list[Peek]
    left: int = 0
    unread: tuple[str, ...] = ()


@dataclass(eq=False)
class Node:
    """A tape and its forks. `tape` is None for one that only its forks tell of."""

    name: str
    fingerprint: str
    tape: Peek | None
    up: Node | None = None
    forks: list[Node] = field(default_factory=list)

    @property
    def parent(self) -> dict[str, Any]:
        """What the header tells of the tape it was forked from; empty for a root."""
        return parent_of(self.tape.header) if self.tape else {}

    @property
    def step(self) -> int:
        """The step it was forked at."""
        step = self.parent.get("step")
        return step if isinstance(step, int) else 0

    @property
    def started(self) -> float:
        """When it was recorded, in seconds of the epoch."""
        started = self.tape.header.get("started") if self.tape else 0
        return float(started) if isinstance(started, (int, float)) else 0.0

    def walk(self) -> Iterator[Node]:
        """This tape and all below it, in the order of a tree on the screen."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.forks)

    @property
    def top(self) -> Node:
        node = self
        while node.up is not None:
            node = node.up
        return node

    def under(self, other: Node) -> bool:
        """Whether it descends from another tape."""
        node: Node | None = self
        while node is not None and node is not other:
            node = node.up
        return node is other and self is not other


@dataclass(frozen=True)
class Forest:
    """All families of a folder, by their roots."""

    folder: Folder
    roots: list[Node]

    def find(self, place: tuple[int, int] | None) -> Node | None:
        """The node of that very file."""
        nodes = (node for root in self.roots for node in root.walk())
        return next((node for node in nodes if node.tape and node.tape.place == place), None)

    def family(self, node: Node) -> list[Node]:
        """The roots of the family that a tape belongs to: copies of a root are of one family."""
        top = node.top
        return [
            root
            for root in self.roots
            if root is top or (top.fingerprint and root.fingerprint == top.fingerprint)
        ]


def parent_of(header: dict[str, Any]) -> dict[str, Any]:
    """What a header tells of the tape it was forked from, or of the process that started this
    one; empty for a root."""
    parent, origin = header.get("parent"), header.get("child_of")
    if isinstance(parent, dict) and parent:
        return parent
    if not isinstance(origin, dict) or not origin:
        return {}
    text = f"child {origin.get('number')}: {origin.get('what')}"
    return {**origin, "kind": "child", "intervention": text, "tail": "a process of its own"}


def home(path: str) -> str:
    """The folder in which the family of a tape is looked for."""
    return os.path.dirname(os.path.abspath(path))


def read_folder(path: str, stop: Stop = never) -> Folder:
    """The tapes in a folder, a file once whatever its names. Empty where it cannot be read."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if _is_file(entry)]
    except OSError:
        return Folder(path, [])
    names.sort(key=lambda name: (not name.endswith(SUFFIX), name))
    found: dict[tuple[int, int], Peek] = {}
    unread: list[str] = []
    for name in names[:MOST_FILES]:
        if stop():
            break
        tape = peek(os.path.join(path, name))
        if tape is not None:
            found.setdefault(tape.place, tape)
        elif name.endswith(SUFFIX):
            unread.append(name)
    left = max(0, len(names) - MOST_FILES)
    return Folder(path, list(found.values()), left, tuple(unread))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def forest(folder: Folder) -> Forest:
    """The families: every tape below the one it was forked from."""
    nodes = [Node(os.path.basename(tape.path), tape.fingerprint, tape) for tape in folder.tapes]
    _learn_fingerprints(nodes)
    by_fingerprint: dict[str, list[Node]] = {}
    for node in nodes:
        if node.fingerprint:
            by_fingerprint.setdefault(node.fingerprint, []).append(node)
    by_id = {str(one.tape.header.get("id")): one for one in nodes if one.tape}
    missing: dict[str, Node] = {}
    for node in nodes:
        if node.parent:
            wanted = str(node.parent.get("fingerprint", ""))
            started = by_id.get(str(node.parent["id"])) if "id" in node.parent else None
            known = [started] if started else by_fingerprint.get(wanted, ())
            candidates = [one for one in known if not one.under(node)]
            _place(node, candidates, missing, wanted)
    roots = [node for node in [*nodes, *missing.values()] if node.up is None]
    for node in [*nodes, *missing.values()]:
        node.forks.sort(key=lambda one: (one.step, one.started, one.name))
    return Forest(folder, sorted(roots, key=lambda one: (one.tape is None, one.name)))


def _place(node: Node, candidates: list[Node], missing: dict[str, Node], wanted: str) -> None:
    """Put a fork below its parent: of equal tapes the one that it names, or else a root."""
    name = os.path.basename(str(node.parent.get("file", "")))
    others = [one for one in candidates if one is not node]
    others.sort(key=lambda one: (one.name != name, bool(one.parent), one.name))
    if others:
        up = others[0]
    else:
        lost = Node(name or "a tape without a name", wanted, None)
        up = missing.setdefault(wanted or name, lost)
    node.up = up
    up.forks.append(node)


def _learn_fingerprints(nodes: list[Node]) -> None:
    """Read tapes that were not closed, if a fork of one of them may be here."""
    known = {node.fingerprint for node in nodes}
    wanted = {str(node.parent["fingerprint"]) for node in nodes if "fingerprint" in node.parent}
    if wanted <= known:
        return
    unclosed = (one for one in nodes if one.tape and not one.tape.closed)
    small = [one for one in unclosed if one.tape and one.tape.size <= SCANNED_SIZE]
    for node in small[:MOST_SCANNED]:
        try:
            with Tape(node.tape.path if node.tape else "") as tape:
                node.fingerprint = tape.fingerprint
        except Exception:  # whatever a damaged file holds: it is nobody's parent
            continue


@dataclass(frozen=True)
class Glance:
    """What opening a tape tells at once. `problem`: why it could not be opened; `imported`: it
    was not recorded, and its source may not tell how the run ended."""

    steps: int = 0
    outcome: Outcome | None = None
    growing: bool = False
    problem: str = ""
    imported: bool = False


def glance(tape: Peek) -> Glance:
    """How the run of a tape ended; known for a file until it changes."""
    return _glance(tape.path, tape.size, tape.changed)


@lru_cache(maxsize=1024)
def _glance(path: str, size: int, changed: int) -> Glance:
    try:
        with Tape(path) as tape:
            growing = not tape.sealed and not tape.damage
            imported = "imported" in tape.header
            return Glance(len(tape.steps), tape.outcome, growing, imported=imported)
    except TapeError as error:
        return Glance(problem=str(error).removeprefix(f"{path}: "))
    except Exception as error:  # whatever a damaged file holds
        return Glance(problem=type(error).__name__)


KINDS = {"reply": "edit", "raw": "edit", "draw": "draw", "child": "child", "": "rerun"}


def intervention(parent: dict[str, Any]) -> str:
    """What a fork changed, without its step: "edited reply", "overloaded:times=3"."""
    text = str(parent.get("intervention", ""))
    return text.removesuffix(f" at step {parent.get('step')}") or "run again, nothing changed"


def brief(parent: dict[str, Any]) -> str:
    """What a fork changed, in a word: "edit", "overloaded"."""
    kind = str(parent.get("kind", ""))
    word = KINDS.get(kind)
    return word if word is not None else intervention(parent).partition(":")[0]


def end_words(seen: Glance) -> tuple[str, str]:
    """How a run ended, as a sign and a word or two."""
    if seen.problem:
        return "!", "damaged"
    if seen.outcome is None and seen.imported:
        return "·", "imported"
    if seen.outcome is None:
        return ("…", "running") if seen.growing else ("?", "cut off")
    if seen.outcome.signal is not None:
        return "✗", f"signal {seen.outcome.signal}"
    bad = bool(seen.outcome.exit_code) or bool(seen.outcome.exception)
    return "✗" if bad else "✓", f"exit {seen.outcome.exit_code}"
