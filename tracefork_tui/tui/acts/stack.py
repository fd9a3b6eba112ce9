"""The agent's own frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action

if TYPE_CHECKING:
    from ..screens.main import MainScreen


@action("P", label="pdb", group="Fork",
        help="replay to this step, and open pdb in the frame that asked for it")  # fmt: skip
def pdb(screen: MainScreen, count: int | None) -> None:
    from ..lending import open_pdb

    open_pdb(screen.app, screen.session, count or screen.session.cursor, screen.say)
