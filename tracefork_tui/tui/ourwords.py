"""The words of our own that views put beside what was recorded."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType

PACKAGES = ("tui.views", "wire")
MODULES = ("tui.document", "tui.look", "tui.rows", "tui.text", "tui.times", "tui.units")
OF_JSON = "null true false nan infinity none"
"""What libraries write for us."""


@cache
def our_words() -> str:
    """Every text in the code that makes views, in lower case: what a page says and the tape does
    not is in there, word by word."""
    root = __package__.rpartition(".")[0]
    modules = [importlib.import_module(f"{root}.{name}") for name in (*PACKAGES, *MODULES)]
    for package in modules[: len(PACKAGES)]:
        names = [found.name for found in pkgutil.iter_modules(package.__path__)]
        modules += [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return " ".join([OF_JSON, *(text for module in modules for text in _said(module))]).lower()


def _said(module: ModuleType) -> Iterator[str]:
    """The texts in a module's code and tables, without its documentation."""
    waiting: list[object] = [one for name, one in vars(module).items() if not name.startswith("__")]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, (tuple, list, set, frozenset)):
            waiting += one
        elif isinstance(one, dict):
            waiting += (*one.keys(), *one.values())
        elif isinstance(one, CodeType):
            waiting += one.co_consts
        elif isinstance(one, FunctionType) and one.__module__ == module.__name__:
            waiting += [const for const in one.__code__.co_consts if const != one.__doc__]
            waiting += [one.__defaults__, one.__kwdefaults__]
        elif isinstance(one, type) and one.__module__ == module.__name__:
            waiting += [of for name, of in vars(one).items() if not name.startswith("__")]
        elif isinstance(one, property):
            waiting.append(one.fget)
        elif hasattr(one, "__wrapped__"):
            waiting.append(one.__wrapped__)
