"""Recorded equals bare, and replayed equals recorded, in every cell of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix.cells import LIBRARIES, MODES, cells, faults


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_matrix(library: str, mode: str, tmp_path: Path) -> None:
    assert faults(library, mode, tmp_path) == {}


def test_the_published_size() -> None:
    assert sum(len(cells(mode)) for mode in MODES) * len(LIBRARIES) == 288
