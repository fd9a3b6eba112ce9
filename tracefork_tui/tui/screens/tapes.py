"""The tapes of a folder: what the debugger opens with where no tape is named."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..document import Document, Kind
from ..session import identity
from ..tapes_text import HOW, unread_lines
from ..widgets.treelist import TreeList
from .tree import TreeScreen

LOOK = 2.0
"""Seconds between looks at the folder: tapes come, and some are still being written."""


class TapesScreen(TreeScreen):
    """Every tape of the folder in the tree of its family; the one that is chosen opens on top."""

    KEYS: ClassVar[str] = "keys of the list of tapes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o,l", "open", "open this tape"),
        Binding("D", "diff_open", "compare the marked tape with this one"),
        Binding("m", "mark", "mark this tape for D, or take the mark away"),
        Binding("a", "all", show=False),
    ]

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._folder = folder
        self.rows: TreeList = TreeList(sizes=True)
        self._all = True
        self._folder_changed = _changed(folder)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LOOK, self._look)

    def _look(self) -> None:
        changed = _changed(self._folder)
        growing = any(glance.growing for glance in self._glances.values())
        if self.is_current and (growing or changed != self._folder_changed):
            self._folder_changed = changed
            self._read()

    @property
    def _title(self) -> str:
        return "tapes"

    def short_hints(self) -> list[tuple[str, str]]:
        return [
            ("Enter", "open"),
            ("j/k", "tape"),
            ("d", "diff with parent"),
            ("m", "mark"),
            ("D", "diff with marked"),
            ("q", "quit"),
            ("?", "keys"),
        ]

    def empty_page(self) -> Document:
        page = Document()
        page.line(f"There are no tapes in {self._folder}.", Kind.HEADING)
        for line in unread_lines(self._forest.folder) if self._forest else ():
            page.line(line, Kind.ERROR)
        page.heading("To have one, in a shell")
        for command, what in HOW:
            page.line(f"  {command}", Kind.CALL)
            page.line(f"    {what}", Kind.DIM)
        return page

    def action_open(self) -> None:
        path = self._chosen()
        if path:
            self.debugger.open_tape(path)

    def action_diff_open(self) -> None:
        from .diff import DiffScreen

        path, marked = self._chosen(), self.debugger.marked
        if path and not marked:
            self.say("m marks a tape; D then compares it with another")
        elif path and identity(path) == identity(marked):
            self.say("that is the marked tape itself")
        elif path:
            self.app.push_screen(DiffScreen(marked, path))

    def action_all(self) -> None:
        self.count()

    def action_back(self) -> None:
        if not self.keys.clear():
            self.app.exit(return_code=0)
        self.update_hints()


def _changed(folder: str) -> int:
    """When a file came to the folder, or left it."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
