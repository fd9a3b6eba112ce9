"""The forks of the open tape, for the context column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase

from textual.message import Message
from textual.worker import Worker

from .family import Node, brief, end_words, forest, glance, home, read_folder
from .session import identity
from .text import short

MOST = 8
Part = tuple[str, str]
TINTS = {"✓": "$text-success", "✗": "$text-error"}


@dataclass
class Kin(Message):
    """Lines that tell of the open tape's parent and forks. `steps`: those that it was forked at,
    and the one where it left its parent itself."""

    lines: list[Part]
    steps: tuple[int, ...] = ()


def tell(post: Callable[[Message], bool], worker: Worker[None], path: str) -> None:
    """Find the forks of a tape in its folder."""
    found = forest(read_folder(home(path), lambda: worker.is_cancelled))
    node = found.find(identity(path))
    if node is not None and not worker.is_cancelled:
        steps = {fork.step for fork in node.forks} | ({node.step} if node.up else set())
        post(Kin(fork_lines(node), tuple(sorted(steps - {0}))))


def fork_lines(node: Node) -> list[Part]:
    """A few lines: what it was forked from, and its forks: "├ a edit@12 ✓"."""
    parts: list[Part] = []
    if node.up is not None:
        parts.append((f"{short(brief(node.parent), 10)}@{node.step} of ", "$foreground-muted"))
        parts.append((f"{short(node.up.name, 24)}\n", "$foreground-muted"))
    for letter, fork in zip(ascii_lowercase, node.forks[:MOST], strict=False):
        last = fork is node.forks[-1]
        sign, words = end_words(glance(fork.tape)) if fork.tape else ("", "")
        more = sum(1 for _ in fork.walk()) - 1
        parts.append((f"{'└' if last else '├'} ", "$foreground-muted"))
        parts.append((f"{letter} {short(brief(fork.parent), 12)}@{fork.step} ", ""))
        parts.append((f"{sign}", TINTS.get(sign, "$foreground-muted")))
        said = "" if sign in TINTS else f" {words}"
        parts.append((f"{said}{f' +{more}' if more else ''}\n", "$foreground-muted"))
    if len(node.forks) > MOST:
        parts.append((f"└ {len(node.forks) - MOST} more: t\n", "$foreground-muted"))
    return parts
