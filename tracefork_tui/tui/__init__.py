"""The debugger on the screen: app, screens, widgets. It knows no file format and no process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .app import DebuggerApp

FRAMES = "TEXTUAL_FPS"
MOST_FRAMES = "240"
"""A second: how often Textual looks for what to paint. With its own 60 a key waits 12 ms."""


def run(paths: list[str], commands: Sequence[str] | None = None, screen: bool = True) -> int:
    """Open the debugger on the first tape, or on the tapes of this folder where none is named,
    and give its exit code. Raises TapeError.

    A second tape is marked, to compare with. `commands` are done first (see `script`); what they
    print goes to stdout in the end. Without a `screen` the debugger ends with them.
    """
    import gc
    import sys

    gc.disable()  # until the first paint: imports make much that lives and nothing that dies
    gc.set_threshold(5_000, 2_000, 10)  # what takes longer waits until nobody types: see app
    _set_frames()
    from ..replay.state import state_folder
    from ..tape.reader import Tape
    from .app import DebuggerApp
    from .config import config_path, load
    from .memory import Memory

    if screen:
        _give_size()
    sys.setswitchinterval(0.001)  # a key must not wait long for work in the background
    config = load(config_path())
    memory = Memory(state_folder()) if commands is None else None
    app = DebuggerApp(Tape(paths[0]) if paths else None, config=config, memory=memory)
    app.marked = "".join(paths[1:2])
    if commands is None:
        app.run()
        app.remember()
    else:
        _scripted(app, commands, screen)
    return app.return_code or 0


def _set_frames() -> None:
    """Textual reads it when it is imported; agents that start here must not see it."""
    import os
    from importlib import import_module

    if FRAMES not in os.environ:
        os.environ[FRAMES] = MOST_FRAMES
        import_module("textual.constants")
        del os.environ[FRAMES]


def _give_size() -> None:
    """A terminal that says it has no lines or no columns gets the usual ones: what would be drawn
    in none is drawn without end."""
    import fcntl
    import struct
    import sys
    import termios

    try:
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        lines, columns, *pixels = struct.unpack("HHHH", size)
        if not lines or not columns:
            new = struct.pack("HHHH", lines or 24, columns or 80, *pixels)
            fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, new)
    except OSError:
        pass


def _scripted(app: DebuggerApp, commands: Sequence[str], screen: bool) -> None:
    import shutil
    import sys

    from ..tape.errors import TapeError
    from .script import Script

    script = Script(commands, end=not screen)
    size = shutil.get_terminal_size((100, 30))
    app.run(headless=not screen, size=None if screen else size, auto_pilot=script)
    for text in script.printed:
        print(text)
    for line in () if screen else script.said:
        print(f"tracefork-tui: {line}", file=sys.stderr)
    if script.mistake:
        raise TapeError(f"--run: {script.mistake}")
