"""The colours of recorded text, taken from the theme by what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color, ColorParseError

if TYPE_CHECKING:
    from textual.widget import Widget

_NAMES: dict[str, tuple[str, str]] = {
    # lines, by the names of document.Kind
    "text": ("foreground", ""),
    "prose": ("foreground", ""),
    "json": ("foreground", ""),
    "value": ("foreground", ""),
    "field": ("foreground", ""),
    "dim": ("foreground-muted", ""),
    "thinking": ("foreground-muted", "italic"),
    "heading": ("foreground", "bold"),
    "system": ("foreground-muted", "bold"),
    "user": ("text-primary", "bold"),
    "assistant": ("text-success", "bold"),
    "call": ("text-warning", "bold"),
    "result": ("text-secondary", "bold"),
    "error": ("text-error", "bold"),
    "gone": ("text-error", ""),
    "new": ("text-accent", ""),
    # pieces of lines
    "key": ("text-primary", ""),
    "string": ("text-success", ""),
    "number": ("text-warning", ""),
    "word": ("text-warning", ""),
    "punct": ("foreground-muted", ""),
    "code": ("text-accent", ""),
    "strong": ("foreground", "bold"),
    "cut": ("text-warning", "reverse"),
    "gone-word": ("text-error", "reverse"),
    "came": ("text-success", ""),
    "came-word": ("text-success", "reverse"),
    "differs": ("text-warning", "bold underline"),
    "found": ("text-warning", "reverse"),
    "here": ("text-warning", "reverse bold underline"),
    "picked": ("text-accent", "reverse bold"),
    # the timeline
    "exchange": ("text-success", ""),
    "draw": ("foreground-muted", ""),
    "bad": ("text-error", ""),
    "mark": ("text-warning", "bold"),
    "kept": ("foreground-muted", ""),
    "changed": ("text-warning", "bold"),
    "edge": ("panel-lighten-1", ""),
}
_CURSOR = {True: 0.6, False: 0.3}


class Inks:
    """Styles by name for a widget, made once a theme."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._theme = ""
        self._styles: dict[str, Style] = {}

    def __getitem__(self, name: str) -> Style:
        """A colour to lay over a background."""
        self._check()
        style = self._styles.get(name)
        if style is None:
            variable, attributes = _NAMES[name]
            paint = Style(color=self._colour(variable).rich_color)
            style = self._styles[name] = paint + Style.parse(attributes) if attributes else paint
        return style

    @property
    def page(self) -> Style:
        """The background."""
        return self._ground("page", 0.0)

    def cursor(self, focused: bool) -> Style:
        """The background of the line under the cursor."""
        return self._ground(f"cursor {focused}", _CURSOR[focused])

    def under_cursor(self, focused: bool) -> Style:
        """Background and text of the line under the cursor, readable in every theme."""
        ground = self.cursor(focused)
        name = f"under cursor {focused}"
        if name not in self._styles:
            text = Style(bold=True)
            if not ground.reverse and ground.bgcolor:
                colour = Color.from_rich_color(ground.bgcolor)
                text += Style(color=colour.get_contrast_text(0.95).rich_color)
            self._styles[name] = ground + text
        return self._styles[name]

    def _ground(self, name: str, primary: float) -> Style:
        self._check()
        style = self._styles.get(name)
        if style is None:
            ground = self._colour("background")
            if primary and ground.ansi is None:
                ground = ground.blend(self._colour("primary"), primary)
            style = Style(bgcolor=ground.rich_color, reverse=bool(primary and ground.ansi))
            self._styles[name] = style
        return style

    def _check(self) -> None:
        theme = self._widget.app.theme
        if theme != self._theme:
            self._theme = theme
            self._styles.clear()

    def _colour(self, variable: str) -> Color:
        variables = self._widget.app.theme_variables
        try:
            colour = Color.parse(variables.get(variable, variables["foreground"]))
            if colour.a < 1 and colour.ansi is None:
                colour = Color.parse(variables["background"]) + colour
        except (ColorParseError, KeyError):
            colour = Color.parse("ansi_default")
        return colour
