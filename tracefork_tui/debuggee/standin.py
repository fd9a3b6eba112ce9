"""Functions of ours in the place of others."""

from __future__ import annotations

import os
import sys
from types import FunctionType, ModuleType
from typing import Any


def like(function: Any, real: Any) -> None:
    """Give a function the name, description and attributes of what it stands for."""
    vars(function).update(getattr(real, "__dict__", {}))
    function.__wrapped__ = real
    function.__name__ = getattr(real, "__name__", "")
    function.__qualname__ = getattr(real, "__qualname__", function.__name__)
    function.__module__ = getattr(real, "__module__", None)
    function.__doc__ = real.__doc__


def replace(module: ModuleType, package: str, function: Any, real: Any) -> None:
    """Put a function in the place of another, in its module and in the package that has it too."""
    like(function, real)
    name = str(real.__name__)
    for place in (module, sys.modules.get(package)):
        if getattr(place, name, None) is real:
            setattr(place, name, function)


def stand_in(function: Any, real: Any) -> Any:
    """What to put in the place of `real`: it calls `function`.

    In a class (`converter = time.localtime`) it becomes a method only if `real` would.
    """
    if isinstance(real, FunctionType):
        like(function, real)
        return function
    made = type("builtin_function_or_method", (_StandIn,), {"__call__": staticmethod(function)})()
    like(made, real)
    if made.__module__ == "posix":
        made.__module__ = "os"
        _as_able(made, real)
    return made


def _as_able(made: Any, real: Any) -> None:
    """What `real` can take, a descriptor in the place of a path say: shutil asks."""
    for name in ("supports_dir_fd", "supports_fd", "supports_follow_symlinks"):
        able: set[Any] = getattr(os, name, set())
        if real in able:
            able.add(made)


class _StandIn:
    """Callable, pickled by its name, and no descriptor: as the functions of C modules are."""

    __module__: str

    __name__: str

    def __reduce__(self) -> str:
        return self.__name__

    def __repr__(self) -> str:
        return f"<built-in function {self.__name__}>"
