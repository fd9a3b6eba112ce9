"""A response without its secrets, chunk by chunk, also where one is split over several chunks."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from ..tape.redact import Redactor

MOST = 1 << 18
Headers = Sequence[tuple[str, str]]
UNPACKED = ("gzip", "x-gzip", "deflate")
GZIP, EITHER = 31, 47  # zlib's windows: gzip, and gzip or zlib by what it begins with


class Cleaning:
    """Holds chunks back from the tape, never from the agent, while they may end within a secret.

    As many chunks come out as went in; a secret that was split is replaced in the first of its
    own. What a token exchange answers is held until its end, and unpacked to be looked at; where
    it cannot be, it is left out. Where the user has patterns, all that is compressed is held and
    unpacked, and kept as it is where it cannot be.
    """

    def __init__(self, redactor: Redactor, url: str, headers: Headers = ()) -> None:
        self._redactor = redactor
        self._url = url
        self._encoding = _encoding(headers)
        self._packed = self._encoding not in ("", "identity")
        self._token = redactor.exchanges_token(url)
        self._whole = self._token or (bool(redactor.patterns) and self._encoding in UNPACKED)
        self._held: list[bytes] = []

    def take(self, chunk: bytes) -> list[bytes]:
        """The chunks that may go on the tape now."""
        held = self._held
        held.append(chunk)
        if sum(map(len, held)) < MOST:
            if self._whole:
                return []
            if self._redactor.begun(chunk if len(held) == 1 else b"".join(held)):
                return []
        return self.rest()

    def rest(self) -> list[bytes]:
        """The chunks that are left."""
        held, self._held = self._held, []
        if self._whole and self._packed:
            return self._unpacked(held)
        if len(held) < 2:
            return [self._clean(chunk) for chunk in held]
        data = b"".join(held)
        whole, done, places = self._clean(data), 0, []
        for end in _ends(held):
            done = next(at for at in range(max(done, end), len(data) + 1) if self._fits(data, at))
            places.append(len(self._clean(data[:done])))
        return [whole[a:b] for a, b in zip([0, *places], places)]

    def _unpacked(self, held: list[bytes]) -> list[bytes]:
        """Compressed chunks: as they were, or all that is left of them in the first."""
        try:
            data = zlib.decompress(b"".join(held), EITHER)
        except zlib.error:
            return [b"" for _ in held] if self._token else held
        clean = self._clean(data)
        if clean == data:
            return held
        window = zlib.MAX_WBITS if self._encoding == "deflate" else GZIP
        packer = zlib.compressobj(wbits=window)
        return [packer.compress(clean) + packer.flush(), *(b"" for _ in held[1:])]

    def _fits(self, data: bytes, at: int) -> bool:
        """True if no secret stands across this place."""
        return self._clean(data[:at]) + self._clean(data[at:]) == self._clean(data)

    def _clean(self, data: bytes) -> bytes:
        return self._redactor.body(self._url, data)


def _encoding(headers: Headers) -> str:
    packed = (value for name, value in headers if name.lower() == "content-encoding")
    return next(packed, "").strip().lower()


def _ends(chunks: list[bytes]) -> list[int]:
    """Where each chunk ends."""
    ends, at = [], 0
    for chunk in chunks:
        at += len(chunk)
        ends.append(at)
    return ends
