"""Lists of lines, painted with no more work than the lines themselves are."""

from __future__ import annotations

from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView):
    """Lines that `render_line` draws to their full width. Where it gives the same strip again,
    what has been made of it for the screen is not made again."""

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.gutter.totals != (0, 0):
            return super().render_lines(crop)
        background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for one in self.get_line_filters():
            strips = [strip.apply_filter(one, background) for strip in strips]
        if crop.column_span != (0, self.region.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips
