"""What tells one machine, process or moment from another, beside clocks and ids: process numbers,
host names, load, the order of a folder's entries.

Recorded where the user's code asks, be it through a module of the standard library.
"""

from __future__ import annotations

import os
import sys
from types import FrameType, FunctionType, ModuleType
from typing import Any, Callable

from . import folders, forms, keys, resources
from .draws import set_on_type
from .hooks import AfterImport
from .session import Session
from .standin import like, stand_in
from .virtual import not_beyond

PLAIN = {
    "os": (
        *("getpid", "getppid", "getpgid", "getpgrp", "getsid", "getlogin"),
        *("cpu_count", "process_cpu_count", "sysconf"),
    ),
    "socket": ("gethostname", "getfqdn", "gethostbyname"),
    "platform": ("node",),
    "getpass": ("getuser",),
}
NAMED = ("get_ident", "get_native_id")
ATTRIBUTES = ("ident", "native_id", "__repr__")
"""Of threading: other values on replay, as what they are compared with are others too."""


def install(session: Session, hooks: AfterImport) -> None:
    machine = Machine(session)
    for name in PLAIN:
        hooks.on(name, machine.plain)
    machine.tuples(os, "times", os.times_result)
    machine.tuples(os, "uname", os.uname_result)
    machine.tuples(os, "statvfs", os.statvfs_result)
    machine.tuples(os, "fstatvfs", os.statvfs_result)
    machine.tuples(os, "getloadavg", tuple)
    hooks.on("resource", lambda library: machine.tuples(library, "getrusage", _usage(library)))
    hooks.on("threading", machine.threading)
    folders.install(session, machine)
    hooks.on("socket", machine.lookups)
    hooks.on("asyncio.base_events", machine.loop_clock)
    resources.install(session, hooks, machine)
    keys.install(hooks, machine)


class Machine:
    """Puts functions in the place of those that tell of a machine."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._user = session.callers.user

    def asked(self, frame: FrameType | None) -> FrameType | None:
        """The user's frame that asks, itself or through the standard library; else None."""
        aside = self._session.inside.value or self._session.detached
        return None if aside else self._session.callers.asked(frame)

    def plain(self, module: ModuleType) -> None:
        for name in PLAIN[module.__name__]:
            if hasattr(module, name):
                self.value(module, name)

    def lookups(self, module: ModuleType) -> None:
        """What a host's name stands for, as addresses with their families."""
        self.value(module, "getaddrinfo", forms.keep, forms.restore)

    def threading(self, module: ModuleType) -> None:
        for name in NAMED:
            self.name(module, name)
        for name in ATTRIBUTES:
            self.name(module.Thread, name)

    def name(self, owner: Any, name: str, through: bool = False) -> None:
        """Have what is not recorded said where the user's code asks for it, `through` a library
        too: a function, a method of any kind, or a property.
        """
        if name not in vars(owner):
            return
        real, label = vars(owner)[name], _label(owner, name)

        def told(frame: FrameType) -> None:
            session = self._session
            if session.inside.value or not (through or self._user(frame)):
                return
            site = session.callers.site(frame)
            if site:
                session.note("source", {"what": label, "site": site}, once=(label, *site[:1]))

        def call(*args: Any, **kwargs: Any) -> Any:
            told(sys._getframe(1))
            return real(*args, **kwargs)

        def of_class(cls: Any, *args: Any, **kwargs: Any) -> Any:
            told(sys._getframe(1))
            return real.__get__(None, cls)(*args, **kwargs)

        def get(instance: Any) -> Any:
            told(sys._getframe(1))
            return real.fget(instance)

        if isinstance(real, property):
            setattr(owner, name, property(get, doc=real.__doc__))
        elif isinstance(owner, type) and not isinstance(real, FunctionType):
            like(of_class, real.__get__(None, owner))
            set_on_type(owner, name, classmethod(of_class))
        else:
            setattr(owner, name, stand_in(call, real))

    def tuples(self, module: ModuleType, name: str, make: Callable[[Any], Any]) -> None:
        if hasattr(module, name):
            self.value(module, name, list, make)

    def value(self, owner: Any, name: str, encode: Any = None, decode: Any = None) -> None:
        """Have what a function gives recorded where the user's code asks for it."""
        real, label = getattr(owner, name), _label(owner, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            frame = self.asked(sys._getframe(1))
            if frame is None:
                return real(*args, **kwargs)
            call = _keeping(real, args, kwargs)
            return self._session.draw(label, "machine", call, frame, encode or _listed, decode)

        setattr(owner, name, stand_in(wrapper, real))

    def loop_clock(self, module: ModuleType) -> None:
        """loop.time() where the user's code calls it; asyncio's own calls are the real clock."""
        owner: Any = module.BaseEventLoop
        real = owner.time

        def time(loop: Any) -> float:
            frame = sys._getframe(1)
            if self._session.inside.value or not self._user(frame):
                return float(real(loop))
            told = float(self._session.draw("loop.time", "float", lambda: real(loop), frame))
            not_beyond(loop, told)
            return told

        owner.time = time


def _label(owner: Any, name: str) -> str:
    if isinstance(owner, ModuleType):
        return f"{owner.__name__}.{name}"
    return f"{owner.__module__.partition('.')[0]}.{owner.__qualname__}.{name}"


def _usage(resource: Any) -> Callable[[Any], Any]:
    return lambda values: resource.struct_rusage(values)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _keeping(real: Callable[..., Any], args: Any, kwargs: Any) -> Callable[[], Any]:
    return lambda: real(*args, **kwargs)
