"""How long the debugger's prompt has held the run: time that the run must not notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

MOMENT = 0.5

monotonic, real_sleep = time.monotonic, time.sleep


class Held:
    """`open` while a prompt is; `lost`: the seconds that all prompts took."""

    open = False
    lost = 0.0
    _until = 0.0

    def now(self) -> bool:
        """True while a prompt is open, and a moment longer: nobody else can make progress."""
        return self.open or monotonic() < self._until

    @contextmanager
    def hold(self) -> Iterator[None]:
        self.open, since = True, monotonic()
        try:
            yield
        finally:
            self.open = False
            self.lost += monotonic() - since
            self._until = monotonic() + MOMENT


held = Held()
