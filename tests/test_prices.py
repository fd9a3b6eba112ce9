"""Prices are those of genai-prices, though most of what it imports is left out."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRICES = """
from genai_prices.data import providers
from tracefork_tui.wire import cost
from tracefork_tui.wire.model import Usage

usage = Usage(input_tokens=300_000, output_tokens=5_000, cache_read_tokens=100_000)
for provider in providers:
    for model in provider.models:
        print(provider.id, model.id, cost(model.id, usage, provider.id))
"""
WITHOUT = f"from tracefork_tui.wire.prices import _table; _table(); {'import sys'}{PRICES}"


def printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_all_prices_are_what_they_are_with_all_imports() -> None:
    left_out = "print('pydantic' in sys.modules, 'httpx2' in sys.modules)"
    *found, last = printed(f"{WITHOUT}\n{left_out}")
    assert last == "False False"
    assert found == printed(f"import pydantic, httpx2{PRICES}")
    assert len([line for line in found if not line.endswith(" None")]) > 100


@pytest.mark.parametrize("missing", ["TypeAdapter", "Tag"])
def test_a_release_that_uses_more_of_them_is_imported_with_them(missing: str) -> None:
    less = "import tracefork_tui.wire.prices as prices; prices.UNUSED['pydantic'] = "
    known = ("ConfigDict", "Discriminator", "Field", "Tag", "TypeAdapter")
    code = f"{less}{tuple(name for name in known if name != missing)!r}; import sys"
    use = "from tracefork_tui.wire.model import Usage; usage = Usage(10, 5)"
    asked = "prices.cost('claude-opus-4-8', usage, 'anthropic') is not None"
    assert printed(f"{code}\n{use}\nprint({asked}, 'pydantic' in sys.modules)") == ["True True"]
