"""When things happened, as far as the tape knows: an imported one may lack times."""

from __future__ import annotations

from ..tape.steps import Exchange, Step
from .look import Damaged, Reader
from .units import since

START_TIMES = "start times"
DURATIONS = "durations"
FIRST_BYTE = "time to first byte"
CHUNKS = "chunk boundaries"


def begun(reader: Reader, step: Step) -> float | None:
    """Seconds from the start of the run to a step."""
    return None if START_TIMES in reader.lacks else step.at


def moment(reader: Reader, at: float) -> str:
    """A moment of the run in words, "" where the tape has no times."""
    return "" if START_TIMES in reader.lacks else since(at)


def when(reader: Reader, n: int) -> str:
    """When step `n` began, in words; "" where that is not known."""
    step = reader.step(n)
    return "" if isinstance(step, Damaged) else moment(reader, step.at)


def took(reader: Reader, step: Exchange) -> float | None:
    """Seconds from the request to the end of what came back."""
    return None if DURATIONS in reader.lacks else step.duration


def to_head(reader: Reader, step: Exchange) -> float | None:
    """Seconds from the request to the head of the response."""
    if FIRST_BYTE in reader.lacks or step.first_at is None:
        return None
    return step.first_at - step.at


def to_chunk(reader: Reader, step: Exchange, index: int) -> float | None:
    """Seconds from the request to a chunk of the response's body."""
    chunks = step.response.chunks if step.response else []
    if reader.lacks & {CHUNKS, FIRST_BYTE, DURATIONS} or not 0 <= index < len(chunks):
        return None
    return chunks[index].at - step.at
