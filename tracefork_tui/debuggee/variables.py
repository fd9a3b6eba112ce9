"""Variables of a task or thread that may be set while the collector is at work."""

from __future__ import annotations

import gc
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Variable(Generic[T]):
    """A context variable that no collection interrupts while it is set.

    A collection that begins within `ContextVar.set`, and whose callbacks or finalizers set one as
    well, ends CPython 3.11; and ours are set wherever an agent draws.
    """

    def __init__(self, name: str, default: T) -> None:
        self._variable: ContextVar[T] = ContextVar(name, default=default)
        self.get = self._variable.get

    @property
    def value(self) -> T:
        return self.get()

    @value.setter
    def value(self, value: T) -> None:
        self.set(value)

    def set(self, value: T) -> None:
        if not gc.isenabled():
            self._variable.set(value)
            return
        gc.disable()
        try:
            self._variable.set(value)
        finally:
            gc.enable()


travelling = Variable("travelling", False)
"""True while a library's own transport is at work."""
