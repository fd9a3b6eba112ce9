"""The debugger on the screen: app, screens, widgets. It knows no file format and no process."""

from __future__ import annotations


def run(paths: list[str]) -> int:
    """Open the debugger on the first tape and give its exit code. Raises TapeError.

    A second one is marked, to compare with.
    """
    import gc
    import sys

    gc.disable()  # until the first paint: imports make much that lives and nothing that dies
    from ..tape.reader import Tape
    from .app import DebuggerApp

    sys.setswitchinterval(0.001)  # a key must not wait long for work in the background
    app = DebuggerApp(Tape(paths[0]))
    app.marked = "".join(paths[1:2])
    app.run()
    return app.return_code or 0
