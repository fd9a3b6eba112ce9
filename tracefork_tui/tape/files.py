"""The bytes of a tape, wherever they lie: in a file as they are, or packed in one."""

from __future__ import annotations

import fcntl
import os
import stat

from .errors import TapeError
from .packed import Packed, is_packed


class File:
    """A regular file, open for reading: the one at `path`, or the one that `fd` is.

    Raises TapeError for what is none or cannot be opened.
    """

    damage: tuple[str, ...] = ()

    def __init__(self, path: str, fd: int | None = None) -> None:
        self.fd = -1
        self._path = path
        self._end, self._more = 0, b""
        try:
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            self.fd = os.open(path, flags) if fd is None else os.dup(fd)
            regular = stat.S_ISREG(os.fstat(self.fd).st_mode)
        except (OSError, ValueError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or "not a file"
            raise TapeError(f"{path}: {reason.lower()}") from None
        if not regular:
            self.close()
            raise TapeError(f"{path}: is no regular file; name a tape")

    @property
    def size(self) -> int:
        size = os.fstat(self.fd).st_size
        return max(size, self._end + len(self._more)) if self._more else size

    stored = size

    def pread(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes from `offset` on. Raises OSError."""
        if not self._more or offset + size <= self._end:
            return os.pread(self.fd, size, offset)
        before = os.pread(self.fd, max(self._end - offset, 0), offset)
        start = max(offset - self._end, 0)
        return before + self._more[start : start + size - len(before)]

    def again(self) -> File:
        """The same file, for another thread; to be closed for itself. Raises TapeError."""
        return File(self._path, self.fd)

    def extend(self, end: int, more: bytes) -> None:
        """Have `more` read from byte `end` on, as if it stood there."""
        self._end, self._more = end, more

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def opened(path: str, search: bool = True) -> File | Packed:
    """The tape's bytes at `path`, unpacked as they are read; `search`: see Packed.

    Raises TapeError.
    """
    file = File(path)
    try:
        return Packed(file, path, search) if is_packed(file.pread) else file
    except OSError as error:
        file.close()
        raise TapeError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    except BaseException:
        file.close()
        raise


def locked(fd: int) -> bool:
    """True while a writer holds the file."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False
