"""The fields of an answer, each with what edits it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from ..drafts import Field
from ..text import plain, plain_lines

MARK = "▌"
NOTE_LINES = 6


class FieldEdit(Vertical):
    """A field's label and its editor; a note is only shown."""

    DEFAULT_CSS = """
    FieldEdit {
        height: auto; margin-bottom: 1;
        & .label { color: $text-warning; text-style: bold; height: 1; }
        & .label.text { color: $text-success; }
        & .label.note { color: $foreground-muted; }
        & .note-text { color: $foreground-muted; text-style: italic; padding-left: 2; width: 1fr; }
        & Input, & TextArea { margin-left: 2; background: $surface; }
        & Input:focus, & TextArea:focus { background: $panel; }
        & TextArea { height: auto; min-height: 1; max-height: 16; border: none; padding: 0; }
        & TextArea:focus { border: none; }
    }
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self.editor: Input | TextArea | None = None

    def compose(self) -> ComposeResult:
        field = self.field
        label = Static(Content(plain(f"{MARK} {field.label}")), classes=f"label {field.kind}")
        label.tooltip = None
        yield label
        if field.kind == "note":
            lines = plain_lines(field.shown)
            more = [f"… {len(lines) - NOTE_LINES} more lines"] if len(lines) > NOTE_LINES else []
            yield Static(Content("\n".join(lines[:NOTE_LINES] + more)), classes="note-text")
        elif field.kind == "line":
            self.editor = Input(field.now, select_on_focus=False, compact=True)
            yield self.editor
        else:
            self.editor = TextArea(
                field.now, soft_wrap=True, compact=True, highlight_cursor_line=False
            )
            yield self.editor

    def keep(self) -> None:
        """Put what stands in the editor into the field."""
        if isinstance(self.editor, Input):
            self.field.now = self.editor.value
        elif isinstance(self.editor, TextArea):
            self.field.now = self.editor.text


def best(fields: list[FieldEdit]) -> Widget | None:
    """The editor to begin with: the first call's input, else the first there is."""
    editable = [one for one in fields if one.editor is not None]
    chosen = [one for one in editable if one.field.kind == "json"] or editable
    return chosen[0].editor if chosen else None
