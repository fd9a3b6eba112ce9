"""Answers that are being edited: which places of them the form shows, and how they are read back.

A text that would not be harmless on the screen is shown as a JSON string, escapes and all, so
that nothing of it is lost and nothing of it is obeyed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..tape.steps import Draw, Exchange
from .text import escaped, is_plain, short
from .units import size

if TYPE_CHECKING:
    from ..replay.plan import Intervention

Path = tuple[str | int, ...]
Kind = Literal["text", "line", "json", "note"]

LONGEST = 50_000
STOPS = {
    "stop_reason": (
        "end_turn", "tool_use", "max_tokens", "stop_sequence", "refusal", "pause_turn",
    ),
    "finish_reason": ("stop", "tool_calls", "length", "content_filter"),
}  # fmt: skip
CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


class NotRead(ValueError):
    """What was typed cannot be read; one line that names the place."""


@dataclass
class Field:
    """A place of an answer. `shown`: how the form shows it first; `now`: what stands there now.

    A "note" is only looked at. `quoted`: it is shown as a JSON string. `packed`: a "json" that
    the message holds as text.
    """

    path: Path
    label: str
    kind: Kind
    shown: str
    now: str
    quoted: bool = False
    packed: bool = False

    @property
    def place(self) -> str:
        """The path as it is written: content[1].input."""
        words = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return "".join(words).lstrip(".")

    def value(self) -> Any:
        """What stands there as a value. Raises NotRead."""
        if self.kind == "json":
            value = _loads(self.now, self.place)
            return json.dumps(value, ensure_ascii=False) if self.packed else value
        if not self.quoted:
            return self.now
        value = _loads(self.now, self.place)
        if not isinstance(value, str):
            raise NotRead(f"{self.place} must be a JSON string: it is shown as one")
        return value


class Draft:
    """An answer to a step, as far as it has been edited. `note`: one line about it, or "".

    `stop_key`: the member that says why the reply ended, with `stops` to choose from; "" where
    there is none. `broken`: what the editor gave back last, if that could not be read.
    """

    title = "edit the answer"
    stop_key = ""
    stops: tuple[str, ...] = ()

    def __init__(self, fields: list[Field], note: str = "") -> None:
        self.fields = fields
        self.note = note
        self.stop = ""
        self.tail = "offline"
        self.broken = ""

    @property
    def edited(self) -> list[Field]:
        return [field for field in self.fields if field.now != field.shown]

    def text(self) -> str:
        """All of it, for an editor. Raises NotRead while the form holds what cannot be read."""
        raise NotImplementedError

    def take(self, text: str) -> None:
        """What came back from the editor. Raises NotRead."""
        raise NotImplementedError

    def reset(self) -> None:
        """As it was recorded."""
        for field in self.fields:
            field.now = field.shown
        self.broken = ""

    def intervention(self, step: Exchange | Draw) -> Intervention:
        """Checked, and ready to run. Raises NotRead or Refused."""
        raise NotImplementedError


class ReplyDraft(Draft):
    """A message in place of the one that was recorded."""

    title = "edit the reply"

    def __init__(self, message: dict[str, Any], stop_key: str, note: str = "") -> None:
        super().__init__([], note)
        self.stop_key = stop_key
        self._recorded = message
        self._show(message)

    def _show(self, message: dict[str, Any]) -> None:
        self._message = message
        self.fields = list(_chat(message) if self.stop_key == "finish_reason" else _blocks(message))
        self.stop = str(message.get(self.stop_key) or "")
        known = STOPS[self.stop_key]
        self.stops = known if not self.stop or self.stop in known else (self.stop, *known)

    def message(self) -> dict[str, Any]:
        """The message as the form has it. Raises NotRead."""
        new = copy.deepcopy(self._message)
        for field in self.edited:
            _put(new, field.path, field.value())
        if self.stop and self.stop != new.get(self.stop_key):
            new[self.stop_key] = self.stop
        return new

    def text(self) -> str:
        if self.broken:
            return self.broken
        return escaped(json.dumps(self.message(), ensure_ascii=False, indent=2)) + "\n"

    def take(self, text: str) -> None:
        self.broken = text
        message = _loads(text, "what the editor gave back")
        if not isinstance(message, dict):
            raise NotRead("what the editor gave back is no JSON object")
        self.broken = ""
        self._show(message)

    def reset(self) -> None:
        self.broken = ""
        self._show(self._recorded)

    def intervention(self, step: Exchange | Draw) -> Intervention:
        from ..replay import interventions

        if self.broken:
            raise NotRead("what the editor gave back is not JSON; edit it again, or take it back")
        return interventions.reply(step, json.dumps(self.message()))


class TextDraft(Draft):
    """An answer that is one text: the body of a response, or a draw's value."""

    def __init__(self, place: str, label: str, recorded: str, note: str = "") -> None:
        super().__init__([], note)
        self._place, self._label, self._recorded = place, label, recorded
        self._show(recorded)

    def _show(self, text: str) -> None:
        self._whole = text
        kind: Kind = "text" if len(text) > 60 or "\n" in text else "line"
        self.fields = [_field((self._place,), self._label, kind, text)]

    def text(self) -> str:
        """The text as it is now. Raises NotRead."""
        return str(self.fields[0].value()) if self.edited else self._whole

    def take(self, text: str) -> None:
        ended = self._whole.endswith("\n")
        self._show(text if ended else text.removesuffix("\n"))

    def reset(self) -> None:
        self._show(self._recorded)


class RawDraft(TextDraft):
    """The bytes of a response that is no message."""

    title = "edit the response"

    def intervention(self, step: Exchange | Draw) -> Intervention:
        from ..replay import interventions

        return interventions.raw(step, self.text().encode())


class DrawDraft(TextDraft):
    """Another value for a draw, of the type that it has on the tape."""

    title = "edit the value"

    def intervention(self, step: Exchange | Draw) -> Intervention:
        from ..replay import interventions

        return interventions.draw(step, self.text())


def draft_of(step: Exchange | Draw) -> Draft:
    """What can be edited of a step. Raises NotRead, with the reason, where nothing can."""
    from .. import wire

    if isinstance(step, Draw):
        value = step.value if isinstance(step.value, str) else _value(step.value)
        name = short(step.name, 60)
        return DrawDraft(name, f"{name} · {short(step.type, 30)}", value)
    response, url = step.response, step.request.url
    api = wire.api_of(url)
    if api in ("messages", "chat"):
        key = "stop_reason" if api == "messages" else "finish_reason"
        chunks = [chunk.data for chunk in response.chunks] if response else []
        found = wire.message_of(url, response.headers, chunks) if response else None
        if found is not None:
            return ReplyDraft(_worth_editing(found), key)
        was = f"a {response.status}" if response else str(step.error or "no reply")
        return ReplyDraft(_EMPTY[api], key, f"recorded was {short(was, 60)}: this takes its place")
    if response is None:
        raise NotRead("this exchange has no response to edit; a fault can be injected (i)")
    try:
        body = wire.decode(response.body, response.headers).decode()
    except UnicodeDecodeError:
        raise NotRead("this response is not text; `fork --reply FILE --raw` replaces it") from None
    note = "no message of a known API: the body is replaced as it stands here"
    return RawDraft("body", "body", body, note)


_EMPTY: dict[str, dict[str, Any]] = {
    "messages": {"content": [{"type": "text", "text": ""}], "stop_reason": "end_turn"},
    "chat": {"role": "assistant", "content": "", "finish_reason": "stop"},
}
_FIRST = ("id", "type", "role", "model", "content", "stop_reason")


def _worth_editing(message: dict[str, Any]) -> dict[str, Any]:
    """The message with what people edit at its head."""
    head = {key: message[key] for key in _FIRST if key in message}
    return head | message


def _blocks(message: Mapping[str, Any]) -> Iterator[Field]:
    content = message.get("content")
    if isinstance(content, str):
        yield _field(("content",), "text", "text", content)
    for index, block in enumerate(content if isinstance(content, list) else []):
        yield from _block(("content", index), block if isinstance(block, dict) else {})


def _block(path: Path, block: Mapping[str, Any]) -> Iterator[Field]:
    kind = block.get("type")
    if kind == "text" and isinstance(block.get("text"), str):
        yield _field((*path, "text"), "text", "text", block["text"])
    elif kind in CALLS and isinstance(block.get("name"), str):
        yield _field((*path, "name"), str(kind), "line", block["name"])
        yield _json(path, "input", block.get("input"))
    elif kind == "thinking":
        yield _note(path, "thinking", block.get("thinking") or "(hidden by the provider)")
    else:
        yield _note(path, short(kind or "unknown block", 40), "edit it in the whole message")


def _chat(message: Mapping[str, Any]) -> Iterator[Field]:
    for key in ("reasoning_content", "reasoning"):
        if isinstance(message.get(key), str):
            yield _note((key,), "reasoning", message[key])
    calls = message.get("tool_calls")
    if isinstance(message.get("content"), str):
        yield _field(("content",), "text", "text", message["content"])
    elif message.get("content") is not None:
        yield _note(("content",), "content", "edit it in the whole message")
    if isinstance(message.get("refusal"), str):
        yield _field(("refusal",), "refusal", "text", message["refusal"])
    for index, call in enumerate(calls if isinstance(calls, list) else []):
        function = call.get("function") if isinstance(call, dict) else None
        path: Path = ("tool_calls", index, "function")
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            yield _field((*path, "name"), "tool_call", "line", function["name"])
            yield _arguments(path, function.get("arguments"))
        else:
            yield _note(path, "tool_call", "edit it in the whole message")


def _arguments(path: Path, arguments: Any) -> Field:
    try:
        value = json.loads(arguments)
    except (ValueError, TypeError, RecursionError):
        text = arguments if isinstance(arguments, str) else ""
        return _field((*path, "arguments"), "arguments", "text", text)
    field = _json(path, "arguments", value)
    field.packed = True
    return field


def _json(path: Path, name: str, value: Any) -> Field:
    return _sized((*path, name), name, "json", _value(value), False)


def _field(path: Path, label: str, kind: Kind, text: str) -> Field:
    one_line = kind == "line" and ("\n" in text or "\t" in text)
    quoted = not is_plain(text) or one_line
    shown = escaped(json.dumps(text, ensure_ascii=False)) if quoted else text
    label = f"{label} · as a JSON string" if quoted else label
    return _sized(path, label, kind, shown, quoted)


def _sized(path: Path, label: str, kind: Kind, shown: str, quoted: bool) -> Field:
    if len(shown) > LONGEST:
        words = f"{size(len(shown))}, too long for a form: edit it in the whole message"
        return _note(path, label, words)
    return Field(path, label, kind, shown, shown, quoted)


def _note(path: Path, label: str, text: Any) -> Field:
    words = text if isinstance(text, str) else str(text)
    return Field(path, label, "note", words[:2000], words[:2000])


def _value(value: Any) -> str:
    """A value as it is typed: numbers and JSON as JSON, bytes as hexadecimal."""
    if isinstance(value, bytes):
        return value.hex(" ")
    return escaped(json.dumps(value, ensure_ascii=False, indent=2))


def _loads(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotRead(f"{place} is not JSON: {error.msg}, {where}") from None
    except (ValueError, RecursionError) as error:
        raise NotRead(f"{place} is not JSON: {error}") from None


def _put(value: Any, path: Path, new: Any) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new
