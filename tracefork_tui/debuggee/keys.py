"""Keys and moments that libraries make where no Python call leads to: named where they are made."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .hooks import AfterImport

if TYPE_CHECKING:
    from .machine import Machine

ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"
SYMMETRIC = "cryptography.hazmat.primitives.ciphers.aead"
CURVES = ("Ed25519PrivateKey", "Ed448PrivateKey", "X25519PrivateKey", "X448PrivateKey")
GENERATE, NEW = "generate_private_key", "generate_key"
MADE: dict[str, tuple[tuple[str, str], ...]] = {
    **{f"{ASYMMETRIC}.{name}": (("", GENERATE),) for name in ("rsa", "ec", "dsa")},
    **{
        f"{ASYMMETRIC}.{name.replace('PrivateKey', '').lower()}": ((name, "generate"),)
        for name in CURVES
    },
    SYMMETRIC: tuple(
        (name, NEW) for name in ("AESCCM", "AESGCM", "AESGCMSIV", "AESSIV", "ChaCha20Poly1305")
    ),
    "whenever": (
        *(("Instant", "now"), ("OffsetDateTime", "now"), ("ZonedDateTime", "now")),
        *(("ZonedDateTime", "now_in_system_tz"), ("SystemDateTime", "now")),
        *(("Date", "today"), ("Date", "today_in_system_tz")),
    ),
}
"""By module: the class, "" for the module itself, and what makes one."""


def install(hooks: AfterImport, machine: Machine) -> None:
    for module in MADE:
        hooks.on(module, functools.partial(_name, machine))


def _name(machine: Machine, module: Any) -> None:
    """A library makes a key on the user's behalf too, as one to sign with."""
    for owner, name in MADE[module.__name__]:
        place = getattr(module, owner, None) if owner else module
        if place is not None:
            machine.name(place, name, through=True)
