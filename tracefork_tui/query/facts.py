"""What an expression can ask of one step; each answer is read from the tape when it is asked for.

The number and the kind cost nothing; what the request's record holds (time, site, URL) costs one
record; the answer's fields cost the step; bodies are decoded for nothing else than their parts.
"""

from __future__ import annotations

import base64
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..tape import records
from ..tape.errors import TapeError
from ..tape.index import NOWHERE
from ..tape.steps import Draw, Exchange, Headers
from .sources import source_of

if TYPE_CHECKING:
    from ..tape.reader import Tape
    from ..tape.steps import Step
    from ..wire import Reply, Usage

SECOND = 1e6
START_TIMES, DURATIONS, FIRST_BYTE = "start times", "durations", "time to first byte"


class Head(NamedTuple):
    """What the first record of a step holds: of an exchange its method and URL, of a draw the
    name, type and value."""

    at: float
    task: str
    stack: list[str]
    provenance: str
    method: str | None = None
    url: str | None = None
    name: str | None = None
    value_type: str | None = None
    value: Any = None
    given: Any = None


class Facts:
    """The fields of step `n`, by their names in an expression; None for what it does not have.

    Never raises for what a damaged tape holds. Not for two threads at once.
    """

    def __init__(self, tape: Tape, n: int, step: Step | None = None) -> None:
        self.tape = tape
        self.n = n
        if step is not None:
            self.step = step

    # What the index knows

    @property
    def kind(self) -> str:
        index = self.tape.index
        place = index.first[self.n - 1] if 1 <= self.n <= len(index.first) else NOWHERE
        if place >= len(index.kinds):
            return "damaged"
        return "draw" if index.kinds[place] in records.DRAW_KINDS else "exchange"

    # What the first record holds

    @cached_property
    def head(self) -> Head | None:
        if "step" in self.__dict__:
            return _head_of(self.step)
        try:
            return _head(self.tape, self.tape.head_of(self.n))
        except (TapeError, IndexError, TypeError):
            return None

    @property
    def at(self) -> float | None:
        return self.head.at if self.head and START_TIMES not in self._lacks else None

    @property
    def task(self) -> str | None:
        return self.head.task if self.head else None

    @property
    def stack(self) -> list[str] | None:
        return self.head.stack if self.head else None

    @property
    def site(self) -> str | None:
        return self.stack[0] if self.stack else None

    @property
    def provenance(self) -> str | None:
        return self.head.provenance if self.head else None

    @property
    def method(self) -> str | None:
        return self.head.method if self.head else None

    @property
    def url(self) -> str | None:
        return self.head.url if self.head else None

    @property
    def host(self) -> str | None:
        try:
            return urlsplit(self.url or "").hostname
        except ValueError:
            return None

    # What the step holds

    @cached_property
    def step(self) -> Step | None:
        try:
            return self.tape.step(self.n)
        except TapeError:
            return None

    @property
    def exchange(self) -> Exchange | None:
        if self.kind != "exchange":
            return None
        return self.step if isinstance(self.step, Exchange) else None

    @property
    def status(self) -> int | None:
        response = self.exchange.response if self.exchange else None
        return response.status if response else None

    @property
    def error(self) -> str | None:
        return str(self.exchange.error) if self.exchange and self.exchange.error else None

    @property
    def ended(self) -> str | None:
        return self.exchange.ended if self.exchange else None

    @property
    def failed(self) -> bool | None:
        if self.exchange is None:
            return None
        failed = self.error is not None or (self.status or 0) >= 400
        return failed or bool(self.reply and self.reply.error)

    @property
    def duration(self) -> float | None:
        if self.exchange is None or self._lacks & {START_TIMES, DURATIONS}:
            return None
        return self.exchange.duration

    @property
    def wait(self) -> float | None:
        step = self.exchange
        if step is None or step.first_at is None or self._lacks:
            return None
        return step.first_at - step.at

    @property
    def label(self) -> str | None:
        from ..wire import label_of

        return label_of(self.step) if self.step else None

    # What the model said

    @cached_property
    def reply(self) -> Reply | None:
        if self.exchange is None:
            return None
        from ..wire import reply_of

        return reply_of(self.exchange)

    @cached_property
    def model(self) -> str | None:
        if self.reply and self.reply.model:
            return self.reply.model
        if self.exchange is None:
            return None
        from ..wire import conversation_of

        asked = conversation_of(self.exchange)
        return asked.model or None if asked else None

    @property
    def provider(self) -> str | None:
        return self.reply.provider if self.reply else None

    @property
    def stop_reason(self) -> str | None:
        return self.reply.stop_reason if self.reply else None

    @property
    def text(self) -> str | None:
        return self._said("text", "refusal")

    @property
    def thinking(self) -> str | None:
        return self._said("thinking")

    def _said(self, *kinds: str) -> str | None:
        parts = self.reply.parts if self.reply else ()
        return "\n\n".join(part.text for part in parts if part.kind in kinds and part.text) or None

    @property
    def tools(self) -> list[str] | None:
        if self.reply is None:
            return None
        return [part.name for part in self.reply.parts if part.kind in CALLS]

    @property
    def tool(self) -> list[str]:
        return self.tools or []

    @property
    def arguments(self) -> list[Any]:
        parts = self.reply.parts if self.reply else ()
        return [part.input for part in parts if part.kind in CALLS]

    @property
    def usage(self) -> Usage | None:
        return self.reply.usage if self.reply else None

    @property
    def input_tokens(self) -> int | None:
        return self.usage.input_tokens if self.usage else None

    @property
    def output_tokens(self) -> int | None:
        return self.usage.output_tokens if self.usage else None

    @property
    def cache_read_tokens(self) -> int | None:
        return self.usage.cache_read_tokens if self.usage else None

    @property
    def cache_write_tokens(self) -> int | None:
        return self.usage.cache_write_tokens if self.usage else None

    @property
    def context_tokens(self) -> int | None:
        return self.usage.context_tokens if self.usage else None

    @property
    def cost(self) -> float | None:
        said = self.reply
        return price(said.model, said.usage, said.provider) if said else None

    # Messages by path

    @property
    def stream(self) -> bool | None:
        response = self.exchange.response if self.exchange else None
        if response is None:
            return None
        return "text/event-stream" in (response.header("content-type") or "").lower()

    @property
    def request(self) -> Any:
        return self.request_part("body")

    @property
    def response(self) -> Any:
        return self.response_part("body")

    def request_part(self, name: str) -> Any:
        """One of MESSAGE_PARTS of the request."""
        if name in ("method", "url"):
            return getattr(self, name)
        if self.exchange is None:
            return None
        request = self.exchange.request
        return {"headers": self._request_headers, "size": request.size}.get(
            name, self._request_body if name == "body" else None
        )

    def request_member(self, key: str, index: int | None) -> Any:
        """A member of the request's JSON, or an item of that list; nothing else is decoded."""
        if self.exchange is None:
            return None
        from .bodies import request_bytes
        from .outline import outline_of

        try:
            return outline_of(self.tape).part(request_bytes(self.exchange), key, index)
        except TapeError:
            return None

    def response_part(self, name: str) -> Any:
        """One of MESSAGE_PARTS of the response."""
        response = self.exchange.response if self.exchange else None
        if response is None:
            return None
        if name == "headers":
            return self._response_headers
        if name == "body":
            return self._response_body
        if name == "size":
            return sum(len(chunk.data) for chunk in response.chunks)
        return getattr(response, name)

    @cached_property
    def _request_headers(self) -> dict[str, str]:
        return headers(self.exchange.request.headers) if self.exchange else {}

    @cached_property
    def _response_headers(self) -> dict[str, str]:
        response = self.exchange.response if self.exchange else None
        return headers(response.headers) if response else {}

    @cached_property
    def _request_body(self) -> Any:
        from .bodies import request_value

        try:
            return request_value(self.exchange) if self.exchange else None
        except TapeError:
            return None

    @cached_property
    def _response_body(self) -> Any:
        from .bodies import response_value

        return response_value(self.exchange) if self.exchange else None

    # Draws

    @property
    def name(self) -> str | None:
        return self.head.name if self.head else None

    @property
    def names(self) -> list[str]:
        """The draw's name and the source that it stands for."""
        return [self.name, source_of(self.name)] if self.name is not None else []

    @property
    def source(self) -> str | None:
        return source_of(self.name) if self.name is not None else None

    @property
    def given(self) -> Any:
        return plain(self.head.given) if self.head else None

    @property
    def value(self) -> Any:
        return plain(self.head.value) if self.head else None

    @property
    def value_type(self) -> str | None:
        return self.head.value_type if self.head else None

    @property
    def _lacks(self) -> frozenset[str]:
        """What the source of an imported tape did not know."""
        imported = self.tape.header.get("imported")
        known = imported.get("lacks") if isinstance(imported, dict) else None
        return frozenset(map(str, known)) if isinstance(known, list) else frozenset()


CALLS = ("tool_use", "server_tool_use")


def _head(tape: Tape, record: list[Any]) -> Head:
    """A SEND, DRAW or CALL as tape/records.py lays it out."""
    of_all = (
        record[2] / SECOND,
        tape.atom(record[3]),
        list(tape.atom(record[4], list)),
        records.PROVENANCES[record[5]],
    )
    first, second = tape.atom(record[6]), tape.atom(record[7])
    if record[0] == records.SEND:
        return Head(*of_all, method=first, url=second)
    given = record[9] if record[0] == records.CALL else None
    return Head(*of_all, name=first, value_type=second, value=record[-1], given=given)


def _head_of(step: Step | None) -> Head | None:
    if step is None:
        return None
    of_all = step.at, step.task, list(step.call_site), step.provenance
    if isinstance(step, Draw):
        return Head(
            *of_all, name=step.name, value_type=step.type, value=step.value, given=step.given
        )
    return Head(*of_all, method=step.request.method, url=step.request.url)


def headers(pairs: Headers) -> dict[str, str]:
    """Headers by name in lower case; those of one name are joined as HTTP does it."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


@lru_cache(4096)
def price(model: str, usage: Usage, provider: str) -> float | None:
    """The price in US dollars; None where model or token counts are unknown."""
    from ..wire import cost

    found = cost(model, usage, provider)
    return None if found is None else float(found)


def plain(value: Any) -> Any:
    """A draw's value as JSON: bytes become their text, or base64 where they are none."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
