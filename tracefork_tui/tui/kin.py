"""Families of tapes read off the main thread; it answers with messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.message import Message
from textual.worker import Worker

from ..diff import Totals
from ..diff.totals import Tally
from ..tape.peek import Peek
from .family import Forest, Glance, Node, forest, glance, read_folder
from .pace import Pace, PacedTape, Stopped

Post = Callable[[Message], bool]
Place = tuple[int, int]
Stamp = tuple[Place, int, int]

LONG = 2000
"""Tapes with more steps are summed only when the cursor is on them."""


@dataclass
class Found(Message):
    """The families of the folder."""

    forest: Forest


@dataclass
class Seen(Message):
    """How the runs of some tapes ended."""

    glances: dict[Place, Glance]


@dataclass
class Summed(Message):
    """What the run on a tape came to, None where that cannot be told; `key` is its `stamp`."""

    key: Stamp
    totals: Totals | None


def stamp(tape: Peek) -> Stamp:
    """What changes when the file is written to."""
    return tape.place, tape.size, tape.changed


def find(post: Post, worker: Worker[None], folder: str) -> None:
    """Read the headers in a folder, then how each run ended."""
    found = forest(read_folder(folder, lambda: worker.is_cancelled))
    post(Found(found))
    look(post, worker, [node for root in found.roots for node in root.walk()])


def look(post: Post, worker: Worker[None], nodes: Iterable[Node]) -> None:
    """How each run ended, some at a time."""
    glances: dict[Place, Glance] = {}
    for node in nodes:
        if worker.is_cancelled:
            return
        if node.tape is not None:
            glances[node.tape.place] = glance(node.tape)
        if len(glances) >= 16:
            post(Seen(glances))
            glances = {}
    post(Seen(glances))


def add_up(
    post: Post, worker: Worker[None], following: Callable[[set[Stamp]], Peek | None]
) -> None:
    """Sum tape after tape, whichever is wanted next of those that are not done."""
    pace = Pace(lambda: worker.is_cancelled, lambda count: None)
    done: set[Stamp] = set()
    while (tape := following(done)) is not None:
        done.add(stamp(tape))
        try:
            with PacedTape(tape.path, pace) as paced:
                steps = paced.index.first
                totals = Tally().read(paced, range(1, len(steps) + 1)).totals(paced)
        except Stopped:
            return
        except Exception:  # whatever a damaged file holds: its cost is not known
            totals = None
        post(Summed(stamp(tape), totals))
