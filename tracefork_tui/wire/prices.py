"""What an exchange costs, from the price table that genai-prices ships. Nothing is fetched."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from .model import Usage

if TYPE_CHECKING:
    from decimal import Decimal

CLIENT = "httpx2"
"""What genai-prices imports to fetch newer prices, which we never ask it to: 8 MB."""


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
    """genai_prices, imported without its HTTP client."""
    stands_in = CLIENT not in sys.modules
    if stands_in:
        sys.modules[CLIENT] = ModuleType(CLIENT)
    try:
        import genai_prices
    finally:
        if stands_in:
            del sys.modules[CLIENT]
    return genai_prices
