"""Patterns, by RE2: their time grows with the text and never explodes, their memory is bounded.

That a text of a tape was made to keep a pattern busy does not help it.
"""

from __future__ import annotations

from typing import Any

from .values import texts


class PatternError(ValueError):
    """A pattern that is wrong, `length` characters of it at `position`."""

    def __init__(self, message: str, position: int, length: int) -> None:
        super().__init__(message)
        self.position = position
        self.length = length


class Pattern:
    """A regular expression in RE2's syntax. Raises PatternError for what is none."""

    def __init__(self, source: str, ignore_case: bool = False) -> None:
        import re2

        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            self._compiled = re2.compile(source.encode("utf-8", "replace"), options)
        except re2.error as error:
            raise _explained(source, error) from None

    def within(self, value: Any) -> bool:
        """Whether it matches a text, or any text or number within a list or an object."""
        search = self._compiled.search
        return any(search(text.encode("utf-8", "replace")) for text in texts(value))


def regex_parts(literal: str) -> tuple[str, bool]:
    """The source of `/source/` or `/source/i`, and whether case is ignored."""
    source, _, flags = literal[1:].rpartition("/")
    return source, flags == "i"


def _explained(source: str, error: Exception) -> PatternError:
    """RE2 says `what: the part that is wrong`; what is missing is missing at the end."""
    said = error.args[0] if error.args else b""
    told = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    reason, _, wrong = told.partition(": ")
    position = source.find(wrong) if wrong and not reason.startswith("missing") else -1
    if reason.startswith(("missing", "trailing")):
        return PatternError(reason, len(source), 0)
    if position < 0:
        return PatternError(reason, 0, len(source))
    return PatternError(reason, position, len(wrong))
