"""Patching a module right after the agent imports it, without importing it first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable

Patch = Callable[[ModuleType], None]


class AfterImport:
    """A meta path finder that finds nothing itself, and runs patches behind the real loader.

    `failed` is told of a patch that fails, by the module's name: the import goes on.
    """

    def __init__(self, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._patches: dict[str, list[Patch]] = {}
        self._finding: set[str] = set()

    def on(self, name: str, patch: Patch) -> None:
        """Run `patch(module)` when `name` has been imported: now, if it is there already."""
        module = sys.modules.get(name)
        if module is not None and not _initializing(module):
            self._run(patch, module)
        else:
            self._patches.setdefault(name, []).append(patch)

    def _run(self, patch: Patch, module: ModuleType) -> None:
        try:
            patch(module)
        except Exception as error:
            self._failed(module.__name__, error)

    def install(self) -> None:
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._patches or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec = _find(name, path, target, self)
        finally:
            self._finding.discard(name)
        if spec is not None and spec.loader is not None and not isinstance(spec.loader, type):
            self._wrap(spec, name)
        return spec

    def _wrap(self, spec: ModuleSpec, name: str) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            try:
                del loader.exec_module
            except AttributeError:
                pass
            execute(module)
            for patch in self._patches.pop(name, ()):
                self._run(patch, module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            pass


def _find(
    name: str, path: Sequence[str] | None, target: ModuleType | None, skip: AfterImport
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        if finder is skip or not hasattr(finder, "find_spec"):
            continue
        spec: ModuleSpec | None = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


def _initializing(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
