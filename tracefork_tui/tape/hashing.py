"""SHA-256. OpenSSL's is fast and takes milliseconds to load: until somebody does, Python's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_OWN = "_sha2" if sys.version_info >= (3, 12) else "_sha256"


def sha256(data: bytes | memoryview = b"") -> Hash:
    made: Hash = _home().sha256(data)
    return made


def _home() -> Any:
    if "hashlib" not in sys.modules:
        try:
            return __import__(_OWN)
        except ImportError:
            pass
    return __import__("hashlib")
