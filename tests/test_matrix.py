"""Recorded equals bare, and replayed equals recorded, in every cell of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix.cells import LIBRARIES, MODES, cells, run


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_matrix(library: str, mode: str, tmp_path: Path) -> None:
    group = run(library, mode, tmp_path)
    wrong = {cell: verdict for cell in cells(mode) if (verdict := group.verdict(cell))}
    assert wrong == {}
    assert group.codes == (0, 0, 0)
    assert group.receipt["proven"]
    assert group.receipt["unproven"] == []


def test_the_published_size() -> None:
    assert sum(len(cells(mode)) for mode in MODES) * len(LIBRARIES) == 288
