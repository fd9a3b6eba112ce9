"""What a fault is: its name, its parameters, where it applies and what the agent sees of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tracefork_tui.tape.steps import Draw, Step

from .recorded import Recorded

Params = Mapping[str, Any]
ParamType = Literal["int", "number", "text", "json"]
RETRIES = 2
"""How often the SDKs retry by default."""


class FaultError(ValueError):
    """A fault that does not exist, is written wrongly or does not apply; one line."""


@dataclass(frozen=True)
class Param:
    """A parameter. `default` None: left out where it is not given. `least`: smallest number."""

    name: str
    type: ParamType
    default: Any = None
    required: bool = False
    help: str = ""
    least: float | None = None


TIMES = Param("times", "int", 1, help="how many attempts meet the fault", least=1)


@dataclass(frozen=True)
class Sight:
    """What an agent sees, and whether its SDK hides that behind retries."""

    text: str
    retried: bool = False

    def of(self, times: int) -> str:
        """The text for so many faulted attempts; 0 for any number."""
        if not self.retried or times > RETRIES:
            return self.text
        if times == 0:
            return f"{self.text} with times={RETRIES + 1}, below that the SDK's retry hides it"
        return (
            "the SDK retries and gets the recorded reply; "
            f"with times={RETRIES + 1} it raises {self.text}"
        )


@dataclass(frozen=True)
class Sights:
    """What is seen through the Anthropic SDK, and where it differs: of a stream, through the
    OpenAI SDK, and through a bare HTTP library.
    """

    message: Sight
    stream: Sight | None = None
    openai: Sight | None = None
    openai_stream: Sight | None = None
    http: Sight | None = None

    def on(self, api: str, streamed: bool) -> Sight:
        """The sight through the API's own SDK."""
        if api == "messages":
            differing = [self.stream] if streamed else []
        elif api in ("chat", "responses"):
            differing = [self.openai_stream, self.openai] if streamed else [self.openai]
        else:
            differing = [self.http]
        return next(filter(None, differing), self.message)


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue.

    `needs` give the reason why a subject (a `Recorded` or a `Draw`) is refused, or None; `make`
    turns subject and parameters into an Answer or a draw's value, or raises FaultError.
    """

    name: str
    on: Literal["exchange", "draw"]
    summary: str
    sights: Sights = field(repr=False)
    make: Callable[[Any, Params], Any] = field(repr=False)
    params: tuple[Param, ...] = ()
    needs: tuple[Callable[[Any], str | None], ...] = field(default=(), repr=False)

    @property
    def sees(self) -> str:
        """What an agent on the Anthropic SDK sees, in a line."""
        message, stream = self.sights.message.of(0), self.sights.stream
        return f"{message}; on a stream: {stream.of(0)}" if stream else message

    def sees_on(self, step: Step, times: int = 0) -> str:
        """What the agent sees at this step when `times` attempts meet the fault."""
        if isinstance(step, Draw):
            return self.sights.message.of(times)
        recorded = Recorded(step)
        return self.sights.on(recorded.api, recorded.streamed).of(times)


@dataclass(frozen=True)
class Spec:
    """A fault with its parameters, defaults filled in, and how many attempts meet it."""

    fault: Fault
    params: Params = field(default_factory=dict, hash=False)
    times: int = 1

    def sees_on(self, step: Step) -> str:
        """What the agent sees of it at this step."""
        return self.fault.sees_on(step, self.times)


def shown(text: str) -> str:
    """A name from a tape or a command line, fit for a one-line message."""
    plain = repr(text)[1:-1]
    return plain if len(plain) <= 40 else f"{plain[:39]}…"
