"""Files that libraries open in C, of which Python is told nothing: told for them, as open would."""

from __future__ import annotations

import functools
import os
import re
import sys
from typing import Any, Callable

from .hooks import AfterImport
from .session import Session
from .standin import stand_in

Way = Callable[[str], None]


def _reads(path: str) -> None:
    sys.audit("open", path, "r", os.O_RDONLY)


def _writes(path: str) -> None:
    sys.audit("open", path, "w", os.O_WRONLY)


def _opens(path: str) -> None:
    sys.audit("sqlite3.connect", path)


TABLES = r"(?:parquet|orc|hdf)$"
WAYS: dict[str, tuple[tuple[str, str, Way], ...]] = {
    "pandas": (("", f"read_{TABLES}", _reads), ("DataFrame", f"to_{TABLES}", _writes)),
    "polars": (
        ("", r"(?:read|scan)_", _reads),
        ("DataFrame", r"write_", _writes),
        ("LazyFrame", r"sink_", _writes),
    ),
    "pyarrow.parquet": (("", r"read_table$", _reads), ("", r"write_table$", _writes)),
    "duckdb": (("", r"connect$", _opens), ("", r"read_", _reads)),
    "lmdb": (("", r"open$", _opens),),
    "h5py": (("File", r"__init__$", _opens),),
    "chromadb": (("", r"PersistentClient$", _opens),),
    "lancedb": (("", r"connect$", _opens),),
    "faiss": (("", r"read_index$", _reads), ("", r"write_index$", _writes)),
    "cv2": (("", r"imread$", _reads), ("", r"imwrite$", _writes)),
    "soundfile": (("", r"read$", _reads), ("", r"write$", _writes)),
    "torch": (("", r"save$", _writes),),
    "safetensors.torch": (("", r"load_file$", _reads), ("", r"save_file$", _writes)),
}
"""By module: a class, "" for the module itself, which of its functions, and what they do."""
NAMES = ("path", "file", "where", "source", "database", "name", "filename", "f", "uri")
"""What the argument that is a path is called."""
SQL = ("sql", "query", "execute")
"""Of duckdb: what they are given may name any file."""


def install(session: Session, hooks: AfterImport) -> None:
    for name in WAYS:
        hooks.on(name, _patch)
    hooks.on("duckdb", functools.partial(_name_sql, session))


def _patch(module: Any) -> None:
    for owner, pattern, way in WAYS[module.__name__]:
        place = getattr(module, owner, None) if owner else module
        for name in [name for name in vars(place or object) if re.match(pattern, name)]:
            real = getattr(place, name)
            if place is not None and callable(real):
                setattr(place, name, stand_in(_telling(real, way), real))


def _telling(real: Callable[..., Any], way: Way) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        given = (*args[:2], *(kwargs[name] for name in NAMES if name in kwargs))
        path = next((one for one in given if isinstance(one, (str, os.PathLike))), None)
        if path is not None and "://" not in str(path):
            way(os.fspath(path))
        return real(*args, **kwargs)

    return call


def _name_sql(session: Session, module: Any) -> None:
    def naming(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            site = session.callers.site(sys._getframe(1))
            what = "duckdb reads and writes in C what its SQL names"
            if site:
                session.note("machine", {"what": what, "site": site}, once=(what, *site[:1]))
            return real(*args, **kwargs)

        return call

    for name in SQL:
        real = getattr(module, name, None)
        if real is not None:
            setattr(module, name, stand_in(naming(real), real))
