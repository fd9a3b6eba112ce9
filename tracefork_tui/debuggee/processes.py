"""Processes that the user's code starts and talks to: what they say is drawn, so that a replay
starts none. Their output, their end and their number reach the agent from the tape.

A pipe whose descriptor the agent takes is out of our hands: that is named.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Callable

from ..tape.errors import Divergence, Halt
from .calls import What, call, call_async
from .session import Session
from .standin import like

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

SEAM = "_tracefork_process"
PYTHON = "{python}"
POPEN = os.popen.__code__

Asked = Callable[[Any, Any], Any]
"""The user's frame behind a frame, which gives this environment; or None."""


class Seam:
    """The draws of one process."""

    def __init__(self, session: Session, frame: FrameType, rerun: bool, name: str) -> None:
        self.session = session
        self.frame: FrameType | None = frame
        self.rerun = rerun
        self.name = name
        self.created = self.started = False

    def what(self, name: str, frame: FrameType | None, arguments: Any = None) -> What:
        user = self.session.callers.user_behind(frame, _of_os)
        name = f"{self.name}{name}"
        return What(name, user or self.frame, arguments, covers=True, fresh=self.rerun)

    def draw(
        self, name: str, frame: FrameType | None, real: Callable[[], Any], arguments: Any = None
    ) -> Any:
        return call(self.session, self.what(name, frame, arguments), lambda: self.real(real))

    def draw_async(
        self, name: str, frame: FrameType, real: Callable[[], Any], arguments: Any = None
    ) -> Coroutine[Any, Any, Any]:
        what = self.what(name, frame, arguments)
        return call_async(self.session, what, lambda: self.real(real))

    def real(self, real: Callable[[], Any]) -> Any:
        """What the process itself does. Raises Halt where a replay started none."""
        if self.started or not self.created:
            return real()
        what = f"the agent asked more of a process than the tape holds ({self.name})"
        raise self.session.fail(Halt(f"stopped: {what}, and none was started"), {"draw": self.name})

    @property
    def out(self) -> bool:
        """True where nothing is to be drawn: within our own code, or after a fork."""
        return self.session.inside.value or self.session.detached

    def no_descriptor(self, which: str) -> BaseException:
        what = f"the agent took the descriptor of a process's {which}, and a replay starts none"
        return self.session.fail(Divergence(f"{what}; --rerun-tools does"), {"draw": self.name})

    def took_descriptor(self, which: str, frame: FrameType) -> None:
        site = self.session.callers.site(frame)
        what = {"what": f"{self.name}: the descriptor of its {which}", "site": site}
        self.session.note("subprocess", what, once=(which, *site[:1]))


def _of_os(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == "os"


def shown(session: Session, words: Any) -> Any:
    """The words of a command, with the interpreter and the paths as a tape keeps them."""
    if isinstance(words, (list, tuple)):
        return [shown(session, word) for word in words]
    if isinstance(words, (bytes, os.PathLike)):
        words = os.fsdecode(words)
    if not isinstance(words, str):
        return words
    return PYTHON if words == sys.executable else session.callers.relative(words)


def patch(module: ModuleType, session: Session, asked: Asked, rerun: bool) -> None:
    """Have each `Popen` of the user's draw what its process does."""
    Popen: Any = module.Popen
    real_init, real_send = Popen.__init__, Popen.send_signal

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        frame = asked(sys._getframe(1), kwargs.get("env"))
        if frame is None:
            real_init(self, *args, **kwargs)
            return
        seam = Seam(session, frame, rerun, "subprocess.Popen")

        def start() -> None:
            seam.started = True
            real_init(self, *args, **kwargs)

        words = args[0] if args else kwargs.get("args")
        seam.draw("", frame, start, {"args": shown(session, words)})
        seam.frame, seam.created = None, True
        if not seam.started:
            _stand_in(self, module, _given(real_init, self, args, kwargs))
        setattr(self, SEAM, seam)
        for which in ("stdout", "stderr"):
            if getattr(self, which) is not None:
                setattr(self, which, Pipe(seam, which, getattr(self, which)))
        if self.stdin is not None:
            self.stdin = Sink(seam, self.stdin)

    def send_signal(self: Any, number: int) -> None:
        seam = getattr(self, SEAM, None)
        if seam is None or seam.out:
            real_send(self, number)
        elif seam.started:
            session.aside(real_send, (self, number), {})

    like(__init__, real_init)
    like(send_signal, real_send)
    Popen.__init__, Popen.send_signal = __init__, send_signal
    _patch_ends(Popen)
    Popen.pid = property(_pid, lambda self, number: self.__dict__.__setitem__("pid", number))


def _patch_ends(Popen: Any) -> None:
    real_communicate, real_wait, real_poll = Popen.communicate, Popen.wait, Popen.poll

    def communicate(self: Any, input: Any = None, timeout: Any = None) -> Any:
        seam = getattr(self, SEAM, None)
        if seam is None or seam.out:
            return real_communicate(self, input, timeout)

        def ran() -> Any:
            with _Bare(self):
                out, err = real_communicate(self, input, timeout)
            return [out, err, self.returncode]

        given = None if input is None else {"input": input}
        out, err, code = seam.draw(".communicate", sys._getframe(1), ran, given)
        self.returncode = code
        return out, err

    def wait(self: Any, timeout: Any = None) -> Any:
        return ended(self, ".wait", lambda: real_wait(self, timeout), sys._getframe(1))

    def poll(self: Any) -> Any:
        return ended(self, ".poll", lambda: real_poll(self), sys._getframe(1))

    def ended(self: Any, name: str, real: Callable[[], Any], frame: FrameType) -> Any:
        seam = getattr(self, SEAM, None)
        if seam is None or seam.out:
            return real()
        if self.returncode is None:
            self.returncode = seam.draw(name, frame, real)
        return self.returncode

    for ours, real in ((communicate, real_communicate), (wait, real_wait), (poll, real_poll)):
        like(ours, real)
        setattr(Popen, real.__name__, ours)


def _pid(self: Any) -> Any:
    seam, real = getattr(self, SEAM, None), self.__dict__.get("pid")
    if seam is None or seam.out or not seam.session.callers.user(sys._getframe(1)):
        return real
    return seam.draw(".pid", sys._getframe(1), lambda: real)


class _Bare:
    """A process with its own pipes, while subprocess itself reads them."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self._pipes: dict[str, Any] = {}

    def __enter__(self) -> None:
        for which in ("stdin", "stdout", "stderr"):
            pipe = getattr(self._process, which)
            if isinstance(pipe, _Stream):
                self._pipes[which] = pipe
                setattr(self._process, which, pipe.real)

    def __exit__(self, *_: object) -> None:
        for which, pipe in self._pipes.items():
            setattr(self._process, which, pipe)


def _given(real_init: Any, process: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """What `Popen` was called with, by name. Raises TypeError as the real one does."""
    import inspect

    bound = inspect.signature(real_init).bind(process, *args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def _stand_in(process: Any, module: Any, given: dict[str, Any]) -> None:
    """What a started process has, for one that is not."""
    texts = ("text", "universal_newlines", "encoding", "errors")
    process.__dict__.update(
        args=given["args"],
        encoding=given["encoding"],
        errors=given["errors"],
        pipesize=given.get("pipesize", -1),
        process_group=given.get("process_group"),
        text_mode=any(given[name] for name in texts),
        pid=None,
        returncode=None,
        _input=None,
        _communication_started=False,
        _child_created=False,
        _closed_child_pipe_fds=True,
        _waitpid_lock=threading.Lock(),
    )
    for which in ("stdin", "stdout", "stderr"):
        setattr(process, which, _Absent() if given[which] == module.PIPE else None)


class _Absent:
    """The pipe of a process that is not there: only its closing is told."""

    closed = False
    encoding = "utf-8"

    def close(self) -> None:
        self.closed = True

    def flush(self) -> None:
        return

    def seekable(self) -> bool:
        return False


class _Stream:
    """A pipe of a process; what is not drawn is its own."""

    which = ""

    def __init__(self, seam: Seam, real: Any) -> None:
        self.real = real
        self._seam = seam

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def _draw(self, name: str, args: Any, frame: FrameType, given: Any = None) -> Any:
        if self._seam.out:
            return getattr(self.real, name)(*args)
        if self.real.closed:
            raise ValueError("I/O operation on closed file.")

        def real() -> Any:
            return getattr(self.real, name)(*args)

        return self._seam.draw(f".{self.which}", frame, real, given)

    def fileno(self) -> int:
        if sys._getframe(1).f_code is POPEN:  # before Python 3.10: whether it is a terminal
            raise io.UnsupportedOperation("fileno")
        if isinstance(self.real, _Absent):
            raise self._seam.no_descriptor(self.which)
        if not self._seam.out:
            self._seam.took_descriptor(self.which, sys._getframe(1))
        return int(self.real.fileno())

    @property
    def closed(self) -> bool:
        return bool(self.real.closed)

    def close(self) -> None:
        self._seam.session.aside(self.real.close, (), {})

    def isatty(self) -> bool:
        return False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Pipe(_Stream):
    """What a process says."""

    def __init__(self, seam: Seam, which: str, real: Any) -> None:
        super().__init__(seam, real)
        self.which = which

    def read(self, size: Any = -1) -> Any:
        return self._draw("read", (size,), sys._getframe(1))

    def read1(self, size: int = -1) -> Any:
        return self._draw("read1", (size,), sys._getframe(1))

    def readline(self, size: Any = -1) -> Any:
        return self._draw("readline", (size,), sys._getframe(1))

    def readlines(self, hint: Any = -1) -> Any:
        return self._draw("readlines", (hint,), sys._getframe(1))

    def readinto(self, buffer: Any) -> int:
        data = self._draw("read", (len(buffer),), sys._getframe(1))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self._draw("readline", (), sys._getframe(1))
        if not line:
            raise StopIteration
        return line


class Sink(_Stream):
    """What a process is told: a replay must tell it the same."""

    which = "stdin"

    def write(self, data: Any) -> Any:
        return self._draw("write", (data,), sys._getframe(1), {"data": _whole(data)})

    def writelines(self, lines: Any) -> None:
        lines = list(lines)
        given = {"data": [_whole(line) for line in lines]}
        self._draw("writelines", (lines,), sys._getframe(1), given)

    def flush(self) -> None:
        if not isinstance(self.real, _Absent):
            self._seam.session.aside(self.real.flush, (), {})

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False


def _whole(data: Any) -> Any:
    return data if isinstance(data, str) else bytes(data)
