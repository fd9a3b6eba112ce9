"""Runs first in the agent's interpreter: loads the debuggee under a private name, then steps
aside, so that the agent sees the environment and the path that it would see without us.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def _restore_environment() -> str | None:
    plan = os.environ.pop("TRACEFORK_PLAN", None)
    for name in ("PYTHONPATH", "PYTHONHASHSEED"):
        kept = os.environ.pop("TRACEFORK_" + name, None)
        if kept is not None:
            os.environ[name] = kept
        elif plan is not None:
            os.environ.pop(name, None)
    return plan


def _load(home: str) -> Any:
    import types

    package = types.ModuleType("_tracefork")
    package.__path__ = [home]
    sys.modules["_tracefork"] = package
    from _tracefork.debuggee.start import start  # type: ignore[import-not-found]

    return start


def _begin() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != here]
    sys.path_importer_cache.pop(here, None)
    plan = _restore_environment()
    if plan:
        try:
            _load(os.path.dirname(os.path.dirname(here)))(plan)
        except Exception as error:
            sys.stderr.write(f"tracefork-tui: the recorder cannot start here: {error!r}\n")
            os._exit(2)
    ours = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")  # the next one on the path
    finally:
        sys.modules.setdefault("sitecustomize", ours)


_begin()
