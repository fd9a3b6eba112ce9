"""Keys one at a time: a key is looked at once what the one before set off is done, on the screen
that it led to. Without this, what is typed right after Enter goes to a screen that is leaving.

A key travels from the widget with the focus up to the app, and so do the messages that it sets
off. A Passed is sent after it on the same way, twice, as the first may overtake a message that a
handler of the key has sent. Where that leads to another screen or focus, it begins anew there.
However slow all this is, no key overtakes another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.events import Key, Paste
from textual.message import Message
from textual.timer import Timer

Typed = Key | Paste
ROUNDS = 2
LOOK = 0.02
"""Seconds between looks for a Passed that was lost with its widget, while keys wait."""
AT_ONCE = ("escape", "ctrl+q")
"""Keys that are never held."""


class Passed(Message):
    """All that was sent before it on its way has been handled."""


class TypeAhead:
    """Holds the keys back that come too early. `dispatch` gives a key to the screen."""

    def __init__(self, app: App[Any], dispatch: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._dispatch = dispatch
        self._waiting: deque[Typed] = deque()
        self._looks: Timer | None = None
        self._holder: DOMNode | None = None
        self._busy = False
        self._target: DOMNode | None = None
        self._left = 0
        self._sent: Passed | None = None

    async def take(self, event: Typed) -> None:
        """A key that was typed, or a text that was pasted."""
        if self._held and isinstance(event, Key) and event.key in AT_ONCE:
            self._waiting.clear()
            self._holder = None
        self._waiting.append(event)
        self._watch()
        await self._next()

    def again(self, event: Typed) -> None:
        """One that came too early, before those that wait."""
        self._waiting.appendleft(event)
        self._watch()

    def hold(self, holder: DOMNode) -> None:
        """Keys wait until `release`, as long as the holder is there: it is not known yet where
        they belong. One that is never held drops those that wait."""
        self._holder = holder

    def release(self) -> None:
        self._holder = None
        if not self._busy:
            self._go_round()

    @property
    def _held(self) -> bool:
        return self._holder is not None and not _gone(self._holder)

    @property
    def _way(self) -> DOMNode | None:
        """Where a key would go now."""
        app = self._app
        return (app.focused or app.screen) if app.screen_stack else None

    async def _next(self) -> None:
        way = self._way
        if self._busy or self._held or not self._waiting or way is None:
            return
        event = self._waiting.popleft()
        if isinstance(event, Key) and event.is_forwarded:  # it was on its way before
            event = Key(event.key, event.character)
        self._busy = True
        await self._dispatch(event)
        self._go_round(way)

    def _go_round(self, way: DOMNode | None = None) -> None:
        self._target, self._left = way or self._way, ROUNDS
        self._busy = self._target is not None
        self._send()

    def _send(self) -> None:
        if self._target is not None:
            self._left -= 1
            self._sent = Passed().set_sender(self._app)  # up to its sender, and no further
            self._target.post_message(self._sent)

    def passed(self, message: Passed) -> None:
        if message is not self._sent:
            return
        if self._way is not self._target:
            self._go_round()
        elif self._left:
            self._send()
        else:
            self._over()

    def _over(self) -> None:
        self._busy, self._sent = False, None
        if self._waiting:
            self._app.call_later(self._next)

    def _watch(self) -> None:
        if self._looks is None:
            self._looks = self._app.set_interval(LOOK, self._look)

    def _look(self) -> None:
        """Go on where nothing else would: a widget has left, and what was to come from it."""
        target = self._target
        if not self._waiting and self._looks:
            self._looks.stop()
            self._looks = None
        elif not self._busy:
            self._app.call_later(self._next)
        elif self._sent and target and _gone(target):
            if self._way is target:
                self._over()
            else:
                self._go_round()


def _gone(node: DOMNode) -> bool:
    """Whether it has left the screen, or is about to: it may handle no message any more."""
    return not node.is_attached or node._pruning or node._closing
