"""Counts before a key, and keys that take one more: what bindings alone cannot do."""

from __future__ import annotations

from collections.abc import Callable

MOST = 10_000_000

Then = Callable[[str], None]


class Keys:
    """Pending input: the digits of a count, or a question that the next key answers."""

    def __init__(self) -> None:
        self._digits = ""
        self._question = ""
        self._then: Then | None = None

    @property
    def pending(self) -> str:
        """What to show of the unfinished input."""
        return self._question or self._digits

    def ask(self, question: str, then: Then) -> None:
        """Give the next printable character to `then`."""
        self._question, self._then = question, then

    def clear(self) -> bool:
        """Forget what is pending; False if nothing was."""
        was = bool(self.pending)
        self._digits, self._question, self._then = "", "", None
        return was

    def feed(self, character: str | None) -> bool:
        """True if the key was taken."""
        if self._then is not None:
            then = self._then
            self.clear()
            if character and character.isprintable():
                then(character)
            return True
        if character and character in "0123456789" and (self._digits or character != "0"):
            self._digits = (self._digits + character)[: len(str(MOST))]
            return True
        return False

    def take_count(self) -> int | None:
        """The count that was typed, once."""
        digits, self._digits = self._digits, ""
        return min(int(digits), MOST) if digits else None
