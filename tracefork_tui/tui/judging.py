"""What is wrong with a line as it is typed, and what may stand at the cursor: found in the
background, since the first expression of all loads the parser and completions read the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.worker import Worker, get_current_worker

from .actions import ACTIONS
from .widgets.prompt import Judged, Offer

if TYPE_CHECKING:
    from .screens.main import MainScreen
    from .session import Session

Post = Callable[[Judged], bool]
Where = Callable[[str], int | None]
GROUP = "judge"


def everywhere(text: str) -> int:
    """The whole line is an expression."""
    return 0


def after_sign(text: str) -> int | None:
    """`=status >= 400`: behind the sign; any other text is none."""
    return 1 if text.startswith("=") else None


def in_command(text: str) -> int | None:
    """Behind the name of a command that takes an expression."""
    from .actions import named

    word, space, rest = text.partition(" ")
    if word.startswith("/="):
        return 2
    found = named(word) if space else None
    if found is None or not found.expression or rest.strip().isdigit():
        return None
    return len(text) - len(rest.lstrip())


class Judge:
    """Judges what `where` says is an expression; with `commands`, the names before it."""

    def __init__(self, screen: MainScreen, where: Where, commands: bool = False) -> None:
        self._screen = screen
        self._where = where
        self._commands = commands

    def __call__(self, text: str, cursor: int) -> bool:
        screen, at = self._screen, self._where(text)
        if at is not None and cursor >= at:
            session, post = screen.session, screen.post_message

            def run() -> None:
                judge(post, get_current_worker(), session, text, at, cursor)

            screen.run_worker(run, group=GROUP, thread=True, exclusive=True, exit_on_error=False)
            return True
        if self._commands and " " not in text and text[:1] not in ("/", "="):
            screen.post_message(Judged(text, commands(text), None))
            return True
        return False


def commands(text: str) -> list[Offer]:
    """The commands that begin with a word."""
    if not text:
        return []
    named = ((one.id.replace("_", "-"), one.help) for one in ACTIONS.values())
    return [
        Offer(name, 0, len(text), help)
        for name, help in sorted(named)
        if name.startswith(text.replace("_", "-")) and name not in ("command", "cancel")
    ]


def judge(
    post: Post, worker: Worker[None], session: Session, text: str, at: int, cursor: int
) -> None:
    """Judge the expression that begins at `at`, and answer, unless a newer one is asked for."""
    from .. import query

    expression, error = text[at:], None
    found: list[query.Completion] = []
    try:
        with session.background() as reader:
            if worker.is_cancelled:
                return
            found = query.complete(expression, cursor - at, reader.tape)
    except Exception:  # whatever a damaged tape holds: a line without offers can still be sent
        pass
    offers = [Offer(one.text, one.start + at, one.end + at, one.help) for one in found]
    if expression.strip():
        try:
            query.compile(expression)
        except query.QueryError as wrong:
            error = query.QueryError(wrong.message, wrong.position + at, wrong.length, text)
    post(Judged(text, offers, error))
