"""What the steps of a tape mean, and the hashes over it: see chain.py and FORMAT.md.

What the index says of a step is held against the step as it is read; the chain over the index is
had without reading any.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

from . import chain, decode, records
from .errors import TapeError
from .index import MEANING, PROOF
from .indexed import Indexed
from .recorded import Recorded
from .urls import canonical_url

COMPLETED = (*records.DRAW_KINDS, records.END)


class Proven(Recorded):
    """A tape's records and the hashes of what they mean."""

    def __init__(self, path: str | os.PathLike[str], like: Indexed | None = None) -> None:
        self._chain = bytearray(chain.START)
        self._linked = 0
        self._proven: set[int] = set()
        super().__init__(path, like)

    def refresh(self) -> bool:
        place = len(self.index.owners)
        changed = super().refresh()
        self._unlink(min(set(self.index.owners[place:]) - {0}, default=0))
        return changed

    @property
    def fingerprint(self) -> str:
        """The chain over all steps, hex."""
        return self.fingerprint_at(len(self.index.first))

    @property
    def order(self) -> str:
        """The hash of the order in which the steps were completed, hex."""
        value, first, last = chain.START, 0, 0
        counts = iter(self.index.counts)
        for n, kind in zip(self.index.owners, self.index.kinds):
            if kind not in COMPLETED:
                continue
            count = next(counts) if kind == records.DRAWS else 1
            if not first or n != last + 1:
                value = chain.order_link(value, first, last) if first else value
                first = n
            last = n + count - 1
        return (chain.order_link(value, first, last) if first else value).hex()

    def fingerprint_at(self, n: int) -> str:
        """The chain up to step `n` (0: the start), hex."""
        if n < 1:
            return chain.START.hex()
        run = self.index.run_of(n)
        whole = run is None or n == run[0] + run[1] - 1
        entries = self.index.entry(n) + whole
        self._link(entries)
        value = bytes(self._chain[entries * MEANING : (entries + 1) * MEANING])
        if run is not None and not whole:
            value = chain.chain(map(self.computed_meaning, range(run[0], n + 1)), value)
        return value.hex()

    def _link(self, entries: int) -> None:
        """Have the chain over so many single steps and runs."""
        value = bytes(self._chain[-MEANING:])
        plain = self.sealed and not self.index.counts
        while len(self._chain) <= entries * MEANING:
            n = self._linked + 1
            run = None if plain else self.index.run_of(n)
            if plain:
                value = chain.link(value, self._meanings.item(n - 1, MEANING))
            elif run is None:
                value = chain.link(value, self.meaning(n))
            elif self.sealed:
                value = self.claimed_proof(run)[MEANING:]
            else:
                value = self.proof(run, value)[MEANING:]
            self._linked = n if run is None else n + run[1] - 1
            self._chain += value

    def claimed_proof(self, run: tuple[int, int, int]) -> bytes:
        """What the index says of a run of draws: see FORMAT.md."""
        return self._proofs.item(run[2], PROOF)

    def proof(self, run: tuple[int, int, int], before: bytes) -> bytes:
        """The same, made from its record; `before`: the chain before its first step."""
        meanings = self._meanings_of(run)
        return sha256(b"".join(meanings)).digest() + chain.chain(meanings, before)

    def _meanings_of(self, run: tuple[int, int, int]) -> list[bytes]:
        start, count, _ = run
        steps = range(start, start + count)
        try:
            if self.index.alone_in(run):
                return decode.meanings(self, self.run(start), steps)
        except (ValueError, TapeError):
            pass
        return [self.computed_meaning(n) for n in steps]

    def meaning(self, n: int) -> bytes:
        """The hash of what step `n` means; zeros where it is missing or cannot be read."""
        if self.sealed and 1 <= n <= len(self.index.first) and self.index.run_of(n) is None:
            return self._meanings.item(self.index.single(n), MEANING)
        return self.computed_meaning(n)

    def computed_meaning(self, n: int) -> bytes:
        """The same, made from the records whatever the index says."""
        if self.index.start_of(n) < 0:
            return bytes(MEANING)
        try:
            return decode.meaning(self, self._found(n))
        except (ValueError, TapeError):
            return bytes(MEANING)

    def canonical_url(self, url: str) -> str:
        """The URL as it enters the fingerprint. Raises ValueError for what is none."""
        origins = self.header.get("origins")
        return canonical_url(url, origins if isinstance(origins, dict) else {})

    def _unlink(self, n: int) -> None:
        """Forget the chain from step `n` on."""
        if 0 < n <= self._linked:
            del self._chain[(self.index.entry(n) + 1) * MEANING :]
            self._linked = n - 1

    def _prove(self, n: int, found: list[list[Any]], asked: decode.Asked | None = None) -> None:
        """Raises ValueError where a step is not the one that was closed. `asked`: see decode."""
        run = self.index.run_of(n) if self.sealed else None
        if run is not None and run[0] not in self._proven:
            if self.proof(run, b"")[:MEANING] != self.claimed_proof(run)[:MEANING]:
                raise ValueError("its run of draws is not the one that was closed")
            self._proven.add(run[0])
        if self.sealed and run is None and decode.meaning(self, found, asked) != self.meaning(n):
            raise ValueError("it is not the one that the fingerprint was made from")
        if found[-1][0] == records.END:
            digest = sha256()
            for record in found:
                if record[0] == records.CHUNK:
                    digest.update(record[3])
            if digest.digest() != found[-1][5]:
                raise ValueError("its response is not as recorded")
