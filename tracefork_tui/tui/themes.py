"""The themes by the names that users know them by: dark, light, contrast, plain.

`plain` has no colour at all (NO_COLOR): weight, reverse and words carry everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

NAMES = {"dark": "textual-dark", "light": "light", "contrast": "contrast", "plain": "plain"}

LIGHT = Theme(
    name="light",
    primary="#004f8c",
    secondary="#0b5f66",
    warning="#8a5200",
    error="#a3123a",
    success="#1a6b34",
    accent="#83307f",
    foreground="#1a1a1a",
    background="#f4f4f2",
    surface="#eaeae7",
    panel="#dfdfda",
    dark=False,
    variables={
        "foreground-muted": "#555555",
        "text-muted": "#555555",
        "text-primary": "#004a84",
        "text-secondary": "#0b565d",
        "text-warning": "#7a4800",
        "text-error": "#9c1036",
        "text-success": "#16602e",
        "text-accent": "#7a2b76",
        "panel-lighten-1": "#8c8c86",
    },
)

CONTRAST = Theme(
    name="contrast",
    primary="#3a8fe0",
    secondary="#5ff0f0",
    warning="#ffd75f",
    error="#ff8f8f",
    success="#6fff8f",
    accent="#ffb0ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    text_alpha=1.0,
    variables={
        "foreground-muted": "#d8d8d8",
        "text-muted": "#d8d8d8",
        "text-primary": "#8fcaff",
        "text-secondary": "#8ff4f4",
        "text-warning": "#ffe08f",
        "text-error": "#ffb0b0",
        "text-success": "#9fffb4",
        "text-accent": "#ffc8ff",
        "panel-lighten-1": "#9a9a9a",
    },
)

PLAIN = Theme(
    name="plain",
    ansi=True,
    primary="ansi_default",
    secondary="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    success="ansi_default",
    accent="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "reverse bold",
        "block-cursor-blurred-text-style": "reverse",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_default",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)


OURS = (LIGHT, CONTRAST, PLAIN)


class Colourless(LineFilter):
    """Takes every colour away; bold, reverse and underline stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, style.without_color if style else None, control)
            for text, style, control in segments
        ]


def first_theme(app: App[Any], wanted: str, environment: Mapping[str, str]) -> str:
    """The theme to begin with: what the user has set, or else what the terminal tells."""
    if app.no_color:
        return "plain"
    if theme_of(app, wanted):
        return theme_of(app, wanted)
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return NAMES["light" if ground in ("7", "15") else "dark"]


def theme_of(app: App[Any], name: str) -> str:
    """The theme that a user names, "" where there is none."""
    name = NAMES.get(name, name)
    return name if name in app.available_themes else ""


def name_of(theme: str) -> str:
    """What users call a theme."""
    return next((name for name, one in NAMES.items() if one == theme), theme)


def following(theme: str) -> str:
    """The theme after that one, of those with a name of ours."""
    themes = list(NAMES.values())
    return themes[(themes.index(theme) + 1) % len(themes)] if theme in themes else themes[0]


def close_to(app: App[Any], name: str) -> str:
    """A hint for a name that is no theme's."""
    close = get_close_matches(name, [*NAMES, *app.available_themes], 1)
    return f"did you mean {close[0]}?" if close else f"there is {', '.join(NAMES)}"
