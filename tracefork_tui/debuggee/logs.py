"""When the user's code logged something, where its formatters and handlers tell it.

What goes to stderr or to a file keeps the machine's time: nothing of a run hangs on it.
"""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

from .hooks import AfterImport
from .session import Session
from .standin import like

TIMES = ("created", "msecs", "relativeCreated")
SPELLED = "created|msecs|relativeCreated"
DRAW = "logging.LogRecord"
PASSED = ("logging", __name__)


def install(session: Session, hooks: AfterImport) -> None:
    hooks.on("logging", _Records(session).patch)


class _Records:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked: Any = ()
        self._logging: Any = None

    def patch(self, module: Any) -> None:
        from weakref import WeakSet

        self._logging, self._asked = module, WeakSet()
        for name in TIMES:
            setattr(module.LogRecord, name, self._property(name))
        owner = module.Formatter
        real, real_time = owner.format, owner.formatTime

        def format(formatter: Any, record: Any) -> Any:
            if re.search(SPELLED, str(getattr(formatter, "_fmt", ""))):
                self._ask(record, sys._getframe(1))
            return real(formatter, record)

        def formatTime(formatter: Any, record: Any, datefmt: Any = None) -> Any:
            self._ask(record, sys._getframe(1))
            return real_time(formatter, record, datefmt)

        like(format, real)
        like(formatTime, real_time)
        owner.format, owner.formatTime = format, formatTime

    def _property(self, name: str) -> property:
        """An attribute of a record, which is in its dictionary as without us."""

        def get(record: Any) -> Any:
            frame = sys._getframe(1)
            if frame.f_code.co_filename != self._logging.__file__:
                self._ask(record, frame)
            try:
                return vars(record)[name]
            except KeyError:
                raise AttributeError(name) from None

        def put(record: Any, value: Any) -> None:
            vars(record)[name] = value

        return property(get, put)

    def _ask(self, record: Any, frame: FrameType) -> None:
        session, values = self._session, vars(record)
        if session.detached or session.inside.value or record in self._asked:
            return
        place = str(values.get("pathname") or "<frozen")
        if not session.callers.user_file(place) or self._aside(frame):
            return
        self._asked.add(record)
        times = session.draw(DRAW, "times", lambda: [values.get(name) for name in TIMES], frame)
        values.update(zip(TIMES, times))

    def _aside(self, frame: FrameType | None) -> bool:
        """True where one of logging's own handlers is about to write to stderr or to a file."""
        while frame is not None and frame.f_globals.get("__name__", "").startswith(PASSED):
            handler = frame.f_locals.get("self") if frame.f_code.co_name == "emit" else None
            if isinstance(handler, self._logging.StreamHandler):
                errors = (sys.stderr, sys.__stderr__)
                return isinstance(handler, self._logging.FileHandler) or handler.stream in errors
            frame = frame.f_back
        return False
