"""What crossed the boundary of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action, always

if TYPE_CHECKING:
    from ..screens.main import MainScreen


@action("E", label="boundary", group="Tape", when=always,
        help="effects of the run: captured, only named, or refused")  # fmt: skip
def boundary(screen: MainScreen, count: int | None) -> None:
    from ..screens.boundary import BoundaryScreen

    screen.app.push_screen(BoundaryScreen(screen))
