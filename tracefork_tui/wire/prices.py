"""What an exchange costs, from the price table that genai-prices ships. Nothing is fetched.

The table tells of thousands of models, a tape has one or two: only theirs are kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from .model import Usage

if TYPE_CHECKING:
    from decimal import Decimal

TABLE = "genai_prices"
DATA = f"{TABLE}.data"
UNUSED: dict[str, tuple[str, ...]] = {
    "httpx2": (),
    "importlib.metadata": ("version",),
    "pydantic": ("ConfigDict", "Discriminator", "Field", "Tag", "TypeAdapter"),
}
"""What genai-prices imports to fetch newer prices, to check them and to tell its version, which we
never ask it to; and what of that it uses when it is imported. It takes 16 MB."""

COMPACT_DATE = re.compile(r"-(20\d\d)([01]\d)([0-3]\d)(?=-|:|$)")
FEW = 4
"""The most models that are picked from the table; reading it again for each takes 30 ms."""


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
    _picked.want(model)
    price = _price(genai_prices, counted, model, provider)
    if price is None and _picked.take_all():
        price = _price(genai_prices, counted, model, provider)
    return price


def _price(genai_prices: Any, counted: Any, model: str, provider: str) -> Decimal | None:
    for hint in dict.fromkeys((provider or None, None)):
        try:
            price = genai_prices.calc_price(counted, model, provider_id=hint).total_price
        except (LookupError, ValueError, TypeError):
            continue
        return cast("Decimal", price)
    return None


class Picked:
    """The part of the table that prices are looked up in."""

    def __init__(self) -> None:
        self._models: list[str] = []
        self._whole = False
        self._lock = Lock()

    def want(self, model: str) -> None:
        """Have the part hold all that the table may say of a model."""
        with self._lock:
            if self._whole or model in self._models:
                return
            self._models.append(model)
            if len(self._models) <= FEW:
                with suppress(Exception):  # a table of another make is taken whole
                    _snapshot().set_custom_snapshot(_part(self._models))
                    return
        self.take_all()

    def take_all(self) -> bool:
        """Look up in the whole table from here on; False where that was so."""
        with self._lock:
            was, self._whole = self._whole, True
            if not was:
                _snapshot().set_custom_snapshot(None)
            return not was


_picked = Picked()


def _snapshot() -> Any:
    return import_module(f"{TABLE}.data_snapshot")


def _part(models: list[str]) -> Any:
    """The table without the models that have none of these names: each is made and let go."""
    if DATA in sys.modules:
        return None
    types: Any = import_module(f"{TABLE}.types")
    made, names = types.ModelInfo, [name for model in models for name in _spelled(model)]

    def known(*, match: Any, **more: Any) -> Any:
        return made(match=match, **more) if any(map(match.is_match, names)) else None

    try:
        types.ModelInfo = known
        providers = import_module(DATA).providers
    finally:
        types.ModelInfo = made
        sys.modules.pop(DATA, None)
        vars(import_module(TABLE)).pop("data", None)
    for provider in providers:
        provider.models = [model for model in provider.models if model is not None]
    return _snapshot().DataSnapshot(providers=providers, from_auto_update=False)


def _spelled(model: str) -> set[str]:
    """The names by which genai-prices looks for a model: also without the provider that comes
    first, and with its date in the other form.
    """
    names = {model, model.partition("/")[2] or model}
    return names | {COMPACT_DATE.sub(r"-\1-\2-\3", name) for name in names}


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
