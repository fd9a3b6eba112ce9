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


PICKED = """
import sys
from tracefork_tui.wire import prices
from tracefork_tui.wire.model import Usage

usage = Usage(input_tokens=300_000, output_tokens=5_000, cache_read_tokens=100_000)
ASKED = [
    ("claude-opus-4-8", "anthropic"), ("claude-opus-4-8", "openai"), ("CLAUDE-OPUS-4-8", ""),
    ("gpt-5.2-20251211", "azure"), ("gpt-5.2-20251211", ""), ("gpt-5-mini-2025-08-07", "openai"),
    ("anthropic/claude-sonnet-4-5", "litellm"), ("anthropic/claude-sonnet-4-5", "openrouter"),
    ("gemini-2.5-pro", "google"), ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "aws"),
    ("no-such-model", "anthropic"), ("llama-3.1-8b-instant", "groq"),
]
def cost(asked):
    return str(prices.cost(asked[0], usage, asked[1]))
"""


def test_what_is_picked_from_the_table_has_the_same_prices() -> None:
    alone = """
found = []
for asked in ASKED:
    prices._picked = prices.Picked()
    found.append((cost(asked), prices._picked._whole))
    sys.modules.pop(prices.DATA, None)
    prices._snapshot()._bundled_snapshot.cache_clear()
print([one for one, _ in found])
print([whole for _, whole in found] == [one == "None" for one, _ in found])
"""
    costs, whole_only_for_what_is_unknown = printed(PICKED + alone)
    [known] = printed(f"import genai_prices.data\n{PICKED}\nprint([cost(one) for one in ASKED])")
    assert costs == known
    assert known.count("None") == 2
    assert whole_only_for_what_is_unknown == "True"


def test_of_many_models_the_whole_table_is_kept() -> None:
    many = """
models = ["claude-opus-4-8", "gpt-5-mini", "gemini-2.5-pro", "claude-haiku-4-5", "gpt-5"]
print(all(cost((model, "")) != "None" and prices._picked._whole == (model == models[-1])
          for model in models), prices.DATA in sys.modules)
"""
    assert printed(PICKED + many) == ["True True"]
