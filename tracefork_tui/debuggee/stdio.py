"""What the agent reads from stdin, a draw; and what it prints, kept beside the steps."""

from __future__ import annotations

import builtins
import io
import os
import sys
from typing import Any

from .session import Session
from .standin import stand_in

NAME = "stdin"
LONGEST = 8192


def install(session: Session) -> None:
    """Record `input()` and reads of `sys.stdin`; copy what goes to stdout and stderr."""
    _patch_input(session)
    _patch_read(session)
    stdin = sys.stdin
    buffer = getattr(stdin, "buffer", None)
    if isinstance(stdin, io.TextIOWrapper) and isinstance(buffer, io.BufferedReader):
        sys.stdin = _recorded(stdin, buffer, session)
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if stream is not None:
            _copy_writes(stream, number, session)


def _patch_input(session: Session) -> None:
    real = builtins.input

    def input(prompt: Any = "", /) -> str:
        frame = sys._getframe(1)
        if session.inside.value or session.detached:
            return real(prompt)
        if session.policy.replaying:
            print(prompt, end="", flush=True)
            return str(session.draw(NAME, "str", lambda: real(), frame))
        return str(session.draw(NAME, "str", lambda: real(prompt), frame))

    builtins.input = stand_in(input, real)


def _patch_read(session: Session) -> None:
    """os.read of the descriptor itself."""
    real = os.read

    def read(fd: int, length: int, /) -> bytes:
        frame = sys._getframe(1)
        if fd != 0 or session.inside.value or session.detached or not session.callers.user(frame):
            return real(fd, length)
        return bytes(session.draw(NAME, "bytes", lambda: real(fd, length), frame))

    os.read = stand_in(read, real)


def _recorded(
    stdin: io.TextIOWrapper, buffer: io.BufferedReader, session: Session
) -> io.TextIOWrapper:
    """A stdin over the same descriptor whose reads are draws, those of its buffer too."""

    def drawn(kind: str, read: Any) -> Any:
        if session.inside.value or session.detached:
            return read()
        return session.draw(NAME, kind, read, sys._getframe(2))

    class Buffer(io.BufferedReader):
        def read(self, *args: Any) -> bytes:
            return bytes(drawn("bytes", lambda: io.BufferedReader.read(self, *args)))

        def read1(self, *args: Any) -> bytes:
            return bytes(drawn("bytes", lambda: io.BufferedReader.read1(self, *args)))

        def readline(self, *args: Any) -> bytes:
            return bytes(drawn("bytes", lambda: io.BufferedReader.readline(self, *args)))

        def readlines(self, *args: Any) -> list[bytes]:
            return list(drawn("lines", lambda: io.BufferedReader.readlines(self, *args)))

        def readinto(self, target: Any) -> int:
            return _fill(target, self.read(len(memoryview(target).cast("B"))))

        def readinto1(self, target: Any) -> int:
            return _fill(target, self.read1(len(memoryview(target).cast("B"))))

        def __next__(self) -> bytes:
            line = bytes(drawn("bytes", lambda: io.BufferedReader.readline(self)))
            if not line:
                raise StopIteration
            return line

    class Text(io.TextIOWrapper):
        def read(self, *args: Any) -> str:
            return str(drawn("str", lambda: io.TextIOWrapper.read(self, *args)))

        def readline(self, *args: Any) -> str:  # type: ignore[override]
            return str(drawn("str", lambda: io.TextIOWrapper.readline(self, *args)))

        def readlines(self, hint: int = -1) -> list[str]:  # type: ignore[override]
            return list(drawn("lines", lambda: io.TextIOWrapper.readlines(self, hint)))

        def __next__(self) -> str:  # type: ignore[override]
            line = str(drawn("str", lambda: io.TextIOWrapper.readline(self)))
            if not line:
                raise StopIteration
            return line

    for new, old in ((Buffer, "BufferedReader"), (Text, "TextIOWrapper")):
        new.__name__ = new.__qualname__ = old
    text = Text(
        Buffer(buffer.raw),
        encoding=stdin.encoding,
        errors=stdin.errors,
        line_buffering=stdin.line_buffering,
    )
    setattr(text, "mode", stdin.mode)  # noqa: B010
    return text


def _fill(target: Any, data: bytes) -> int:
    memoryview(target).cast("B")[: len(data)] = data
    return len(data)


def _copy_writes(stream: Any, number: int, session: Session) -> None:
    real = stream.write

    def write(text: Any) -> Any:
        written = real(text)
        if isinstance(text, str) and text and not session.detached:
            session.output(number, text[-LONGEST:])
        return written

    try:
        stream.write = write
    except (AttributeError, TypeError):
        pass
