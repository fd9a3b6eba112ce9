"""The choice of what serves the steps after the fork."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from .choice import LABEL, Choice

MEANS = {
    "offline": "the tape answers; what it does not hold gets its next reply, stale",
    "strict": "the tape answers; the run halts at what it does not hold",
    "live": "the real model answers; you are asked first, with what it may cost",
}


class Tail(Vertical):
    """offline, strict or live, with what that means."""

    DEFAULT_CSS = f"""
    Tail {{ height: auto; }}
    Tail Static {{ height: 1; color: $foreground-muted; padding-left: {LABEL + 1}; }}
    """

    def __init__(self, chosen: str) -> None:
        super().__init__()
        self._choice = Choice("then", tuple(MEANS), chosen)
        self._means = Static(MEANS[self._choice.chosen], markup=False)

    @property
    def chosen(self) -> str:
        return self._choice.chosen

    def compose(self) -> ComposeResult:
        yield self._choice
        yield self._means

    def on_choice_changed(self, event: Choice.Changed) -> None:
        event.stop()
        self._means.update(MEANS[self.chosen])
