"""Driving the debugger's app in tests."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.main import MainScreen

SMALL = (80, 24)
LARGE = (160, 45)


def app_of(path: str) -> DebuggerApp:
    return DebuggerApp(Tape(path))


def screen_of(pilot: Pilot[Any]) -> MainScreen:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return screen


async def settle(pilot: Pilot[Any]) -> None:
    """Until everything that a key has set off is on the screen."""
    for _ in range(2):
        await pilot.pause(0.06)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> MainScreen:
    await pilot.press(*keys)
    await settle(pilot)
    return screen_of(pilot)


def shown(pilot: Pilot[Any]) -> str:
    """The characters on the screen, line by line."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
