"""What an exchange costs, from the price table that genai-prices ships. Nothing is fetched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from .model import Usage

if TYPE_CHECKING:
    from decimal import Decimal

TABLE = "genai_prices"
UNUSED: dict[str, tuple[str, ...]] = {
    "httpx2": (),
    "importlib.metadata": ("version",),
    "pydantic": ("ConfigDict", "Discriminator", "Field", "Tag", "TypeAdapter"),
}
"""What genai-prices imports to fetch newer prices, to check them and to tell its version, which we
never ask it to; and what of that it uses when it is imported. It takes 16 MB."""


def cost(model: str, usage: Usage, provider: str = "") -> Decimal | None:
    """The price in USD, None where the model or its token counts are unknown.

    `provider` is a hint (as in `Reply.provider`): where the model is not found under it, the
    model's name alone decides, so that a local mirror of a known model has that model's price.
    """
    total = usage.context_tokens
    if not model or total is None:
        return None
    genai_prices = _table()
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    try:
        counted = genai_prices.Usage(
            input_tokens=max(total, read + write),
            output_tokens=usage.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=write,
        )
    except (ValueError, TypeError):
        return None
    for hint in dict.fromkeys((provider or None, None)):
        try:
            price = genai_prices.calc_price(counted, model, provider_id=hint).total_price
        except (LookupError, ValueError, TypeError):
            continue
        return cast("Decimal", price)
    return None


@cache
def _table() -> Any:
    """genai_prices, imported without what is not used of it; with that where it cannot be."""
    try:
        with _standing_in():
            return import_module(TABLE)
    except (AttributeError, ImportError):
        for name in [name for name in sys.modules if name.partition(".")[0] == TABLE]:
            del sys.modules[name]
        return import_module(TABLE)


@contextmanager
def _standing_in() -> Iterator[None]:
    """Modules that do nothing in the place of those that are not used."""
    absent = [name for name in UNUSED if name not in sys.modules]
    for name in absent:
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(dict.fromkeys(UNUSED[name], lambda *_, **__: None))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
