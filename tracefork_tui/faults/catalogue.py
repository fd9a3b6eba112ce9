"""All faults, in the order in which they are shown."""

from __future__ import annotations

from . import draws, failures, messages, transport
from .model import Fault

_ALL = (*failures.FAULTS, *transport.FAULTS, *messages.FAULTS, *draws.FAULTS)
BY_NAME = {fault.name: fault for fault in _ALL}


def catalogue() -> tuple[Fault, ...]:
    """Every fault there is."""
    return _ALL
