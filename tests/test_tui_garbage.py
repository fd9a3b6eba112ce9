"""Garbage is looked for while nobody types."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest
from tui_app import app_of
from tui_tapes import refund_run

from tracefork_tui.tui import app as app_module


def test_not_while_somebody_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    looked: list[int] = []
    young = [app_module.FEW_YOUNG + 1]
    monkeypatch.setattr(gc, "collect", lambda: looked.append(1))
    monkeypatch.setattr(gc, "get_count", lambda: (0, young[0], 0))
    app._typed = time.monotonic() + 3600
    app._collect()
    assert not looked
    app._typed = time.monotonic() - 2 * app_module.IDLE
    app._collect()
    assert looked
    young[0] = 0
    app._collect()
    assert len(looked) == 1
