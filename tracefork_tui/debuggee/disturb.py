"""Other conditions for a replay than those it was recorded under, for `doctor`.

A clock that is off, another order of folders, another environment: seen by whatever is not
recorded. Where something that the user's code calls looks at it, that is noted with its site.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from types import FrameType, ModuleType
from typing import Any, Callable

from . import folders
from .callers import past
from .draws import set_on_type
from .hooks import AfterImport
from .session import Session
from .standin import like, stand_in

NOTE = "disturbed"
RATES = {"time": 1, "time_ns": 10**9}
NOW_IF_NONE = ("localtime", "gmtime", "ctime")
HERE = ("_tracefork.", "tracefork_tui.debuggee.")
MAPPING = ("os", "_collections_abc", "collections.abc")


def install(session: Session, hooks: AfterImport, conditions: dict[str, Any]) -> None:
    """Beneath the seams: to be called before they are put in place.

    `clock`: seconds; `order`: a number that stands for an order; `environment`: values of
    variables, None for one that is not there; `switch`: seconds between switches of threads.
    """
    noticed = Noticed(session)
    if conditions.get("clock"):
        clock = _Clock(noticed, conditions["clock"])
        clock.times()
        hooks.on("datetime", clock.dates)
    if conditions.get("order") is not None:
        _order(noticed, conditions["order"])
    if conditions.get("environment"):
        _environment(noticed, conditions["environment"])
    if conditions.get("switch"):
        sys.setswitchinterval(conditions["switch"])


class Noticed:
    """Keeps who looked at what is not as it was."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def by_user(self, what: str, frame: FrameType | None) -> None:
        """Note it if the user's code is on the stack and the look is not on the tape anyway."""
        session = self._session
        if session.inside.value or session.detached:
            return
        frame = _asking(frame)
        session.inside.value = True
        try:
            site = session.callers.site(frame)
            if site and frame is not None and session.callers.not_transport(frame):
                via = "" if session.callers.user(frame) else _named(session, frame)
                look = {"what": what, "via": via, "site": site, "importing": _importing(frame)}
                session.note(NOTE, look, once=(what, site[0]))
        finally:
            session.inside.value = False

    def recorded(self, frame: FrameType | None) -> bool:
        """True if what this frame asks for is a draw."""
        return self._session.callers.asked(_asking(frame)) is not None


def _ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(HERE)


def _asking(frame: FrameType | None) -> FrameType | None:
    """The frame that looks, past ours and those of os itself."""
    return past(frame, lambda one: _ours(one) or one.f_globals.get("__name__") in MAPPING)


def _importing(frame: FrameType | None) -> bool:
    """True if this is the code of a module that is just being imported."""
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _named(session: Session, frame: FrameType) -> str:
    code = frame.f_code
    return f"{session.callers.shown(code.co_filename)}:{frame.f_lineno} in {code.co_name}"


class _Clock:
    """The wall clock, some seconds off."""

    def __init__(self, noticed: Noticed, seconds: float) -> None:
        self._noticed = noticed
        self._seconds = seconds
        self._real = time.time

    def times(self) -> None:
        for name, rate in RATES.items():
            self._shift(name, getattr(time, name), rate)
        for name in NOW_IF_NONE:
            self._shift_now(name, getattr(time, name))
        for name in ("strftime", "asctime"):
            self._shift_text(name, getattr(time, name))

    def _look(self, name: str) -> float:
        self._noticed.by_user(name, sys._getframe(2))
        return self._real() + self._seconds

    def _shift(self, name: str, real: Any, rate: int) -> None:
        shift = int(self._seconds) * rate

        def shifted() -> Any:
            self._noticed.by_user(f"time.{name}", sys._getframe(1))
            return real() + shift

        _put(time, name, shifted, real)

    def _shift_now(self, name: str, real: Any) -> None:
        def shifted(seconds: Any = None) -> Any:
            return real(self._look(f"time.{name}") if seconds is None else seconds)

        _put(time, name, shifted, real)

    def _shift_text(self, name: str, real: Any) -> None:
        position = 1 if name == "strftime" else 0
        local = time.localtime

        def shifted(*args: Any) -> Any:
            if len(args) == position:
                args = (*args, local(self._look(f"time.{name}")))
            return real(*args)

        _put(time, name, shifted, real)

    def dates(self, module: ModuleType) -> None:
        """The methods that read the system's clock; `today` reads time.time."""
        library: Any = module
        shift = library.timedelta(seconds=int(self._seconds))
        for name in ("now", "utcnow"):
            self._shift_method(library.datetime, name, shift)

    def _shift_method(self, owner: Any, name: str, shift: Any) -> None:
        inner = vars(owner)[name]
        label = f"datetime.{owner.__name__}.{name}"

        def shifted(cls: Any, *args: Any, **kwargs: Any) -> Any:
            self._noticed.by_user(label, sys._getframe(1))
            return inner.__get__(None, cls)(*args, **kwargs) + shift

        like(shifted, getattr(owner, name))
        vars(shifted).pop("__wrapped__")
        set_on_type(owner, name, classmethod(shifted))


def _order(noticed: Noticed, seed: int) -> None:
    """Folders give their entries in another order: backwards for 0, else by chance."""
    list_real, scan_real = os.listdir, os.scandir

    def reordered(items: list[Any], key: Callable[[Any], Any]) -> list[Any]:
        if not seed:
            return items[::-1]
        return sorted(items, key=lambda item: zlib.crc32(os.fsencode(key(item)), seed))

    def tell(name: str, count: int, frame: FrameType) -> None:
        if count > 1 and not noticed.recorded(frame):
            noticed.by_user(name, frame)

    def listdir(path: Any = None) -> Any:
        names = list_real(path) if path is not None else list_real()
        tell("os.listdir", len(names), sys._getframe(1))
        return reordered(list(names), lambda name: name)

    def scandir(path: Any = None) -> Any:
        with scan_real(path) if path is not None else scan_real() as found:
            entries = list(found)
        tell("os.scandir", len(entries), sys._getframe(1))
        return folders.Scanned(reordered(entries, lambda entry: entry.name))

    _put(os, "listdir", listdir, list_real)
    _put(os, "scandir", scandir, scan_real)


def _environment(noticed: Noticed, changed: dict[str, Any]) -> None:
    """Other values of variables, or none."""
    before = {name: os.environ.get(name) for name in changed}
    for name, value in changed.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if "TZ" in changed:
        time.tzset()
    owner: Any = type(os.environ)
    real = owner.__getitem__

    def __getitem__(environ: Any, key: Any) -> Any:
        if key in changed and changed[key] != before[key]:
            frame = past(sys._getframe(1), _ours)
            whole = frame is not None and frame.f_code.co_name == "__iter__"
            noticed.by_user("all of os.environ" if whole else f"os.environ[{key!r}]", frame)
        return real(environ, key)

    owner.__getitem__ = __getitem__


def _put(module: Any, name: str, function: Any, real: Any) -> None:
    """`function` in the other's place, and with no way back to it: it is the real one now."""
    made = stand_in(function, real)
    del made.__wrapped__
    setattr(module, name, made)
