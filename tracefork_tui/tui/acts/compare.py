"""Comparing tapes, and the tree of forks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from ..actions import action, always
from ..text import plain

if TYPE_CHECKING:
    from ..app import DebuggerApp
    from ..family import Forest, Node
    from ..screens.main import MainScreen

Pair = tuple[str, str]


@action("d", label="diff", group="Compare", when=always, hint=4,
        help="this tape beside the one it was forked from, a root beside a fork")  # fmt: skip
def diff(screen: MainScreen, count: int | None) -> None:
    path = screen.session.tape.path
    app = cast("DebuggerApp", screen.app)
    open_here = [one.tape.path for one in app.sessions if one is not screen.session]
    screen.say("looking for the tapes of this family …")

    async def find() -> None:
        import asyncio

        pair, why = await asyncio.to_thread(pair_of, path, open_here)
        screen.say(why)
        if pair is not None:
            _show(screen, *pair)

    screen.run_worker(find(), group="diff", exclusive=True, exit_on_error=False)


def pair_of(path: str, open_here: list[str]) -> tuple[Pair | None, str]:
    """The tapes to compare, the one before first; or why there are none.

    A parent that is not in the folder may be one of those that are open.
    """
    from ..session import identity

    here = _forest(path).find(identity(path))
    if here is None:
        return None, f"{plain(os.path.basename(path))} is no longer in its folder"
    if here.up is not None:
        if here.up.tape is None:
            for other in open_here:
                if _is_parent(other, path):
                    return (other, path), ""
            name = plain(here.up.name)
            return None, f"its parent {name} is not in this folder; D compares with another tape"
        return (here.up.tape.path, path), ""
    newest = max((fork for fork in here.forks if fork.tape), key=_age, default=None)
    if newest is None or newest.tape is None:
        return None, "this tape has no parent and no fork here; D compares it with another tape"
    return (path, newest.tape.path), ""


def _age(node: Node) -> tuple[float, int, str]:
    return node.started, node.tape.changed if node.tape else 0, node.name


def _forest(path: str) -> Forest:
    from ..family import forest, home, read_folder

    return forest(read_folder(home(path)))


def _with(screen: MainScreen, words: str) -> None:
    """Compare with the tape of that name: in the tape's folder, or else as the shell knows it."""
    here = screen.session.tape.path
    beside = os.path.join(os.path.dirname(os.path.abspath(here)), words)
    path = beside if os.path.exists(beside) else os.path.expanduser(words)
    if not os.path.exists(path):
        screen.say(f"there is no file {words}")
    else:
        _compare(screen, path)


def _compare(screen: MainScreen, other: str) -> None:
    from ..session import identity

    if identity(other) == screen.session.place:
        screen.say("that is this tape itself; m in the tree marks another")
    else:
        here = screen.session.tape.path
        _show(screen, *((other, here) if _is_parent(other, here) else (here, other)))


def _is_parent(path: str, fork: str) -> bool:
    """Whether one tape was forked from the other."""
    from ...tape.peek import peek
    from ..family import parent_of

    one, other = peek(path), peek(fork)
    if one is None or other is None or not one.fingerprint:
        return False
    return bool(parent_of(other.header).get("fingerprint") == one.fingerprint)


def _show(screen: MainScreen, a: str, b: str) -> None:
    from ..screens.diff import DiffScreen

    screen.app.push_screen(DiffScreen(a, b))


@action("D", label="diff with", group="Compare", when=always, give=_with,
        help="this tape beside the one marked in the tree, or beside one you choose")  # fmt: skip
def diff_with(screen: MainScreen, count: int | None) -> None:
    from ..screens.tree import TreeScreen

    marked = cast("DebuggerApp", screen.app).marked
    if marked:
        _compare(screen, marked)
    else:
        screen.app.push_screen(TreeScreen(screen.session.tape.path, compare=True))


@action("t", label="tree", group="Compare", when=always, hint=5,
        help="all tapes of this family, as a tree of forks")  # fmt: skip
def tree(screen: MainScreen, count: int | None) -> None:
    from ..screens.tree import TreeScreen

    screen.app.push_screen(TreeScreen(screen.session.tape.path))
