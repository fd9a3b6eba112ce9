"""The registry's actions in the command palette."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from .actions import ACTIONS, Action
from .screens.main import MainScreen


class Actions(Provider):
    """Every action that is possible now, found by its help text or name."""

    def _possible(self) -> list[tuple[MainScreen, Action]]:
        screen = self.screen
        if not isinstance(screen, MainScreen):
            return []
        return [
            (screen, one)
            for one in ACTIONS.values()
            if one.when(screen.session) and one.id not in ("palette", "cancel")
        ]

    async def discover(self) -> Hits:
        for screen, one in self._possible():
            yield DiscoveryHit(_words(one), partial(screen.action_do, one.id), help=_help(one))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for screen, one in self._possible():
            score = matcher.match(_words(one))
            if score > 0:
                run = partial(screen.action_do, one.id)
                yield Hit(score, matcher.highlight(_words(one)), run, help=_help(one))


def _words(one: Action) -> str:
    return one.id.replace("_", " ")


def _help(one: Action) -> str:
    return f"{one.help} ({one.key})" if one.key else one.help
