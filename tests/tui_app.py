"""Driving the debugger's app in tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp
from tracefork_tui.tui.screens.main import MainScreen

SMALL = (80, 24)
LARGE = (160, 45)
PATIENCE = 60.0


def app_of(path: str) -> DebuggerApp:
    return DebuggerApp(Tape(path))


def screen_of(pilot: Pilot[Any]) -> MainScreen:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return screen


async def settle(pilot: Pilot[Any], rounds: int = 2) -> None:
    """Until nothing is at work and the screen has been the same for some rounds."""
    app, before, same = pilot.app, "", 0
    deadline = time.monotonic() + PATIENCE
    while same < rounds and app.is_running:
        assert time.monotonic() < deadline, "it never came to rest"
        await pilot.pause(0.04)
        idle = all(worker.is_finished for worker in app.workers)
        now = shown(pilot)
        same = same + 1 if idle and now == before else 0
        before = now
    await pilot.pause()


async def wear(pilot: Pilot[Any], theme: str) -> None:
    """Change the theme, and wait until all that is on the screen has its colours."""
    app, worn = pilot.app, list[str]()
    if app.theme != theme:
        app.theme_changed_signal.subscribe(app.screen, lambda now: worn.append(now.name))
        app.theme = theme
        await until(pilot, lambda: theme in worn, theme)
        app.theme_changed_signal.unsubscribe(app.screen)
    await settle(pilot)


async def until(pilot: Pilot[Any], condition: Callable[[], Any], what: str = "") -> None:
    """Let the app go on until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"nothing came of waiting for {what}"
        await pilot.pause(0.05)
    await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> MainScreen:
    await pilot.press(*keys)
    await settle(pilot)
    return screen_of(pilot)


def shown(pilot: Pilot[Any]) -> str:
    """The characters on the screen, line by line."""
    if not pilot.app.screen_stack:
        return ""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
