"""pdb at a step. Imported where a run stops, and not before."""

from __future__ import annotations

import ctypes
import pdb
import sys
from types import FrameType
from typing import Any

from . import breakpoint as breakpoints
from .awaiting import with_awaiting

OURS = ("_tracefork", "_tracefork.*", "tracefork_tui.debuggee", "tracefork_tui.debuggee.*")
RESUMED = -1


class Debugger(pdb.Pdb):
    """pdb that can begin amid a call, shows no frame of ours, and ends the run when it is left."""

    def __init__(self, stops: breakpoints.Breakpoints, console: breakpoints.Console) -> None:
        super().__init__(stdin=console.stdin, stdout=console.stdout, skip=OURS, nosigint=True)
        self.use_rawinput = console.terminal is not None
        self._stops = stops
        self._chosen: FrameType | None = None

    def stop(self, inner: FrameType, chosen: FrameType) -> None:
        """Prompt in frame `chosen`; the frames from `inner` on are below it on the stack."""
        self.reset()
        frame: FrameType | None = chosen
        while frame is not None:
            frame.f_trace = self.trace_dispatch
            self.botframe = frame
            frame = frame.f_back
        self._chosen = chosen
        self.interaction(inner, None)
        _keep_assignments(chosen)
        if self.stoplineno != RESUMED or self.breaks:
            sys.settrace(self.trace_dispatch)

    def interaction(self, *args: Any, **kwargs: Any) -> None:
        with self._stops.prompting():
            super().interaction(*args, **kwargs)

    def get_stack(self, f: Any, t: Any) -> tuple[list[tuple[FrameType, int]], int]:
        stack, _ = super().get_stack(f, t)
        stack = with_awaiting(stack)
        shown = [entry for entry in stack if not breakpoints.hidden(entry[0])]
        chosen, self._chosen = self._chosen, None
        places = [place for place, (frame, _) in enumerate(shown) if frame is chosen]
        return shown, places[0] if places else len(shown) - 1

    def do_quit(self, arg: str) -> bool | None:
        """q(uit)\n\nStop the replay here; the agent is ended."""
        self._stops.quit()
        return True

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:
        """EOF\n\nAs quit."""
        self.message("")
        return self.do_quit(arg)

    def do_run(self, arg: str) -> None:
        """run\n\nNot in a replay: leave it, and stop it anew."""
        self.error("a replay is not restarted from its prompt; quit and run the command again")

    do_restart = do_run


def _keep_assignments(frame: FrameType) -> None:
    """Put what was assigned to locals at the prompt back into the frame."""
    if sys.version_info < (3, 13):
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
