"""The writer: appends records to a tape, whole and in order.

Every append is one `write` of whole frames, so that what was appended survives the death of the
process at any byte; so do draws in quick succession, which wait in a mapped file (tail.py) for
the next append. The tape is not synced before it is sealed, so a power cut may lose the newest
records. One process holds a tape at a time (an advisory lock on the file); a child that it forks
does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from os import getpid  # the real one: an agent's os.getpid() is a draw
from typing import TYPE_CHECKING, Any

from . import frames, records
from .codec import pack
from .errors import FullDisk, TapeError
from .tail import Tail, remove

if TYPE_CHECKING:
    from .spans import Body, Clean, Spans

VARIES = 2  # values of a header after which the next ones are not interned
REPLY_MOST = 1 << 18  # bytes of a reply that are looked at for what requests repeat
PATIENCE = 0.2  # seconds: a reader that asks who holds the file holds it for a moment


class Writer:
    """Appends to the tape at `path`. Raises TapeError where it cannot be created.

    Methods take times in microseconds since the start of the run; they may be called from any
    thread.
    """

    clean: Callable[[Any], Any] = staticmethod(lambda value: value)
    """What takes secrets out of names: of tasks, functions, files, draws."""
    holds = False
    """While it is set, what is appended waits for the next append."""

    def __init__(self, fd: int, path: str) -> None:
        self._fd = fd
        self._path = path
        self._process = getpid()
        self._size = self._crc = self._salt = 0
        self._waiting: list[bytes] = []
        self._lock = threading.RLock()
        self._tail: Tail | None = None
        self._atoms: dict[Any, int] = {}
        self._varied: dict[str, int] = {}
        self._replies: dict[int, bytearray] = {}

    @classmethod
    def create(cls, path: str, header: dict[str, Any], force: bool = False) -> Writer:
        """A new tape with its header, mode 0600. An existing file is refused without `force`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND
        try:
            fd = os.open(path, flags | (0 if force else os.O_EXCL), 0o600)
        except FileExistsError:
            raise TapeError(f"{path}: exists already; name another file or pass --force") from None
        except OSError as error:
            raise TapeError(f"{path}: cannot be written: {error.strerror}") from None
        lock(fd, path)
        os.ftruncate(fd, 0)
        remove(path)
        writer = cls(fd, path)
        writer._append([records.HEADER, records.FORMAT, records.VERSION, header])
        writer._salt = writer._crc
        return writer

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        """Let go of the file, without the index and footer that `seal` writes."""
        if getpid() != self._process:
            self._lock = threading.RLock()  # its holder was not forked along
        with self._lock:
            if self._fd < 0:
                return
            if self._tail is not None and getpid() == self._process:
                self.settle()
                remove(self._path)
            self._drop()

    def _drop(self) -> None:
        os.close(self._fd)
        self._fd = -1
        self._tail = None

    @cached_property
    def _spans(self) -> Spans:
        from .spans import Spans

        return Spans()

    def take(self, body: bytes, clean: Clean | None = None, edition: int = 0) -> Body:
        """A body ready to be sent, its secrets taken out by `clean`: see Spans.take."""
        with self._lock:
            return self._spans.take(body, clean, edition)

    def send(
        self,
        n: int,
        t: int,
        task: str,
        site: Sequence[str],
        provenance: int,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | Body,
    ) -> bytes:
        """An exchange's request; gives the SHA-256 of its body."""
        with self._lock:
            taken = self._spans.take(body) if isinstance(body, bytes) else body
            where, frames_ = self._atom(task), self._atom(list(site))
            target = [self._atom(method), self._atom(url), self._headers(headers)]
            pieces = self._spans.add(n, taken)
            said = [n, t, where, frames_, provenance, *target, pieces, taken.size, taken.digest]
            self._append([records.SEND, *said])
        return taken.digest

    def head(
        self,
        n: int,
        t: int,
        status: int,
        reason: str,
        http_version: str,
        headers: Sequence[tuple[str, str]],
    ) -> None:
        with self._lock:
            version, pairs = self._atom(http_version), self._headers(headers)
            self._append([records.HEAD, n, t, status, self._atom(reason), version, pairs])
            self._replies[n] = bytearray()

    def chunk(self, n: int, t: int, data: bytes) -> None:
        with self._lock:
            self._append([records.CHUNK, n, t, data])
            reply = self._replies.get(n)
            if reply is not None:
                reply += data
                if len(reply) > REPLY_MOST:
                    del self._replies[n]

    def end(self, n: int, t: int, how: str, error: list[Any] | None, digest: bytes) -> None:
        """How the exchange ended (records.ENDS) and the SHA-256 of the response's body."""
        with self._lock:
            self._append([records.END, n, t, records.ENDS.index(how), error, digest])
            self._spans.reply(n, bytes(self._replies.pop(n, b"")))

    def draw(
        self,
        n: int,
        t: int,
        task: str,
        site: Sequence[str],
        provenance: int,
        name: str,
        kind: str,
        value: Any,
        given: tuple[bytes, Any] | None = None,
    ) -> None:
        """`given`: of a call, the SHA-256 of what it was given, and that as it is shown."""
        with self._lock:
            where, frames_, label = self._atom(task), self._atom(list(site)), self._atom(name)
            said = [n, t, where, frames_, provenance, label, self._atom(kind)]
            if given is None:
                self._append([records.DRAW, *said, value])
            else:
                self._append([records.CALL, *said, *given, value])

    def tail(self, n: int, start: int) -> Tail | None:
        """Where draws in quick succession go from step `n` on, None where there is no room.

        `start`: the clock's nanoseconds at which the run began. What is appended next appends
        them before it.
        """
        with self._lock:
            self.settle()
            if self._tail is None and self._fd >= 0 and getpid() == self._process:
                try:
                    self._tail = Tail.create(self._path, self._salt, start)
                except OSError:
                    return None
            if self._tail is not None:
                self._tail.begin(self._size, n)
            return self._tail

    def settle(self) -> None:
        """Append the draws that wait."""
        tail = self._tail
        if tail is None or not tail.count:
            return
        sources = tail.sources()
        for source in sources:
            _, task, site, _, name, kind = source
            source[1:3] = self._atom(task), self._atom(site)
            source[4:] = self._atom(name), self._atom(kind)
        self._encode(tail.record(sources))
        self._write()
        tail.begin(self._size, 0)

    def note(self, t: int, kind: str, data: dict[str, Any]) -> None:
        with self._lock:
            self._append([records.NOTE, t, kind, data])

    def output(self, t: int, stream: int, text: str) -> None:
        with self._lock:
            self._append([records.OUTPUT, t, stream, text])

    def _headers(self, headers: Sequence[tuple[str, str]]) -> list[Any]:
        found: list[Any] = list(map(self._atoms.get, headers))
        while None in found:
            at = found.index(None)
            found[at] = self._header(*headers[at])
        return found

    def _header(self, name: str, value: str) -> Any:
        """The atom of a pair; of a header that is another each time, the name's and the value."""
        varied = self._varied.get(name, 0)
        if varied >= VARIES:
            return [self._atom(name), value]
        self._varied[name] = varied + 1
        return self._atom([name, value])

    def _atom(self, value: Any) -> int:
        key = tuple(value) if isinstance(value, list) else value
        number = self._atoms.get(key)
        if number is None:
            number = self._atoms[key] = len(self._atoms)
            self._encode([records.ATOM, number, self.clean(value)])
        return number

    def _append(self, record: list[Any]) -> None:
        """Write `record`, and the atoms that it needs, in one go."""
        self.settle()
        self._encode(record)
        if not self.holds:
            self._write()

    def _write(self) -> None:
        if getpid() != self._process:
            raise TapeError("the tape belongs to the process that this one was forked from")
        data = b"".join(self._waiting)
        self._waiting.clear()
        if self._fd < 0:
            return
        try:
            write_all(self._fd, data)
        except FullDisk:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            self._drop()
            raise
        self._size += len(data)

    def _encode(self, record: list[Any]) -> None:
        try:
            data, self._crc = frames.encode(pack(record), self._crc ^ self._salt)
        except (TypeError, ValueError, OverflowError) as error:
            raise TapeError(f"a record does not fit on the tape: {error}") from None
        self._waiting.append(data)


def write_all(fd: int, data: bytes) -> None:
    """Raises FullDisk, after a part of `data` may have been written."""
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError as error:
        raise FullDisk(f"the tape cannot be written: {error.strerror}") from None


def lock(fd: int, path: str) -> None:
    """Take the writer's lock. Closes `fd` and raises TapeError if another process holds it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < until:
                time.sleep(0.005)
                continue
            os.close(fd)
            raise TapeError(
                f"{path}: another process is writing to it; wait for it to end"
            ) from None
        return
