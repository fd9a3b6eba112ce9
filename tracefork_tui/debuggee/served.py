"""A small `tracefork_tui` for agents whose environment has none."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..tape.errors import Divergence, TapeError
from . import seams

NAME = "tracefork_tui"


class Served:
    """The last finder and its loader: used only where the agent has no package of that name."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader: Any = self
        return ModuleSpec(name, loader) if name == NAME else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        module.draw, module.drawn = seams.draw, seams.drawn
        module.Divergence, module.TapeError = Divergence, TapeError


def install() -> None:
    sys.meta_path.append(Served())
