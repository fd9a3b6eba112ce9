"""What a process and its machine have and use: memory, garbage, and all that psutil tells.

Recorded where the user's code asks for it; what is no value is named there.
"""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from . import forms
from .hooks import AfterImport
from .session import Session
from .standin import stand_in

if TYPE_CHECKING:
    from .machine import Machine

PROCESSES = ("children", "parent", "parents")
"""Methods of psutil.Process that give processes; the others give values."""
ACTS = ("kill", "terminate", "suspend", "resume", "wait", "send_signal", "rlimit", "oneshot")
NO_VALUES = ("process_iter", "wait_procs", "test")


def install(session: Session, hooks: AfterImport, machine: Machine) -> None:
    resources = _Resources(session, machine)
    resources.garbage()
    hooks.on("sys", lambda module: machine.value(module, "getallocatedblocks"))
    hooks.on("tracemalloc", lambda module: machine.tuples(module, "get_traced_memory", tuple))
    hooks.on("psutil", resources.psutil)


class _Resources:
    def __init__(self, session: Session, machine: Machine) -> None:
        self._session = session
        self._machine = machine

    def garbage(self) -> None:
        machine = self._machine
        machine.tuples(gc, "get_count", tuple)
        machine.value(gc, "get_stats")
        machine.name(gc, "get_objects")
        collects, session = gc.collect, self._session

        def collect(*args: Any, **kwargs: Any) -> Any:
            found = collects(*args, **kwargs)
            frame = machine.asked(sys._getframe(1))
            if frame is None or _ignores(frame):
                return found
            return session.draw("gc.collect", "machine", lambda: found, frame)

        gc.collect = stand_in(collect, collects)

    def psutil(self, module: Any) -> None:
        machine = self._machine
        for name in module.__all__:
            if name in NO_VALUES:
                machine.name(module, name)
            elif name.islower() and callable(getattr(module, name, None)):
                machine.value(module, name, forms.keep, forms.restore)
        process = module.Process
        machine.name(process, "pid")
        for name in [name for name in vars(process) if not name.startswith("_")]:
            if name in PROCESSES:
                machine.name(process, name)
            elif callable(vars(process)[name]) and name not in ACTS:
                machine.value(process, name, forms.keep, forms.restore)


def _ignores(frame: FrameType) -> bool:
    """True where nothing is done with what the call gives that a frame is in."""
    import dis

    steps = dis.get_instructions(frame.f_code)
    after = (step for step in steps if step.offset > frame.f_lasti)
    return next(after).opname == "POP_TOP"
