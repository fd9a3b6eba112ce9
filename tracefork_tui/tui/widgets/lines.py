"""Lists of lines, painted with no more work than the lines themselves are."""

from __future__ import annotations

from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView):
    """Lines that `render_line` draws to their full width. Where nothing is around them, a border or
    padding, a line is made anew where it was refreshed, and a strip that was shown before costs
    nothing more."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._made: dict[int, Strip] = {}
        self._filters: list[LineFilter] = []

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.styles.gutter.totals != (0, 0):
            return super().render_lines(crop)
        filters, background = list(self.get_line_filters()), self.background_colors[1]
        if filters != self._filters:
            self._filters = filters
            self._made.clear()
        strips = []
        for y in crop.line_range:
            strip = self._made.get(y)
            if strip is None:
                strip = self.render_line(y)
                for one in filters:
                    strip = strip.apply_filter(one, background)
                self._made[y] = strip
            strips.append(strip)
        if crop.column_span == (0, self.region.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        for region in regions:
            for y in region.line_range:
                self._made.pop(y, None)
        if not regions:
            self._made.clear()
