"""A primitive answer: what the debuggee can serve without knowing what it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Optional


class Error(NamedTuple):
    """An exception at the transport: class by module and name, message, and what caused it.

    `module` may be empty: the class is then one of the HTTP library that the agent uses
    (`ConnectError`, `ReadTimeout`, ...). `implicit`: the cause is what was being handled when it
    was raised, its `__context__`.
    """

    module: str
    name: str
    message: str
    cause: Optional[Error] = None  # noqa: UP045
    implicit: bool = False

    def packed(self) -> list[Any]:
        cause = self.cause.packed() if self.cause else None
        return [self.module, self.name, self.message, cause, self.implicit]

    @classmethod
    def unpacked(cls, data: Any) -> Error | None:
        if data is None:
            return None
        module, name, message, cause, *rest = data
        return cls(str(module), str(name), str(message), cls.unpacked(cause), rest == [True])

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


class Answer(NamedTuple):
    """Status, headers and body chunks, or an error, or chunks and then an error.

    `status` None: the error is raised instead of a response. `delay` in seconds, before the
    head. `headers` as (name, value) pairs in wire order.
    """

    status: Optional[int] = 200  # noqa: UP045
    headers: Sequence[tuple[str, str]] = ()
    chunks: Sequence[bytes] = ()
    error: Optional[Error] = None  # noqa: UP045
    delay: float = 0.0
    reason: str = ""
    http_version: str = "HTTP/1.1"

    def packed(self) -> list[Any]:
        return [
            self.status,
            [list(pair) for pair in self.headers],
            list(self.chunks),
            self.error.packed() if self.error else None,
            self.delay,
            self.reason,
            self.http_version,
        ]

    @classmethod
    def unpacked(cls, data: Any) -> Answer:
        status, headers, chunks, error, delay, reason, version = data
        pairs = [(name, value) for name, value in headers]
        return cls(status, pairs, list(chunks), Error.unpacked(error), delay, reason, version)
