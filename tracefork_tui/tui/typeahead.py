"""Keys one at a time: a key is looked at once what the one before set off is done, on the screen
that it led to. Without this, what is typed right after Enter goes to a screen that is leaving.

A key travels from the widget with the focus up to the app, and so do the messages that it sets
off. A Passed is sent after it on the same way, twice, as the first may overtake a message that a
handler of the key has sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.events import Key
from textual.message import Message

ROUNDS = 2
LONGEST = 1.0
"""Seconds that a key waits for a Passed that was lost with its widget."""


class Passed(Message):
    """All that was sent before it on its way has been handled."""

    def __init__(self, key: int, left: int) -> None:
        super().__init__()
        self.key = key
        self.left = left


class TypeAhead:
    """Holds the keys back that come too early. `dispatch` gives a key to the screen."""

    def __init__(self, app: App[Any], dispatch: Callable[[Key], Awaitable[None]]) -> None:
        self._app = app
        self._dispatch = dispatch
        self._waiting: deque[Key] = deque()
        self._number = 0
        self._busy = False
        self._target: DOMNode | None = None

    async def take(self, event: Key) -> None:
        """A key that was typed."""
        self._waiting.append(event)
        if not self._busy:
            await self._next()
        elif len(self._waiting) == 1:
            self._guard()

    def again(self, keys: Sequence[Key]) -> None:
        """Keys that somebody has held, before those that wait."""
        self._waiting.extendleft(reversed(keys))
        if not self._busy:
            self._busy = True
            self._app.call_later(self._over, self._number)

    async def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        self._number += 1
        number, event = self._number, self._waiting.popleft()
        self._target = self._app.focused or self._app.screen
        if event.is_forwarded:  # it has been on its way before, and was stopped
            event = Key(event.key, event.character)
        await self._dispatch(event)
        if number == self._number and self._busy:
            self._send(ROUNDS)
            if self._waiting:
                self._guard()

    def _guard(self) -> None:
        number = self._number
        self._app.set_timer(LONGEST, lambda: self._over(number))

    def passed(self, message: Passed) -> None:
        if message.key == self._number and self._busy:
            self._send(message.left)

    def _send(self, left: int) -> None:
        target = self._target if left else None
        alive = target is not None and target.is_attached
        if not (target and alive and target.post_message(Passed(self._number, left - 1))):
            self._over(self._number)

    def done(self) -> None:
        """The key has come to its end: nobody took it on its way, or it led to another screen."""
        if self._busy:
            self._over(self._number)

    def _over(self, number: int) -> None:
        """The next key, once the screen can take it."""
        if number != self._number or not self._busy or not self._app.screen_stack:
            return
        screen = self._app.screen
        if not screen.is_mounted:
            screen.call_later(self._over, number)
            return
        self._busy = False
        if self._waiting:
            self._app.call_later(self._next)
