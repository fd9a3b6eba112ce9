"""The tapes of a family, or of the whole folder, as a tree of forks."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import Worker, get_current_worker

from ...diff import Totals
from ...tape.peek import Peek
from .. import kin
from ..document import Document
from ..family import Forest, Glance, Node, home
from ..session import identity
from ..tape_words import about, cost_of, nothing
from ..text import plain
from ..widgets.rowlist import RowList
from ..widgets.treelist import TreeList, lines_of
from .listing import ListScreen


class TreeScreen(ListScreen):
    """Opens the tape that is chosen; with `compare`, compares the open tape with it."""

    DEFAULT_CSS = """
    TreeScreen {
        & TreeList { height: auto; min-height: 6; max-height: 60%; }
        & LineView { height: 1fr; border-top: solid $panel-lighten-1; }
        &.zoomed TreeList { display: none; }
    }
    """
    AUTO_FOCUS = "TreeList"
    KEYS: ClassVar[str] = "keys of the tree"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "open", "open this tape, or compare with it where one is asked for"),
        Binding("d", "diff", "compare this tape with the one it was forked from"),
        Binding("D", "diff_open", "compare the tape that is open with this one"),
        Binding("m", "mark", "mark this tape for D, or take the mark away"),
        Binding("h,left", "parent", "the tape that this one was forked from"),
        Binding("a", "all", "all tapes of the folder, or this family only"),
        Binding("R", "again", "read the folder again"),
    ]

    def __init__(self, path: str, compare: bool = False) -> None:
        super().__init__()
        self.rows: TreeList = TreeList()
        self._path = path
        self._folder = home(path)
        self._compare = compare
        self._all = compare
        self._forest: Forest | None = None
        self._glances: dict[kin.Place, Glance] = {}
        self._totals: dict[kin.Stamp, Totals | None] = {}
        self._adding: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.rows
        yield self.about
        yield self.hints

    def on_mount(self) -> None:
        self.rows.current = identity(self._path)
        self.rows.marked = identity(self.debugger.marked) if self.debugger.marked else None
        self.header.show((self._title, "reading the folder …"), ())
        self.update_hints()
        self._read()

    def on_screen_resume(self) -> None:
        if self._forest is not None:
            self._read()

    @property
    def _title(self) -> str:
        name = plain(os.path.basename(self._path))
        return f"compare {name} with …" if self._compare else f"forks · {name}"

    def short_hints(self) -> list[tuple[str, str]]:
        if self._compare:
            return [("Enter", "compare"), ("j/k", "tape"), ("a", "all tapes"), ("q", "back")]
        return [
            ("Enter", "open"),
            ("d", "diff with parent"),
            ("D", "diff with open"),
            ("m", "mark"),
            ("a", "all tapes"),
            ("q", "back"),
            ("?", "keys"),
        ]

    # News

    def _read(self) -> None:
        self.run_worker(
            lambda: kin.find(self.post_message, get_current_worker(), self._folder),
            group="find",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def on_found(self, message: kin.Found) -> None:
        first, self._forest = self._forest is None, message.forest
        self._list(self._forest.find(self.rows.current) if first else self._here())
        if first and self._compare:
            self.go(1 if self.rows.cursor == 0 else 0)

    def on_seen(self, message: kin.Seen) -> None:
        self._glances |= message.glances
        self._fill()
        self._add_up()

    def on_summed(self, message: kin.Summed) -> None:
        self._totals[message.key] = message.totals
        self._fill()

    def _add_up(self) -> None:
        """Sum the runs in the background, the one under the cursor first."""
        if self._adding is None or self._adding.is_finished:
            self._adding = self.run_worker(
                lambda: kin.add_up(self.post_message, get_current_worker(), self._following),
                group="sum",
                thread=True,
                exit_on_error=False,
            )

    def _following(self, done: set[kin.Stamp]) -> Peek | None:
        """The tape to sum next; asked from another thread."""
        lines, cursor = self.rows.lines, self.rows.cursor
        first = [line.node.tape for line in lines[cursor : cursor + 1]]
        rest = (line.node.tape for line in lines)
        short = (tape for tape in rest if tape and tape.closed and tape.steps <= kin.LONG)
        for tape in (*first, *short):
            if tape and (key := kin.stamp(tape)) not in done and key not in self._totals:
                return tape
        return None

    # The list

    def _list(self, on: Node | None) -> None:
        """Show the tapes, with the cursor on one of them."""
        if self._forest is None:
            return
        here = self._forest.find(self.rows.current)
        family = self._forest.family(here) if here else []
        others = [root for root in self._forest.roots if root not in family]
        roots = [*family, *others] if self._all or not family else family
        lines = lines_of(roots)
        self.rows.display = bool(lines)
        self.rows.show(lines)
        place = on.tape.place if on and on.tape else None
        places = [line.node.tape.place if line.node.tape else None for line in lines]
        self.rows.move(places.index(place) if place in places else 0)
        self._fill()
        tapes = sum(place is not None for place in places)
        more = sum(1 for root in others for node in root.walk() if node.tape)
        right = [f"{tapes:,} tape{'s' * (tapes != 1)}"]
        if more and not self._all:
            right.append(f"{more:,} more in the folder: a")
        if self._forest.folder.left:
            right.append(f"{self._forest.folder.left:,} files were not looked at")
        if self._forest.folder.unread:
            right.append(f"{len(self._forest.folder.unread):,} cannot be read")
        self.header.show((self._title, plain(os.path.basename(self._folder))), tuple(right))

    def _fill(self) -> None:
        """Put what has become known into the lines, and into the page."""
        for line in self.rows.lines:
            if line.node.tape:
                line.glance = self._glances.get(line.node.tape.place)
                line.cost = cost_of(self._totals.get(kin.stamp(line.node.tape)))
        self.rows.refresh()
        self.moved()

    def moved(self) -> None:
        node = self._here()
        if node is None:
            self.about.show(self.empty_page())
            return
        glance = self._glances.get(node.tape.place) if node.tape else None
        totals = self._totals.get(kin.stamp(node.tape)) if node.tape else None
        place = node.tape.place if node.tape else None
        roles = {"● the open tape": self.rows.current, "m marked for D": self.rows.marked}
        page = about(
            node,
            glance,
            totals,
            tuple(role for role, one in roles.items() if place and one == place),
        )
        if page.text != self.about.document.text:
            self.about.show(page)
        if self._forest is not None and glance is not None:
            self._add_up()

    def empty_page(self) -> Document:
        """What to say where there is no tape."""
        return nothing()

    def _here(self) -> Node | None:
        lines = self.rows.lines
        return lines[self.rows.cursor].node if lines else None

    def _chosen(self) -> str:
        """The path of the tape under the cursor; "" and a message where there is none."""
        self.count()
        node = self._here()
        if node is None or node.tape is None:
            self.say("that tape is not in this folder" if node else "no tapes here")
            return ""
        return node.tape.path

    # Actions

    def action_open(self) -> None:
        path = self._chosen()
        if not path:
            return
        if self._compare:
            self.action_diff_open()
        else:
            self.dismiss()
            if identity(path) != self.rows.current:
                self.debugger.open_tape(path)

    def action_diff(self) -> None:
        from .diff import DiffScreen

        path, node = self._chosen(), self._here()
        if not path or node is None:
            return
        if node.up is None:
            self.say("this tape is no fork; D compares the open tape with it")
        elif node.up.tape is None:
            self.say(f"its parent {node.up.name} is not in this folder")
        else:
            self.app.push_screen(DiffScreen(node.up.tape.path, path))

    def action_diff_open(self) -> None:
        from .diff import DiffScreen

        path, node = self._chosen(), self._here()
        if not path or node is None:
            return
        if identity(path) == self.rows.current:
            self.say("that is the open tape itself")
            return
        here = self._forest.find(self.rows.current) if self._forest else None
        pair = (self._path, path) if here is None or not here.under(node) else (path, self._path)
        if self._compare:
            self.dismiss()
        self.app.push_screen(DiffScreen(*pair))

    def action_mark(self) -> None:
        path = self._chosen()
        if not path:
            return
        place = identity(path)
        self.rows.marked = None if place == self.rows.marked else place
        self.debugger.marked = path if self.rows.marked else ""
        self._fill()
        self.say(
            "marked: D in its debugger compares with it" if self.rows.marked else "mark taken away"
        )

    def action_parent(self) -> None:
        self.count()
        node = self._here()
        nodes = [line.node for line in self.rows.lines]
        if node is not None and node.up in nodes:
            self.go(nodes.index(node.up))

    def action_all(self) -> None:
        self.count()
        self._all = not self._all
        self._list(self._here())

    def action_again(self) -> None:
        self.count()
        self._read()

    def on_row_list_picked(self, message: RowList.Picked) -> None:
        super().on_row_list_picked(message)
        if message.again:
            self.action_open()
